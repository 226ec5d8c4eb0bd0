"""Each operation as it ends in 销售易, and what it does when it says no or says nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crm_bridge import AccountId, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import RemoteCrm
from tests.crm_bridge.xiaoshouyi.conftest import CHENJING, ZHANGSAN
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.xiaoshouyi import FakeXiaoshouyi, Refused

X200 = {"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}
TRAINING = {"product": "X200 输液泵", "quantity": 1, "unit_price": "500.5"}
NEW_YEAR = 1798646400000
WRITES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "opportunity.create": (
        {"title": "X200 50台", "product": "X200", "quantity": 50, "amount": "893000.50", "stage": "报价", "close_date": "2026-12-31"},
        "opportunity",
        {
            "opportunityName": "X200 50台", "saleStageId": 4, "money": 893000.5, "closeDate": NEW_YEAR, "comment": "产品:X200\n数量:50",
            "ownerId": ZHANGSAN, "dimDepart": 9, "copilotKey__c": "k",
        },
    ),
    "quote.draft": (
        {"title": "X200 50台", "lines": [X200, TRAINING], "valid_until": "2026-12-31"},
        "quote",
        {"quoteName": "X200 50台", "amount": 893500.5, "validDate": NEW_YEAR, "ownerId": ZHANGSAN, "copilotKey__c": "k"},
    ),
    "ticket.create": (
        {"title": "E03 停机", "severity": "紧急", "description": "泵不转", "alarm": "E03"},
        "serviceCase",
        {"name": "E03 停机", "priority": 3, "description": "描述:泵不转\n报警代码:E03", "copilotKey__c": "k"},
    ),
    "task.create": (
        {"title": "回电", "due": "2026-12-31", "priority": "紧急"},
        "task",
        {"taskName": "回电", "endTime": NEW_YEAR, "priority": 2, "ownerId": ZHANGSAN, "copilotKey__c": "k"},
    ),
    "meeting.schedule": (
        {"title": "演示", "start": "2026-12-01T14:00:00+08:00", "end": "2026-12-01T15:00:00+08:00", "attendees": ["王建国"]},
        "copilotMeeting__c",
        {"startTime__c": 1796104800000, "endTime__c": 1796108400000, "remark__c": "参加人:王建国"},
    ),
    "note.log": ({"text": "月底前定"}, "activityrecord", {"content": "月底前定", "copilotKey__c": "k"}),
    "escalate": ({"reason": "要求退货", "manager": "chenjing"}, "task", {"taskName": "【升级】华东仁和:要求退货", "ownerId": CHENJING}),
    "field.set": ({"field": "tier", "value": "VIP"}, "account", {"level": 1}),
}  # fmt: skip


async def written(crm: RemoteCrm, known: AccountId, operation: str, key: str = "k", **params: Any) -> Receipt:
    return await crm.carry_out(Write(operation, known, params, "zhangsan"), WriteKey(key))


def is_write(request: httpx.Request) -> bool:
    return "/xobjects/" in request.url.path and request.method != "GET"


@pytest.mark.parametrize("operation", WRITES)
async def test_what_a_rep_confirmed_stands_in_xiaoshouyi(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, operation: str
) -> None:
    params, name, expected = WRITES[operation]
    before = set(tenant.rows[name])
    receipt = await written(crm, known, operation, **params)
    (made,) = set(tenant.rows[name]) - before or {int(known)}
    assert str(made) == receipt.record_id or operation == "field.set"
    row = tenant.rows[name][made]
    assert {field: row.get(field) for field in expected} == expected
    assert int(known) in {row["id"], row.get("accountId")}


async def test_a_quote_holds_its_lines(crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi) -> None:
    receipt = await written(crm, known, "quote.draft", title="X200", lines=[X200, TRAINING])
    (product,) = tenant.rows["product"]
    assert [
        (str(line["quoteId"]), line["productId"], line["quantity"], line["unitPrice"], line["priceTotal"])
        for line in tenant.rows["quoteLine"].values()
    ] == [(receipt.record_id, product, 50, 18800, 893000), (receipt.record_id, product, 1, 500.5, 500.5)]


async def test_a_quote_is_taken_back_with_its_lines(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, clock: Clock
) -> None:
    receipt = await written(crm, known, "quote.draft", title="X200", lines=[X200, TRAINING])
    clock.advance(seconds=1)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert (tenant.rows["quote"], tenant.rows["quoteLine"]) == ({}, {})


async def test_a_quote_that_is_refused_in_one_line_leaves_nothing_and_says_why(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi
) -> None:
    tenant.schema["quoteLine"]["priceTotal"] = "text"
    with pytest.raises(WriteRefused, match="没有接受:priceTotal 要用文本"):
        await written(crm, known, "quote.draft", title="X200", lines=[X200])
    assert (tenant.rows["quote"], tenant.rows["quoteLine"]) == ({}, {})
    assert await crm.receipt(WriteKey("k")) is None


async def test_a_quote_whose_last_call_is_refused_leaves_nothing_either(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its key it would lie there unfinished, and nobody would know of it."""
    monkeypatch.setattr(tenant, "edit", _locked)
    with pytest.raises(WriteRefused, match="没有接受:记录已锁定"):
        await written(crm, known, "quote.draft", title="X200", lines=[X200])
    assert (tenant.rows["quote"], tenant.rows["quoteLine"]) == ({}, {})
    assert await crm.receipt(WriteKey("k")) is None


def _locked(*_: object, **__: object) -> None:
    raise Refused(1080020, "记录已锁定")


