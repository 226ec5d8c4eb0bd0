"""Each operation as it ends in HubSpot, and what it does when HubSpot says no or says nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from crm_bridge import AccountId, CrmUnavailable, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.hubspot import HubSpotSystem
from crm_bridge.adapters.remote import RemoteCrm
from tests.fakes.clock import Clock
from tests.fakes.systems.hubspot import FakeHubSpot, Refused
from tests.fakes.systems.line import Line

X200 = {"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}
WRITES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "opportunity.create": (
        {"title": "X200 50台", "product": "X200", "quantity": 50, "amount": "893000.50", "stage": "报价", "close_date": "2026-12-31"},
        "deals",
        {
            "dealname": "X200 50台", "pipeline": "default", "dealstage": "9003", "amount": "893000.50",
            "closedate": "2026-12-30T16:00:00.000Z", "description": "产品:X200\n数量:50", "copilot_key": "k",
        },
    ),
    "quote.draft": (
        {"title": "X200 50台", "lines": [X200], "valid_until": "2026-12-31"},
        "quotes",
        {"hs_title": "X200 50台", "hs_status": "DRAFT", "hs_expiration_date": "2026-12-31", "copilot_key": "k"},
    ),
    "ticket.create": (
        {"title": "E03 停机", "severity": "严重", "alarm": "E03"},
        "tickets",
        {"subject": "E03 停机", "hs_ticket_priority": "MEDIUM", "hs_pipeline": "0", "hs_pipeline_stage": "1", "content": "报警代码:E03"},
    ),
    "task.create": (
        {"title": "回电", "due": "2026-12-04", "priority": "紧急"},
        "tasks",
        {
            "hs_task_subject": "回电", "hs_timestamp": "2026-12-03T16:00:00.000Z", "hs_task_priority": "HIGH",
            "hs_task_status": "NOT_STARTED", "hs_task_body": "[依据 k]", "hubspot_owner_id": "41",
        },
    ),
    "meeting.schedule": (
        {"title": "演示", "start": "2026-12-01T14:00:00+08:00", "end": "2026-12-01T15:00:00+08:00", "attendees": ["<王建国>"]},
        "meetings",
        {
            "hs_meeting_start_time": "2026-12-01T06:00:00.000Z", "hs_timestamp": "2026-12-01T06:00:00.000Z",
            "hs_meeting_end_time": "2026-12-01T07:00:00.000Z", "hs_meeting_body": "参加人:&lt;王建国&gt;<br>[依据 k]",
        },
    ),
    "note.log": ({"text": "月底前定"}, "notes", {"hs_note_body": "月底前定<br>[依据 k]", "hs_timestamp": "2026-11-26T07:04:00.000Z"}),
    "escalate": ({"reason": "要求退货", "manager": "chenjing"}, "tasks", {"hs_task_subject": "【升级】华东仁和:要求退货", "hubspot_owner_id": "42"}),
    "field.set": ({"field": "tier", "value": "VIP"}, "companies", {"customer_tier": "VIP"}),
}  # fmt: skip


async def written(crm: RemoteCrm, known: AccountId, operation: str, key: str = "k", **params: Any) -> Receipt:
    return await crm.carry_out(Write(operation, known, params, "zhangsan"), WriteKey(key))


def is_write(request: httpx.Request) -> bool:
    reads = ("/search", "/batch/read", "/labels")
    return request.method in {"POST", "PATCH", "DELETE"} and not request.url.path.endswith(reads)


@pytest.mark.parametrize("operation", WRITES)
async def test_what_a_rep_confirmed_stands_in_hubspot(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot, operation: str
) -> None:
    params, kind, expected = WRITES[operation]
    before = set(portal.rows[kind])
    await written(crm, known, operation, **params)
    (number,) = set(portal.rows[kind]) - before or {known.removeprefix("HS-")}
    properties = portal.rows[kind][number]["properties"]
    assert {name: properties.get(name) for name in expected} == expected


async def test_a_record_is_tied_to_its_company_by_the_primary_association(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot
) -> None:
    """The label list also holds the company's own and an unlabelled type."""
    receipt = await written(crm, known, "opportunity.create", title="X200")
    number = receipt.record_id.removeprefix("OPP-")
    tied = {
        which for kind, x, to, y, which in portal.links if (kind, x, to) == ("deals", number, "companies")
    }
    assert tied == {5, 341}


async def test_a_quote_names_its_lines(crm: RemoteCrm, known: AccountId, portal: FakeHubSpot) -> None:
    receipt = await written(crm, known, "quote.draft", title="X200", lines=[X200, X200 | {"product": "培训"}])
    ends = [y for kind, x, to, y, _ in portal.links if (kind, to) == ("quotes", "line_items")]
    lines = [portal.rows["line_items"][number]["properties"] for number in dict.fromkeys(ends)]
    assert receipt.record_id.startswith("QT-")
    assert [(one["name"], one["quantity"], one["price"], one["hs_discount_percentage"]) for one in lines] == [
        ("X200", "50", "18800", "5"), ("培训", "50", "18800", "5"),
    ]  # fmt: skip


