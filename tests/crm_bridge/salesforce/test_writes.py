"""Each operation as it ends in Salesforce, and what it does when Salesforce says no or says nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crm_bridge import AccountId, CrmUnavailable, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import RemoteCrm
from tests.crm_bridge.salesforce.conftest import Notes, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.salesforce import FakeSalesforce, Refused

X200 = {"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}
WRITES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "opportunity.create": (
        {"title": "X200 50台", "product": "X200", "quantity": 50, "amount": "893000.5", "stage": "报价"},
        "Opportunity",
        {
            "Name": "X200 50台", "StageName": "Proposal/Price Quote", "Amount": 893000.5, "TotalOpportunityQuantity": 50,
            "Description": "产品:X200", "CloseDate": "2027-02-24", "Copilot_Key__c": "k",
        },
    ),
    "quote.draft": (
        {"title": "X200 50台", "lines": [X200], "valid_until": "2026-12-31"},
        "Quote",
        {"Name": "X200 50台", "Status": "Draft", "TotalPrice": 893000.0, "ExpirationDate": "2026-12-31", "Copilot_Key__c": "k"},
    ),
    "ticket.create": (
        {"title": "E03 停机", "severity": "紧急", "description": "泵不转", "alarm": "E03"},
        "Case",
        {"Subject": "E03 停机", "Priority": "High", "Status": "New", "Description": "描述:泵不转\n报警代码:E03", "Copilot_Key__c": "k"},
    ),
    "task.create": (
        {"title": "回电", "due": "2026-12-04", "priority": "紧急"},
        "Task",
        {"Subject": "回电", "ActivityDate": "2026-12-04", "Priority": "High", "Status": "Not Started", "Description": "[依据 k]"},
    ),
    "meeting.schedule": (
        {"title": "演示", "start": "2026-12-01T14:00:00+08:00", "end": "2026-12-01T15:00:00+08:00", "attendees": ["王建国"]},
        "Event",
        {"StartDateTime": "2026-12-01T06:00:00Z", "EndDateTime": "2026-12-01T07:00:00Z", "Description": "参加人:王建国\n[依据 k]"},
    ),
    "note.log": ({"text": "月底前定"}, "Task", {"Subject": "跟进记录", "Status": "Completed", "Description": "月底前定\n[依据 k]"}),
    "escalate": ({"reason": "要求退货", "manager": "chenjing"}, "Task", {"Subject": "【升级】华东仁和:要求退货", "Priority": "High"}),
    "field.set": ({"field": "tier", "value": "VIP"}, "Account", {"Customer_Tier__c": "VIP"}),
}  # fmt: skip


async def written(crm: RemoteCrm, known: AccountId, operation: str, key: str = "k", **params: Any) -> Receipt:
    return await crm.carry_out(Write(operation, known, params, "zhangsan"), WriteKey(key))


async def records(crm: RemoteCrm, known: AccountId) -> set[str]:
    return {record.id for record in (await crm.account(known)).records}


@pytest.mark.parametrize("operation", WRITES)
async def test_what_a_rep_confirmed_stands_in_salesforce(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce, operation: str
) -> None:
    params, name, expected = WRITES[operation]
    before = set(org.rows[name])
    receipt = await written(crm, known, operation, **params)
    made = set(org.rows[name]) - before or {str(known)}
    assert made == {receipt.record_id} or operation == "field.set"
    row = org.rows[name][made.pop()]
    assert {field: row.get(field) for field in expected} == expected
    owned = {"task.create": "zhangsan", "escalate": "chenjing"}.get(operation)
    assert owned is None or org.rows["User"][row["OwnerId"]]["Alias"] == owned


async def test_a_stage_moves_and_moves_back(crm: RemoteCrm, known: AccountId, clock: Clock) -> None:
    (deal,) = (await crm.account(known)).of("opportunity")
    moved = await written(crm, known, "opportunity.move_stage", opportunity=deal.id, to="谈判")
    assert "已从“方案”改到“谈判”" in moved.shown
    clock.advance(seconds=1)
    await crm.undo(moved, "zhangsan", WriteKey("k-undo"))
    (deal,) = (await crm.account(known)).of("opportunity")
    stage = deal.get("stage")
    assert stage is not None
    assert stage.shown == "方案"


async def test_what_a_colleague_changed_in_between_is_not_overwritten(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce, clock: Clock
) -> None:
    row = await crm.system.record("account", known)
    assert row is not None
    clock.advance(seconds=1)
    org.edit("Account", known, Region__c="华北")
    with pytest.raises(WriteRefused, match="被别人改过"):
        await crm.system.change("account", row, {"region": "华南"})
    assert org.rows["Account"][known]["Region__c"] == "华北"


async def test_what_a_colleague_changed_within_the_same_second_is_not_taken_back(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    receipt = await written(crm, known, "field.set", field="region", value="华南")
    stamp = org.rows["Account"][known]["SystemModstamp"]
    org.edit("Account", known, Region__c="华北")
    assert org.rows["Account"][known]["SystemModstamp"] == stamp
    with pytest.raises(WriteRefused, match="后来被改过"):
        await crm.undo(receipt, "zhangsan", WriteKey("k-undo"))
    assert org.rows["Account"][known]["Region__c"] == "华北"


def is_write(request: httpx.Request) -> bool:
    return "/services/data/" in request.url.path and request.method in {"POST", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    "operation", ["task.create", "quote.draft", "meeting.schedule", "note.log", "field.set"]
)
async def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(
    crm: RemoteCrm, known: AccountId, line: Line, org: FakeSalesforce, operation: str
) -> None:
    params, name, _ = WRITES[operation]
    before = len(org.rows[name])
    line.lose_answers(is_write)
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, operation, **params)
    receipt = await written(crm, known, operation, **params)
    assert line.lost == 1
    assert await crm.receipt(WriteKey("k")) == receipt
    assert len(org.rows[name]) == before + (operation != "field.set")


async def test_an_upsert_whose_answer_was_lost_is_repeated_at_once_and_makes_nothing_twice(
    crm: RemoteCrm, known: AccountId, line: Line, org: FakeSalesforce
) -> None:
    line.lose_answers(is_write)
    receipt = await written(crm, known, "ticket.create", title="E03")
    assert line.lost == 1
    assert set(org.rows["Case"]) == {receipt.record_id}


async def test_a_key_that_several_records_carry_is_no_success(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    for _ in range(2):  # a sandbox copy in which the field is not unique
        number = org.add("Case", Subject="E03")
        org.rows["Case"][number]["Copilot_Key__c"] = "k"
    with pytest.raises(WriteRefused, match="several records"):
        await crm.system.create("ticket", known, {"title": "E03"}, WriteKey("k"))
    found = await crm.system.find("ticket", WriteKey("k"), known)
    assert found is not None
    assert found["Id"] == min(org.rows["Case"])


async def test_a_quote_that_fails_in_one_line_leaves_nothing_and_says_which(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    """The answer is 200; the reason stands inside the part that failed, not in the first one."""
    org.schema["QuoteLineItem"].pop("Discount")
    with pytest.raises(WriteRefused, match="No such column 'Discount'"):
        await written(crm, known, "quote.draft", title="X200", lines=[X200])
    assert org.rows["Quote"] == {}


async def test_a_quote_needs_a_deal_and_a_price(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    with pytest.raises(WriteRefused, match="价目表里没有产品“X900'”"):
        await written(crm, known, "quote.draft", title="X", lines=[X200 | {"product": "X900'"}])
    for row in org.rows["Opportunity"].values():
        row["IsClosed"] = True
    with pytest.raises(WriteRefused, match="先建商机"):
        await written(crm, known, "quote.draft", "k2", title="X200", lines=[X200])


async def test_a_row_that_is_locked_for_a_moment_is_written_after_it(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    org.trouble = [Refused(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")]
    assert await written(crm, known, "task.create", title="回电")
    assert len(org.rows["Task"]) == 1


async def test_a_rule_of_the_company_reaches_the_rep(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    org.trouble = [Refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "金额超过 100 万需审批", ("Amount",))]
    with pytest.raises(WriteRefused, match="没有接受:金额超过 100 万需审批"):
        await written(crm, known, "opportunity.create", title="X200")
    assert await crm.receipt(WriteKey("k")) is None


async def test_a_rep_who_is_no_user_there_is_named(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    with pytest.raises(WriteRefused, match="“o'brien”"):
        await written(crm, known, "task.create", title="回电", assignee="o'brien")
    assert org.rows["Task"] == {}


async def test_while_the_day_is_used_up_a_write_waits(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce, line: Line, notes: Notes, clock: Clock
) -> None:
    org.most = org.used
    with pytest.raises(CrmUnavailable):
        await written(crm, known, "task.create", title="回电")
    org.most = 100_000
    restarted = open_crm(line, notes, clock)
    receipt = await written(restarted, known, "task.create", title="回电")
    assert set(org.rows["Task"]) == {receipt.record_id}
    await restarted.close()