@pytest.mark.parametrize("lost", [1, 2, 3, 4], ids=["the quote", "a line", "the last line", "the key"])
async def test_a_quote_that_broke_off_anywhere_is_there_once_and_whole_after_the_next_attempt(
    crm: RemoteCrm, known: AccountId, line: Line, tenant: FakeXiaoshouyi, clock: Clock, lost: int
) -> None:
    """Four calls make it: a quote that carries the key without its lines would be taken for done."""
    writes = iter(range(1, 100))
    line.lose_answers(lambda request: is_write(request) and next(writes) == lost)
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, "quote.draft", title="X200", lines=[X200, TRAINING])
    clock.advance(seconds=61)
    receipt = await written(crm, known, "quote.draft", title="X200", lines=[X200, TRAINING])
    (quote,) = tenant.rows["quote"].values()
    assert (str(quote["id"]), quote["copilotKey__c"]) == (receipt.record_id, "k")
    assert [line["quoteId"] for line in tenant.rows["quoteLine"].values()] == [quote["id"]] * 2


@pytest.mark.parametrize("operation", ["task.create", "note.log", "opportunity.create"])
async def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(
    crm: RemoteCrm, known: AccountId, line: Line, tenant: FakeXiaoshouyi, operation: str
) -> None:
    params, name, _ = WRITES[operation]
    before = len(tenant.rows[name])
    line.lose_answers(is_write)
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, operation, **params)
    receipt = await written(crm, known, operation, **params)
    assert line.lost == 1
    assert await crm.receipt(WriteKey("k")) == receipt
    assert len(tenant.rows[name]) == before + 1


async def test_a_product_that_is_not_there_is_named_and_one_with_quotes_is_not_asked_for(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, line: Line
) -> None:
    with pytest.raises(WriteRefused, match="没有产品“X900”"):
        await written(crm, known, "quote.draft", title="X", lines=[X200 | {"product": "X900"}])
    line.asked.clear()
    with pytest.raises(WriteRefused, match="带引号"):
        await written(crm, known, "quote.draft", "k2", title="X", lines=[X200 | {"product": "x' or id > 0"}])
    assert not any(b"or+id" in request.content for request in line.asked)
    assert tenant.rows["quote"] == {}


async def test_a_record_type_is_chosen_by_its_name(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi
) -> None:
    tenant.record_types["task"] = {5: "visit", 6: "defaultBusiType"}
    receipt = await written(crm, known, "task.create", title="回电")
    assert tenant.rows["task"][int(receipt.record_id)]["entityType"] == 6
    tenant.record_types["serviceCase"] = {7: "repair", 8: "complaint"}
    with pytest.raises(WriteRefused, match="repair、complaint"):
        await written(crm, known, "ticket.create", "k2", title="E03")


async def test_a_stage_moves_and_moves_back(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, clock: Clock
) -> None:
    (number,) = tenant.rows["opportunity"]
    moved = await written(crm, known, "opportunity.move_stage", opportunity=str(number), to="谈判")
    assert "已从“方案”改到“谈判”" in moved.shown
    assert tenant.rows["opportunity"][number]["saleStageId"] == 5
    clock.advance(seconds=1)
    await crm.undo(moved, "zhangsan", WriteKey("undo"))
    assert tenant.rows["opportunity"][number]["saleStageId"] == 3


async def test_what_held_nothing_holds_nothing_after_an_undo(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, clock: Clock
) -> None:
    receipt = await written(crm, known, "field.set", field="remark", value="月结")
    clock.advance(seconds=1)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert tenant.rows["account"][int(known)]["comment"] is None


async def test_what_a_colleague_changed_in_between_is_not_overwritten(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi
) -> None:
    row = await crm.system.record("account", known)
    assert row is not None
    tenant.edit("account", known, region__c="华北")
    with pytest.raises(WriteRefused, match="被别人改过"):
        await crm.system.change("account", row, {"region": "华南"})
    assert tenant.rows["account"][int(known)]["region__c"] == "华北"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Refused(1080030, "金额超过 100 万需审批"), "没有接受:金额超过"),
        (Refused(1080031, "没有新建权限"), "检查权限"),
        (Refused(1080032, "数据已锁定"), "没有接受:数据已锁定"),
        (Refused(1080033, "与已有数据重复"), "没有接受:与已有数据重复"),
        (Refused(1080034, "字段校验失败", 400), "没有接受:字段校验失败"),
    ],
)
async def test_what_xiaoshouyi_says_no_to_reaches_the_rep(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, trouble: Refused, words: str
) -> None:
    tenant.trouble = [trouble]
    with pytest.raises(WriteRefused, match=words):
        await written(crm, known, "opportunity.create", title="X200")
    assert await crm.receipt(WriteKey("k")) is None


async def test_a_server_that_failed_in_a_write_leaves_it_unknown(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, clock: Clock
) -> None:
    await crm.account(known)
    tenant.trouble = [Refused(500, "Internal Server Error", 500)]
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, "task.create", title="回电")
    clock.advance(seconds=61)
    await written(crm, known, "task.create", title="回电")
    assert len(tenant.rows["task"]) == 1


async def test_a_customer_without_a_department_still_gets_its_task(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi
) -> None:
    """A field that the tenant does not have is not written as if it had one."""
    tenant.schema["account"].pop("dimDepart")
    with pytest.raises(WriteRefused, match="dimDepart 必填"):
        await written(crm, known, "task.create", title="回电")
    assert await written(crm, known, "note.log", "k2", text="月底前定")