async def test_of_a_mixed_batch_the_line_that_failed_is_named_and_the_others_are_taken_back(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot
) -> None:
    portal.rows["line_items"]["9"] = {
        "id": "9", "archived": False, "createdAt": "", "updatedAt": "", "properties": {}
    }  # fmt: skip
    portal.schema["line_items"]["name"] = "unique"  # a rule of this account: names of lines are unique
    portal.rows["line_items"]["9"]["properties"]["name"] = "培训"
    with pytest.raises(WriteRefused, match="第 2 行.*already has that value"):
        await written(crm, known, "quote.draft", title="X", lines=[X200, X200 | {"product": "培训"}])
    assert portal.rows["quotes"] == {}
    assert [number for number, row in portal.rows["line_items"].items() if not row["archived"]] == ["9"]
    assert await crm.receipt(WriteKey("k")) is None


@pytest.mark.parametrize("operation", ["task.create", "meeting.schedule", "note.log", "field.set"])
async def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(
    crm: RemoteCrm, known: AccountId, line: Line, portal: FakeHubSpot, operation: str
) -> None:
    params, kind, _ = WRITES[operation]
    before = len(portal.rows[kind])
    portal.catch_up()
    portal.lags = True  # what was just written cannot be searched for
    line.lose_answers(is_write)
    with pytest.raises(OutcomeUnknown):
        await written(crm, known, operation, **params)
    receipt = await written(crm, known, operation, **params)
    assert line.lost == 1
    assert await crm.receipt(WriteKey("k")) == receipt
    assert len(portal.rows[kind]) == before + (operation != "field.set")


@pytest.mark.parametrize("operation", ["opportunity.create", "ticket.create", "quote.draft"])
@pytest.mark.parametrize("times", [1, 2])
async def test_where_the_key_is_unique_a_lost_answer_is_asked_for_again_at_once(
    crm: RemoteCrm, known: AccountId, line: Line, portal: FakeHubSpot, operation: str, times: int
) -> None:
    params, kind, _ = WRITES[operation]
    before = set(portal.rows[kind])
    line.lose_answers(is_write, times)
    receipt = await written(crm, known, operation, **params)
    assert line.lost == times
    (number,) = set(portal.rows[kind]) - before
    assert receipt.record_id.endswith(number)
    assert len(portal.rows["line_items"]) == (operation == "quote.draft")


async def test_a_stage_is_the_one_of_its_own_pipeline(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot, clock: Clock
) -> None:
    """The renewals have a stage of the same name."""
    (deal,) = (await crm.account(known)).of("opportunity")
    moved = await written(crm, known, "opportunity.move_stage", opportunity=deal.id, to="报价")
    assert "已从“方案”改到“报价”" in moved.shown
    (row,) = portal.rows["deals"].values()
    assert row["properties"]["dealstage"] == "9003"
    clock.advance(seconds=1)
    await crm.undo(moved, "zhangsan", WriteKey("k-undo"))
    assert row["properties"]["dealstage"] == "9002"


async def test_a_stage_that_the_account_does_not_have_is_refused_with_those_it_has(
    crm: RemoteCrm, known: AccountId
) -> None:
    with pytest.raises(
        WriteRefused, match="没有“Decision Maker Bought-In”这个阶段;有:Appointment Scheduled、"
    ):
        await written(crm, known, "opportunity.create", title="X200", stage="谈判")


async def test_what_a_colleague_changed_in_between_is_not_overwritten(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot, clock: Clock
) -> None:
    number = known.removeprefix("HS-")
    row = await crm.system.record("account", number)
    assert row is not None
    clock.advance(seconds=0.003)
    portal.edit("companies", number, region="华北")
    with pytest.raises(WriteRefused, match="被别人改过"):
        await crm.system.change("account", row, {"region": "华南"})
    assert portal.rows["companies"][number]["properties"]["region"] == "华北"


POLICIES = ["SECONDLY", "TEN_SECONDLY_ROLLING"]


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_window_that_is_full_is_waited_for(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot, policy: str
) -> None:
    await crm.account(known)
    portal.trouble = [
        Refused(429, "You have reached your limit.", "RATE_LIMITS", errorType="RATE_LIMIT", policyName=policy)
    ]
    assert await written(crm, known, "task.create", title="回电")
    assert len(portal.rows["tasks"]) == 1


async def test_a_day_that_is_used_up_is_not_waited_for(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot, line: Line
) -> None:
    await crm.directory()
    line.asked.clear()
    portal.trouble = [Refused(429, "Daily limit reached", "RATE_LIMITS", policyName="DAILY")]
    with pytest.raises(CrmUnavailable, match="no more calls for now"):
        await crm.system.accounts()
    assert len(line.asked) == 1


async def test_a_record_that_is_locked_for_a_moment_is_written_after_it(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot
) -> None:
    assert isinstance(crm.system, HubSpotSystem)
    portal.trouble = [Refused(423, "locked", "LOCKED")]
    await crm.system.api.send(
        "PATCH", f"objects/companies/{known.removeprefix('HS-')}", {"properties": {"region": "华南"}}
    )
    assert portal.rows["companies"][known.removeprefix("HS-")]["properties"]["region"] == "华南"
