"""The customer system is asked what changed: nothing is lost or doubled, and its cancelled order becomes a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from bot.decision import State
from bot.events.polled import LONGEST_PAUSE, MOST_PAGES, Polling
from bot.events.polling import event_jobs
from bot.settings import EventsSettings
from crm_bridge import CrmUnavailable
from crm_bridge.adapters.embedded.tables import AccountRow, OrderRow, TicketRow
from crm_bridge.events.tables import EventRow, PollRow
from crm_bridge.feed import Change, ChangePage
from tests.events import made
from tests.fakes.product import Product

EVERY = timedelta(seconds=60)


@dataclass
class Told:
    """A feed of pages; its cursor is how many were read."""

    pages: list[Sequence[Change]] = field(default_factory=list)
    asleep: bool = False
    asked: list[str] = field(default_factory=list)

    async def changes(self, cursor: str) -> ChangePage:
        self.asked.append(cursor)
        if self.asleep:
            raise CrmUnavailable("nobody answers")
        at = int(cursor or 0)
        return (
            ChangePage(tuple(self.pages[at]), str(at + 1)) if at < len(self.pages) else ChangePage((), cursor)
        )


class Crash(Exception):
    """The process ended here."""


def polling(product: Product, feed: Told) -> Polling:
    return Polling(product.parts.intake, "tryton", feed, EVERY)


def change(product: Product, kind: str, record: str, *, deleted: bool = False, **fields: Any) -> Change:
    account = next(row.id for row in product.rows(AccountRow) if row.name.startswith("华东仁和"))
    owner = record if kind == "account" else account
    return Change("Tryton", kind, kind, record, owner, fields, product.clock(), "us", deleted)


def tickets(product: Product, *names: str) -> list[Change]:
    return [change(product, "ticket", name, status="处理中") for name in names]


def polled(product: Product) -> Mapping[str, EventRow]:
    """What came in by asking, by entity."""
    rows = [row for row in product.rows(EventRow) if row.id.startswith("poll-")]
    found = {row.entity: row for row in rows}
    assert len(found) == len(rows)
    return found


def place(product: Product) -> list[str]:
    return [row.cursor for row in product.rows(PollRow)]


async def test_an_order_cancelled_in_the_customer_system_becomes_its_owners_card(product: Product) -> None:
    order = product.rows(OrderRow)[0]
    feed = Told([[change(product, "order", "SO-77", status="执行中", title=order.title)]])
    asking = polling(product, feed)
    assert await asking.poll_changes() == 1
    await product.settle()
    assert product.cards("zhangsan") == []
    product.pass_by(minutes=2)
    feed.pages.append([change(product, "order", "SO-77", deleted=True, status="执行中", title=order.title)])
    assert await asking.poll_changes() == 1
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    assert "SO-77 已取消(Tryton)" in product.decision(card).words
    product.pass_by(minutes=2)
    assert await asking.poll_changes() == 0
    await product.settle()
    assert len(product.cards("zhangsan")) == 1


async def test_a_crash_between_pages_loses_nothing_and_doubles_nothing(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Told([tickets(product, "T-1", "T-2"), tickets(product, "T-3", "T-4"), tickets(product, "T-5")])
    take = type(product.parts.intake)._take

    def crashing(self: Any, session: Session, events: Sequence[Mapping[str, Any]], along: Any = None) -> Any:
        taken = take(self, session, events, along)
        if any(one["data"]["entity"] == "T-3" for one in events):
            raise Crash  # everything was written, nothing is committed
        return taken

    with monkeypatch.context() as broken:
        broken.setattr(type(product.parts.intake), "_take", crashing)
        with pytest.raises(Crash):
            await polling(product, feed).poll_changes()
    assert (set(polled(product)), place(product)) == ({"T-1", "T-2"}, ["1"])
    feed.asked.clear()
    assert await polling(product, feed).poll_changes() == 3
    assert feed.asked[0] == "1"
    assert (set(polled(product)), place(product)) == ({"T-1", "T-2", "T-3", "T-4", "T-5"}, ["3"])


async def test_a_page_larger_than_a_transaction_is_known_again_after_a_crash_in_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"T-{number}" for number in range(5)]
    feed = Told([tickets(product, *names)])
    monkeypatch.setattr("bot.events.intake.AT_ONCE", 2)
    take, calls = type(product.parts.intake)._take, 0

    def crashing(self: Any, session: Session, events: Sequence[Mapping[str, Any]], along: Any = None) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Crash
        return take(self, session, events, along)

    with monkeypatch.context() as broken:
        broken.setattr(type(product.parts.intake), "_take", crashing)
        with pytest.raises(Crash):
            await polling(product, feed).poll_changes()
    assert (len(polled(product)), place(product)) == (2, [])
    assert await polling(product, feed).poll_changes() == 3
    assert {row.seen for row in polled(product).values()} == {1, 2}
    assert (set(polled(product)), place(product)) == (set(names), ["1"])


async def test_who_is_overtaken_while_the_system_answers_keeps_nothing(product: Product) -> None:
    feed = Told([tickets(product, "T-1"), tickets(product, "T-2")])

    class Slow(Told):
        async def changes(self, cursor: str) -> ChangePage:
            assert await polling(product, feed).poll_changes() == 2
            return await feed.changes(cursor)

    assert await polling(product, Slow()).poll_changes() == 0
    assert place(product) == ["2"]
    assert {name: row.seen for name, row in polled(product).items()} == {"T-1": 1, "T-2": 1}


async def test_a_system_that_sleeps_is_asked_less_and_less_often(product: Product) -> None:
    feed = Told([tickets(product, "T-1")], asleep=True)
    asking = polling(product, feed)
    asked = []
    for _ in range(20):
        await asking.poll_changes()
        asked.append(len(feed.asked))
        product.pass_by(seconds=60)
    assert asked[:8] == [1, 1, 2, 2, 2, 2, 3, 3]
    assert asked[-1] == 5
    assert place(product) == []
    feed.asleep = False
    product.pass_by(seconds=LONGEST_PAUSE.total_seconds())
    assert await asking.poll_changes() == 1
    feed.pages.append(tickets(product, "T-2"))
    product.pass_by(seconds=60)
    assert await asking.poll_changes() == 1


async def test_one_look_reads_a_bounded_number_of_pages_and_the_next_goes_on(product: Product) -> None:
    names = [f"T-{number}" for number in range(MOST_PAGES + 3)]
    feed = Told([tickets(product, name) for name in names])
    asking = polling(product, feed)
    assert await asking.poll_changes() == MOST_PAGES
    assert await asking.poll_changes() == 3
    assert set(polled(product)) == set(names)


async def test_our_own_write_that_is_told_back_is_recognised(product: Product) -> None:
    fault = made.ours(
        "device.fault", "X200-0017", id_="e07", time=product.clock().isoformat(), account="华东仁和",
        fields={"alarm": "E07"}, details={"product": "X200", "text": "驱动器过流"},
    )  # fmt: skip
    await product.parts.intake.accept([fault])
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    await product.taps(card, "确认")
    (ticket,) = [row for row in product.rows(TicketRow) if "X200-0017" in row.title]
    product.pass_by(seconds=30)
    echo = change(product, "ticket", ticket.id, severity=ticket.severity, status="待处理")
    feed = Told([[echo]])
    asking = polling(product, feed)
    await asking.poll_changes()
    assert polled(product)[ticket.id].echo_of
    assert polled(product)[ticket.id].causation == f"decision:{product.decision(card).id}"
    product.pass_by(seconds=30)
    feed.pages.append([replace(echo, fields={"severity": "一般", "status": "待处理"}, at=product.clock())])
    await asking.poll_changes()
    await product.settle()
    rows = [row for row in product.rows(EventRow) if row.id.startswith("poll-")]
    assert [bool(row.echo_of) for row in sorted(rows, key=lambda row: row.received_at)] == [True, False]
    assert len(product.cards("zhangsan")) == 1


async def test_what_was_taken_back_is_told_back_and_recognised(product: Product) -> None:
    fault = made.ours(
        "device.fault", "X200-0018", id_="e08", time=product.clock().isoformat(), account="华东仁和",
        fields={"alarm": "E08"}, details={"product": "X200", "text": "过热"},
    )  # fmt: skip
    await product.parts.intake.accept([fault])
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    await product.taps(card, "确认")
    (ticket,) = [row for row in product.rows(TicketRow) if "X200-0018" in row.title]
    (carried_out,) = product.open_cards("zhangsan")
    await product.taps(carried_out, "撤销")
    assert product.decision(card).state is State.UNDONE
    product.pass_by(seconds=30)
    await polling(product, Told([[change(product, "ticket", ticket.id, deleted=True)]])).poll_changes()
    assert polled(product)[ticket.id].echo_of


async def test_a_tier_is_told_when_it_changed_and_not_when_something_else_did(product: Product) -> None:
    account = next(row.id for row in product.rows(AccountRow) if row.name.startswith("华东仁和"))

    def moved(**fields: Any) -> list[Change]:
        return [change(product, "account", account, **fields)]

    feed, before = Told([moved(tier="A", region="华东")]), product.words("zhangsan")
    asking = polling(product, feed)
    await asking.poll_changes()
    product.pass_by(minutes=1)
    feed.pages.append(moved(tier="A", region="华北"))
    await asking.poll_changes()
    await product.settle()
    assert product.words("zhangsan") == before
    product.pass_by(minutes=1)
    feed.pages.append(moved(tier="VIP", region="华北"))
    await asking.poll_changes()
    await product.settle()
    assert product.words("zhangsan")[len(before) :] == ["Tryton 更新客户等级:华东仁和 A→VIP"]


async def test_kinds_that_have_no_events_move_the_place_and_nothing_else(product: Product) -> None:
    feed = Told([[change(product, "note", "NOTE-1", text="来访")]])
    assert await polling(product, feed).poll_changes() == 0
    assert (polled(product), place(product)) == ({}, ["1"])


async def test_only_a_system_that_tells_changes_is_asked(product: Product) -> None:
    class Telling(Told):
        name = "tryton"

    def names(crm: Any) -> list[str]:
        jobs = event_jobs(EventsSettings(poll_every_s=30), product.parts.intake, crm)
        return [f"{one.work.__name__} {one.seconds}" for one in jobs]

    assert "poll_changes 30" in names(Telling())
    assert not any("poll_changes" in one for one in names(product.parts.crm))


def test_the_same_change_is_the_same_event_and_its_time_keeps_its_precision() -> None:
    from bot.events.polled import event_of

    at = datetime.fromisoformat("2026-11-26T15:02:03+00:00")
    one = Change("Tryton", "order", "sale.sale", "SO-1", "ACC-1", {"status": "已确认"}, at, "s")
    first, again = event_of("tryton", one, {}), event_of("tryton", replace(one), {})
    later = event_of("tryton", replace(one, at=at + timedelta(seconds=1)), {})
    assert first
    assert later
    assert first == again
    assert first["id"] != later["id"]
    assert first["time"] == "2026-11-26T15:02:03+00:00"
