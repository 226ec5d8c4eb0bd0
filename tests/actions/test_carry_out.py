"""Every action on a real CRM: once per key, taken back where that is possible, refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.actions import by_name, can_undo, names
from bot.errors import NotFound
from crm_bridge import Account, WriteKey, WriteRefused
from tests.actions.conftest import Calendar, Office
from tests.fakes.clock import Clock

PARAMS: Mapping[str, dict[str, Any]] = {
    "opportunity.create": {"title": "P60 10台", "product": "P60", "quantity": 10, "amount": "91200.00"},
    "opportunity.move_stage": {"opportunity": "{deal}", "to": "谈判"},
    "task.create": {"title": "回电", "due": "2026-12-01", "assignee": "zhangsan"},
    "ticket.create": {"title": "E07 停机", "severity": "紧急", "alarm": "E07"},
    "meeting.schedule": {
        "title": "产品演示",
        "start": "2026-12-03T15:00:00+08:00",
        "minutes": 90,
        "attendees": ["王建国"],
    },
    "quote.draft": {
        "title": "X200 报价",
        "lines": [{"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "12"}],
        "prices": {"X200": {"list_price": "18800", "discounts": [[50, "12"]]}},
    },
    "note.log": {"text": "客户嫌交期长"},
    "field.set": {"field": "tier", "value": "VIP"},
    "escalate": {"reason": "催了三次没人理", "due": "2026-11-26"},
}


async def params_of(office: Office, kind: str) -> dict[str, Any]:
    deal = (await office.account()).of("opportunity")[0].id
    return {name: deal if value == "{deal}" else value for name, value in PARAMS[kind].items()}


def facts(account: Account) -> tuple[object, ...]:
    """What the account says, without the times at which it was read or changed."""
    fields = {field.name: field.value for field in account.fields}
    records = {(one.id, *((field.name, str(field.value)) for field in one.fields)) for one in account.records}
    return fields, records


@pytest.mark.parametrize("kind", names())
async def test_the_same_key_twice_writes_once_and_says_the_same(
    office: Office, kind: str, clock: Clock
) -> None:
    before = facts(await office.account())
    params, action = await params_of(office, kind), by_name(kind)
    first = await action.carry_out(params, await office.site())
    after = facts(await office.account())
    clock.advance(seconds=30)
    assert await action.carry_out(params, await office.site()) == first
    assert facts(await office.account()) == after != before


@pytest.mark.parametrize("kind", [kind for kind in names() if can_undo(kind)])
async def test_taking_back_restores_what_was_there(office: Office, kind: str, clock: Clock) -> None:
    before = facts(await office.account())
    receipt = await by_name(kind).carry_out(await params_of(office, kind), await office.site())
    assert receipt.undoable
    clock.advance(minutes=5)
    undone = await office.crm.undo(receipt, "zhangsan", WriteKey(f"{receipt.key}-undo"))
    assert undone.shown.startswith("已撤销")
    assert facts(await office.account()) == before


@pytest.mark.parametrize("kind", names())
async def test_parameters_that_do_not_fit_are_refused_before_anything_is_written(
    office: Office, kind: str
) -> None:
    before = facts(await office.account())
    with pytest.raises(WriteRefused, match=f"{by_name(kind).label}没有写"):
        await by_name(kind).carry_out({"nonsense": "x"}, await office.site())
    assert facts(await office.account()) == before


@pytest.mark.parametrize("kind", names())
async def test_without_a_customer_nothing_is_written(office: Office, kind: str) -> None:
    site = await office.site()
    nowhere = replace(site, decision=replace(site.decision, customer=None))
    with pytest.raises(WriteRefused, match="还不知道是哪家客户"):
        await by_name(kind).carry_out(await params_of(office, kind), nowhere)
    assert await office.crm.receipt(site.key) is None


async def test_a_stage_that_somebody_moved_meanwhile_is_refused_with_the_reason(office: Office) -> None:
    params = await params_of(office, "opportunity.move_stage")
    await by_name("opportunity.move_stage").carry_out(params, await office.site("d1-1"))
    with pytest.raises(WriteRefused, match="已经在“谈判”阶段"):
        await by_name("opportunity.move_stage").carry_out(params, await office.site("d2-1"))


async def test_a_quote_is_added_up_and_its_price_list_stays_with_the_decision(office: Office) -> None:
    receipt = await by_name("quote.draft").carry_out(PARAMS["quote.draft"], await office.site())
    assert receipt.shown.endswith("合计 ¥827,200.00")
    total = (await office.account()).of("quote")[0].get("total")
    assert total is not None
    assert total.value == "827200.00"


async def test_a_meeting_goes_into_the_calendar_once(office: Office) -> None:
    office.calendar = Calendar()
    action = by_name("meeting.schedule")
    first = await action.carry_out(PARAMS["meeting.schedule"], await office.site())
    assert await action.carry_out(PARAMS["meeting.schedule"], await office.site()) == first
    assert "已放进日历" in first.shown
    [booked] = office.calendar.booked.values()
    assert (booked["summary"], booked["organizer"]) == ("产品演示", "zhangsan")
    assert (
        booked["end"] - booked["start"] == datetime.fromisoformat("2026-12-03T16:30+08:00") - booked["start"]
    )


async def test_a_calendar_that_says_no_does_not_stop_the_meeting(office: Office) -> None:
    office.calendar = Calendar(refuses=True)
    receipt = await by_name("meeting.schedule").carry_out(PARAMS["meeting.schedule"], await office.site())
    assert receipt.shown.endswith("「产品演示」,12月3日 15:00")
    assert len((await office.account()).of("meeting")) == 1


async def test_the_manager_is_told_and_gets_the_task(office: Office) -> None:
    receipt = await by_name("escalate").carry_out(PARAMS["escalate"], await office.site())
    [(to, words)] = office.told
    assert to == "chenjing"
    assert "张三 升级了 华东仁和 的事" in words
    assert receipt.record_id in words
    assignee = (await office.account()).of("task")[0].get("assignee")
    assert assignee is not None
    assert assignee.value == "chenjing"
    assert not receipt.undoable


async def test_a_manager_who_confirms_takes_it_on_without_being_told(office: Office) -> None:
    await by_name("escalate").carry_out(PARAMS["escalate"], await office.site(by="chenjing"))
    assert office.told == []


async def test_nobody_to_escalate_to_is_a_refusal_that_says_what_to_do(office: Office) -> None:
    with pytest.raises(WriteRefused, match="还没有给 孙莉 设主管"):
        await by_name("escalate").carry_out(PARAMS["escalate"], await office.site(by="sunli"))
    assert (await office.account()).of("task") == ()


def test_an_unknown_action_is_named_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match=r"universe\.end.*note\.log"):
        by_name("universe.end")
    assert not can_undo("universe.end")
    assert not can_undo("escalate")


@pytest.mark.parametrize("kind", names())
async def test_after_a_crash_only_what_follows_the_write_is_left_to_do(office: Office, kind: str) -> None:
    office.calendar = Calendar()
    params, action = await params_of(office, kind), by_name(kind)
    first = await action.carry_out(params, await office.site())
    facts_then, told, booked = facts(await office.account()), office.told[:], dict(office.calendar.booked)
    written = await office.crm.receipt(first.key)
    assert written is not None
    office.told.clear()
    assert await action.finish(params, written, await office.site()) == first
    assert (facts(await office.account()), office.told, office.calendar.booked) == (facts_then, told, booked)
