"""Each operation as it ends in 纷享销客, and what it does when it says no or says nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crm_bridge import AccountId, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import RemoteCrm
from tests.fakes.clock import Clock
from tests.fakes.systems.fxiaoke import FakeFxiaoke, Refused
from tests.fakes.systems.line import Line

X200 = {"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}
TRAINING = {"product": "X200 输液泵", "quantity": 1, "unit_price": "500.5"}
NEW_YEAR = 1798646400000
WRITES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "opportunity.create": (
        {"title": "X200 50台", "product": "X200", "quantity": 50, "amount": "893000.50", "stage": "报价", "close_date": "2026-12-31"},
        "NewOpportunityObj",
        {
            "name": "X200 50台", "sales_stage": "4", "amount": "893000.50", "close_date": NEW_YEAR, "remark": "产品:X200\n数量:50",
            "owner": ["1000"], "copilot_key__c": "k",
        },
    ),
    "quote.draft": (
        {"title": "X200 50台", "lines": [X200, TRAINING], "valid_until": "2026-12-31"},
        "QuoteObj",
        {"remark": "X200 50台", "quote_amount": "893500.50", "valid_until__c": NEW_YEAR, "owner": ["1000"], "copilot_key__c": "k"},
    ),
    "ticket.create": (
        {"title": "E03 停机", "severity": "紧急", "description": "泵不转", "alarm": "E03"},
        "CasesObj",
        {"title": "E03 停机", "priority": "3", "description": "描述:泵不转\n报警代码:E03", "copilot_key__c": "k"},
    ),
    "task.create": (
        {"title": "回电", "due": "2026-12-31", "priority": "紧急"},
        "copilot_task__c",
        {"name": "回电", "due_date__c": NEW_YEAR, "priority__c": "2", "owner": ["1000"], "copilot_key__c": "k"},
    ),
    "meeting.schedule": (
        {"title": "演示", "start": "2026-12-01T14:00:00+08:00", "end": "2026-12-01T15:00:00+08:00", "attendees": ["王建国"]},
        "copilot_meeting__c",
        {"start__c": 1796104800000, "end__c": 1796108400000, "remark__c": "参加人:王建国"},
    ),
    "note.log": ({"text": "月底前定"}, "copilot_note__c", {"name": "跟进记录", "content__c": "月底前定"}),
    "escalate": ({"reason": "要求退货", "manager": "chenjing"}, "copilot_task__c", {"name": "【升级】华东仁和:要求退货", "owner": ["1001"]}),
    "field.set": ({"field": "tier", "value": "VIP"}, "AccountObj", {"account_level": "1"}),
}  # fmt: skip


async def written(crm: RemoteCrm, known: AccountId, operation: str, key: str = "k", **params: Any) -> Receipt:
    return await crm.carry_out(Write(operation, known, params, "zhangsan"), WriteKey(key))


def is_write(request: httpx.Request) -> bool:
    return request.url.path.endswith(("/create", "/update", "/invalid"))


@pytest.mark.parametrize("operation", WRITES)
async def test_what_a_rep_confirmed_stands_in_fxiaoke(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, operation: str
) -> None:
    params, name, expected = WRITES[operation]
    before = set(company.rows[name])
    receipt = await written(crm, known, operation, **params)
    made = set(company.rows[name]) - before or {str(known)}
    assert made == {receipt.record_id} or operation == "field.set"
    row = company.rows[name][made.pop()]
    assert {field: row.get(field) for field in expected} == expected
    assert known in {row["_id"], row.get("account_id")}
    assert company.workflows == 0


async def test_a_quote_holds_its_lines_with_the_price_after_the_discount(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    receipt = await written(crm, known, "quote.draft", title="X200", lines=[X200, TRAINING])
    product = next(iter(company.rows["ProductObj"]))
    assert [
        (line["quote_id"], line["product_id"], line["quantity"], line["price"], line["sales_price"], line["subtotal"])
        for line in company.rows["QuoteLinesObj"].values()
    ] == [
        (receipt.record_id, product, "50", "18800", "17860.0000", "893000.00"),
        (receipt.record_id, product, "1", "500.5", "500.5000", "500.50"),
    ]  # fmt: skip


async def test_a_product_that_is_not_there_or_there_twice_is_named(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    with pytest.raises(WriteRefused, match="没有产品“X900”"):
        await written(crm, known, "quote.draft", title="X", lines=[X200 | {"product": "X900"}])
    company.add("ProductObj", name="另一台", product_code="X200")
    with pytest.raises(WriteRefused, match="不止一个产品“X200”"):
        await written(crm, known, "quote.draft", "k2", title="X", lines=[X200])
    assert company.rows["QuoteObj"] == {}


async def test_a_deal_without_a_day_gets_the_one_that_fxiaoke_insists_on(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    receipt = await written(crm, known, "opportunity.create", title="X200")
    assert company.rows["NewOpportunityObj"][receipt.record_id]["close_date"] == 1803398400000  # 2027-02-24


@pytest.mark.parametrize("operation", ["task.create", "quote.draft", "note.log", "opportunity.create"])
async def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(
    crm: RemoteCrm, known: AccountId, line: Line, company: FakeFxiaoke, operation: str
) -> None:
    params, name, _ = WRITES[operation]
    before = len(company.rows[name])
    line.lose_answers(is_write)
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, operation, **params)
    receipt = await written(crm, known, operation, **params)
    assert line.lost == 1
    assert await crm.receipt(WriteKey("k")) == receipt
    assert len(company.rows[name]) == before + 1


async def test_a_server_that_failed_in_a_write_leaves_it_unknown(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, clock: Clock
) -> None:
    await crm.account(known)
    company.trouble = [Refused(-1, "系统繁忙")]
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, "task.create", title="回电")
    clock.advance(seconds=61)
    await written(crm, known, "task.create", title="回电")
    assert len(company.rows["copilot_task__c"]) == 1


async def test_too_fast_a_write_is_done_after_a_moment_and_once(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    company.trouble = [Refused(14001, "频率超限")]
    await written(crm, known, "task.create", title="回电")
    assert len(company.rows["copilot_task__c"]) == 1


async def test_a_stage_moves_and_moves_back(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, clock: Clock
) -> None:
    (number,) = company.rows["NewOpportunityObj"]
    moved = await written(crm, known, "opportunity.move_stage", opportunity=number, to="谈判")
    assert "已从“方案”改到“谈判”" in moved.shown
    assert company.rows["NewOpportunityObj"][number]["sales_stage"] == "5"
    clock.advance(seconds=1)
    await crm.undo(moved, "zhangsan", WriteKey("undo"))
    assert company.rows["NewOpportunityObj"][number]["sales_stage"] == "3"


async def test_what_held_nothing_holds_nothing_after_an_undo(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, clock: Clock
) -> None:
    receipt = await written(crm, known, "field.set", field="remark", value="月结")
    clock.advance(seconds=1)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert company.rows["AccountObj"][known]["remark"] is None


async def test_what_is_taken_back_is_voided_and_can_be_brought_back_by_people(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, clock: Clock
) -> None:
    receipt = await written(crm, known, "task.create", title="回电")
    clock.advance(seconds=1)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert company.rows["copilot_task__c"][receipt.record_id]["life_status"] == "invalid"
    assert (await crm.account(known)).of("task") == ()


async def test_what_a_colleague_changed_in_between_is_not_overwritten(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    row = await crm.system.record("account", known)
    assert row is not None
    company.edit("AccountObj", known, region__c="华北")
    with pytest.raises(WriteRefused, match="被别人改过"):
        await crm.system.change("account", row, {"region": "华南"})
    assert company.rows["AccountObj"][known]["region__c"] == "华北"


async def test_a_locked_customer_is_refused_in_its_words(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    company.edit("AccountObj", known, lock_status="1")
    with pytest.raises(WriteRefused, match="没有接受:数据已锁定"):
        await written(crm, known, "field.set", field="region", value="华南")


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Refused(15002, "金额超过 100 万需审批"), "没有接受:金额超过"),
        (Refused(15003, "无此操作的数据权限"), "检查权限"),
    ],
)
async def test_what_fxiaoke_says_no_to_reaches_the_rep(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, trouble: Refused, words: str
) -> None:
    company.trouble = [trouble]
    with pytest.raises(WriteRefused, match=words):
        await written(crm, known, "opportunity.create", title="X200")
    assert await crm.receipt(WriteKey("k")) is None


async def test_a_rep_who_is_no_employee_is_named_before_anything_is_sent(
    crm: RemoteCrm, known: AccountId, line: Line
) -> None:
    with pytest.raises(WriteRefused, match="没有与“wangwu”对应的用户"):
        await written(crm, known, "task.create", title="回电", assignee="wangwu")
    assert not any(is_write(one) for one in line.asked)
