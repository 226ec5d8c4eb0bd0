"""On Monday each manager hears of the team's week, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.cards import CardMaker
from bot.confirmation import Move
from bot.decision import DecisionId
from bot.security import Links
from bot.sender import Sender
from bot.tables import OutboxRow
from bot.weekly import WeeklySummary
from bot.worker import Worker
from intents import load_taxonomy
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import Clock
from tests.fakes.decisions import a_decision
from tests.fakes.office import Office

MONDAY = datetime(2026, 11, 30, 1, 5, tzinfo=UTC)
"""09:05 in Shanghai."""


def weekly(office: Office) -> WeeklySummary:
    return WeeklySummary(office.store, office.outbox, "https://yiju.test/", office.clock)


def cards(office: Office) -> list[dict[str, Any]]:
    return [row.payload for row in office.rows(OutboxRow, "seq") if row.kind == "notice"]


async def test_a_manager_hears_of_last_week_once(office: Office) -> None:
    for key in ("d1", "d2"):
        office.propose(a_decision(id=DecisionId(key), turn=key))
    office.tap(Move.DECLINE, decision="d2")
    office.clock.now = MONDAY
    assert await weekly(office).sum_up_weeks() == 1
    assert await weekly(office).sum_up_weeks() == 0
    (card,) = cards(office)
    assert (card["subtitle"], card["figure"]) == ("11-23 至 11-29,共 2 张", "0%(0/1)")
    assert [tuple(row) for row in card["rows"]] == [
        ("直接确认", "0 张"),
        ("改后确认", "0 张"),
        ("驳回", "1 张"),
        ("没人决定", "过期 0 · 待决定 1"),
        ("误读采购", "0%(0/1)"),
        ("像没细看", "0 位同事"),
    ]
    assert (card["button"], card["url"]) == (
        "打开看板",
        "https://yiju.test/console/board?since=2026-11-23&until=2026-11-29",
    )


async def test_the_card_goes_to_the_chat_as_a_card(office: Office, clock: Clock) -> None:
    office.propose(a_decision())
    clock.now = MONDAY
    await weekly(office).sum_up_weeks()
    channel = FakeChannel()
    maker = CardMaker(load_taxonomy, Links("secret", "https://yiju.test"), lambda page, passage: page)
    sender = Sender(office.store, office.messages, office.outbox, {"wecom": channel}, maker, clock)
    await Worker(office.messages, sender.work, clock).drain()
    (sent,) = channel.sent
    assert (sent.what, sent.to) == ("notify", "ChenJing")
    assert sent.notice is not None
    assert sent.notice.rows[0] == ("直接确认", "0 张")


async def test_nobody_is_told_on_other_days_at_night_or_of_nothing(office: Office) -> None:
    assert await weekly(office).sum_up_weeks() == 0
    office.clock.now = MONDAY
    assert await weekly(office).sum_up_weeks() == 0
    office.propose(a_decision())
    office.clock.now = MONDAY.replace(hour=0)
    assert await weekly(office).sum_up_weeks() == 0
    assert cards(office) == []


async def test_this_weeks_cards_wait_for_the_next_monday(office: Office) -> None:
    office.propose(a_decision(created_at=MONDAY))
    office.clock.now = MONDAY.replace(hour=3)
    assert await weekly(office).sum_up_weeks() == 0
