"""What is written ends in 金蝶云星空 as a rep confirmed it, and what happens when it says no or says nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crm_bridge import AccountId, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import FlatSystem, RemoteCrm
from tests.crm_bridge.kingdee.conftest import Notes, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.kingdee import FakeKingdee, Refused
from tests.fakes.systems.line import Line

X200 = {"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}


async def written(crm: RemoteCrm, known: AccountId, operation: str, key: str = "k", **params: Any) -> Receipt:
    return await crm.carry_out(Write(operation, known, params, "zhangsan"), WriteKey(key))


async def quoted(crm: RemoteCrm, known: AccountId, key: str = "k") -> Receipt:
    return await written(
        crm, known, "quote.draft", key, title="X200 50台", lines=[X200], valid_until="2026-12-31"
    )


def is_write(request: httpx.Request) -> bool:
    return any(f".{name}.common" in request.url.path for name in ("Save", "Delete"))


def customer(galaxy: FakeKingdee) -> dict[str, Any]:
    return next(iter(galaxy.rows["BD_Customer"].values()))


async def test_a_quote_stands_in_galaxy_with_its_lines_and_the_customers_salesman(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    receipt = await quoted(crm, known)
    (row,) = galaxy.rows["SAL_QUOTATION"].values()
    expected = {
        "FBillNo": receipt.record_id, "FCustId": "CUST0001", "FSaleOrgId": "100", "FBillTypeID": "XSBJD01_SYS", "FSalerId": "YG0001",
        "FDate": "2026-11-26", "FExpiryDate": "2026-12-31", "F_YJ_CopilotKey": "k", "F_YJ_Title": "X200 50台", "FDocumentStatus": "A",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["FQUOTATIONENTRY"] == [
        {"FMaterialId": "X200", "FQty": 50, "FTaxPrice": 18800, "FDiscountRate": 5, "FEntryTaxRate": 13}
    ]
    (quote,) = (await crm.account(known)).of("quote")
    assert [(one.name, one.shown) for one in quote.fields] == [
        ("total", "¥893,000.00"), ("status", "草稿"), ("valid_until", "2026-12-31"),
    ]  # fmt: skip


async def test_without_an_organisation_a_quote_is_refused_and_reading_goes_on(
    line: Line, notes: Notes, clock: Clock, known: AccountId
) -> None:
    crm = open_crm(line, notes, clock, tenant="")
    assert (await crm.account(known)).of("order")
    with pytest.raises(WriteRefused, match="销售组织"):
        await quoted(crm, known)
    await crm.close()


async def test_a_product_that_galaxy_does_not_have_is_named(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    with pytest.raises(WriteRefused, match="X777.*不存在"):
        await written(crm, known, "quote.draft", title="X", lines=[X200 | {"product": "X777"}])
    assert galaxy.rows["SAL_QUOTATION"] == {}
    assert await crm.receipt(WriteKey("k")) is None


@pytest.mark.parametrize(
    ("operation", "params", "home"),
    [("ticket.create", {"title": "E03"}, "工单"), ("opportunity.create", {"title": "X200"}, "商机")],
)
async def test_what_an_erp_has_no_place_for_is_refused_in_words(
    crm: RemoteCrm, known: AccountId, operation: str, params: dict[str, Any], home: str
) -> None:
    with pytest.raises(WriteRefused, match=f"没有放{home}的地方"):
        await written(crm, known, operation, **params)


async def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(
    crm: RemoteCrm, known: AccountId, line: Line, galaxy: FakeKingdee
) -> None:
    line.lose_answers(is_write)
    with pytest.raises(OutcomeUnknown):
        await quoted(crm, known)
    receipt = await quoted(crm, known)
    assert line.lost == 1
    assert await crm.receipt(WriteKey("k")) == receipt
    assert len(galaxy.rows["SAL_QUOTATION"]) == 1


async def test_a_field_whose_answer_was_lost_is_known_by_its_value(
    crm: RemoteCrm, known: AccountId, line: Line, galaxy: FakeKingdee
) -> None:
    line.lose_answers(is_write)
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, "field.set", field="remark", value="月结")
    await written(crm, known, "field.set", field="remark", value="月结")
    assert customer(galaxy)["FDescription"] == "月结"
    assert sum(is_write(one) for one in line.asked) == 1


async def test_a_text_that_reports_a_failure_leaves_a_write_unknown(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    await crm.account(known)
    assert isinstance(crm.system, FlatSystem)
    galaxy.bodies = ["response_error: 连接已重置"]
    with pytest.raises(OutcomeUnknown, match="连接已重置"):
        await crm.system.api.create(crm.system.mapping.records["quote"], {})


async def test_a_session_that_ends_before_a_write_costs_nothing(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    await crm.account(known)
    galaxy.end_sessions()
    await quoted(crm, known)
    assert len(galaxy.rows["SAL_QUOTATION"]) == 1


async def test_a_tier_changes_alone_and_changes_back(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee, clock: Clock
) -> None:
    before = dict(customer(galaxy))
    receipt = await written(crm, known, "field.set", field="tier", value="VIP")
    after = dict(customer(galaxy))
    assert {name for name in after if after[name] != before[name]} == {"FCustTypeId"}
    assert after["FCustTypeId"] == "KHLB_VIP"
    clock.advance(seconds=1)
    await crm.undo(receipt, "zhangsan", WriteKey("undo"))
    assert customer(galaxy)["FCustTypeId"] == "KHLB_B"


async def test_what_held_nothing_holds_nothing_after_an_undo(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee, clock: Clock
) -> None:
    galaxy.edit("BD_Customer", next(iter(galaxy.rows["BD_Customer"])), FCustTypeId=None)
    for field, value, place in (("remark", "月结", "FDescription"), ("tier", "A", "FCustTypeId")):
        receipt = await written(crm, known, "field.set", f"set-{field}", field=field, value=value)
        assert customer(galaxy)[place]
        clock.advance(seconds=1)
        await crm.undo(receipt, "zhangsan", WriteKey(f"undo-{field}"))
        assert not customer(galaxy)[place]


async def test_a_change_never_takes_the_lines_of_a_document_with_it(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    """`IsDeleteEntry` true, as most samples have it, deletes every line that was not sent."""
    assert isinstance(crm.system, FlatSystem)
    receipt = await quoted(crm, known)
    row = await crm.system.record("quote", receipt.record_id)
    assert row is not None
    await crm.system.change("quote", row, {"title": "X200 50台(改)"})
    (there,) = galaxy.rows["SAL_QUOTATION"].values()
    assert (there["F_YJ_Title"], len(there["FQUOTATIONENTRY"])) == ("X200 50台(改)", 1)


async def test_what_a_colleague_changed_in_between_is_not_overwritten(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    row = await crm.system.record("account", known)
    assert row is not None
    galaxy.edit("BD_Customer", row["FCUSTID"], FShortName="仁和")
    with pytest.raises(WriteRefused, match="被别人改过"):
        await crm.system.change("account", row, {"remark": "月结"})
    assert customer(galaxy)["FDescription"] is None


async def test_a_document_that_was_approved_meanwhile_is_not_taken_back_though_the_head_says_success(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    receipt = await quoted(crm, known)
    (row,) = galaxy.rows["SAL_QUOTATION"].values()
    row["FDocumentStatus"] = "C"
    seen = await crm.system.record("quote", receipt.record_id)
    assert seen is not None
    with pytest.raises(WriteRefused, match="单据已审核,不能删除"):
        await crm.system.cancel("quote", seen)
    assert len(galaxy.rows["SAL_QUOTATION"]) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("单据已审核,不允许修改", "没有接受:单据已审核"),
        ("您没有该功能的操作权限", "检查权限"),
        ("信用额度不足,是否继续?(交互标识 STK_InvCheckResult)", "没有接受:信用额度不足"),
    ],
)
async def test_what_galaxy_says_no_to_reaches_the_rep(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee, said: str, words: str
) -> None:
    galaxy.trouble = [Refused(said)]
    with pytest.raises(WriteRefused, match=words):
        await quoted(crm, known)
    assert await crm.receipt(WriteKey("k")) is None
    assert galaxy.rows["SAL_QUOTATION"] == {}


async def test_a_key_that_is_there_already_is_looked_up(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    """Where the company made the field unique."""
    galaxy.add("SAL_QUOTATION", FBillNo="BJ1", FCustId=known, F_YJ_CopilotKey="k", F_YJ_Title="X200")
    galaxy.trouble = [Refused("字段“依据键”的值 k 已存在")]
    found = await crm.system.create("quote", known, {"title": "X200", "lines": [X200]}, WriteKey("k"))
    assert found["FBillNo"] == "BJ1"


async def test_a_call_too_many_at_once_is_done_after_a_moment(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    galaxy.trouble = [Refused("并发数超过限制,请稍后再试")]
    await quoted(crm, known)
    assert len(galaxy.rows["SAL_QUOTATION"]) == 1
