"""Words go after their time or when somebody asks; that something was done, by whom and when, stays provable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from bot import decisions, journal
from bot.decision import State
from bot.retention import Forgotten, Retention, expire, forget
from bot.settings import RetentionSettings
from bot.store import Store
from bot.tables import ActionRow, DecisionRow, DeliveryRow, JournalRow, OutboxRow, TurnRow
from crm_bridge.events.tables import EventRow
from crm_bridge.identity import Candidate, known_as, link
from crm_bridge.tables import ValueRow
from tests.fakes.clock import Clock
from tests.fakes.product import ASKED, Product

KEPT = RetentionSettings(words_days=30, queues_days=7)


async def confirmed(product: Product) -> str:
    """A card about 华东仁和 that its rep confirmed; the decision's id."""
    await product.hears("zhangsan", ASKED)
    (card,) = product.open_cards("zhangsan")
    await product.taps(card, "确认")
    return product.decision(card).id


def text_of_everything(product: Product) -> str:
    """All that the store holds of turns, decisions, queues and journal."""
    tables: Sequence[type[Any]] = (TurnRow, DecisionRow, DeliveryRow, OutboxRow, ActionRow, JournalRow)
    return "\n".join(str(row.model_dump()) for table in tables for row in product.rows(table))


async def test_words_go_after_their_time_and_what_was_done_stays(product: Product, clock: Clock) -> None:
    decision = await confirmed(product)
    clock.advance(days=31)
    gone = await Retention(product.parts.store, KEPT).expire(clock())
    assert gone.turns == 1
    assert gone.decisions == 1
    assert "带制冷吗" not in text_of_everything(product)
    with product.parts.store.look() as session:
        kept = decisions.load(session, decision)
        assert (kept.state, kept.decided_by, kept.intent) == (State.CARRIED_OUT, "zhangsan", "quote_request")
        assert kept.words == ""
        assert journal.verify(session) is None
        assert journal.count_forgotten(session) > 0


async def test_nothing_younger_is_touched_and_a_second_look_finds_nothing(
    product: Product, clock: Clock
) -> None:
    await confirmed(product)
    clock.advance(days=5)
    assert not await Retention(product.parts.store, KEPT).expire(clock())
    clock.advance(days=30)
    assert await Retention(product.parts.store, KEPT).expire(clock())
    assert not await Retention(product.parts.store, KEPT).expire(clock())


async def test_an_open_card_keeps_its_words_however_old(product: Product, clock: Clock) -> None:
    await product.hears("zhangsan", ASKED)
    clock.advance(days=365)
    await Retention(product.parts.store, KEPT).expire(clock())
    assert product.decisions()[0].words


async def test_words_are_kept_for_ever_where_the_setting_says_so(product: Product, clock: Clock) -> None:
    await confirmed(product)
    clock.advance(days=3650)
    await Retention(product.parts.store, RetentionSettings(words_days=0)).expire(clock())
    assert product.decisions()[0].words
    assert product.count(DeliveryRow) == 0


async def test_who_asks_to_be_forgotten_is(product: Product, clock: Clock) -> None:
    await product.hears("zhangsan", "客户华东仁和说:我是王建国,电话13912345678,X200什么价")
    await product.hears("zhangsan", "客户苏州恒瑞说:X350有现货吗")
    with product.parts.store.begin() as session:
        gone = forget(session, ["王建国", "13912345678"], None, "admin", clock())
    assert gone.turns == 1
    everything = text_of_everything(product)
    assert "王建国,电话" not in everything
    assert "13912345678" not in everything
    assert "X350有现货吗" in everything
    with product.parts.store.look() as session:
        assert journal.verify(session) is None
        lines = session.exec(select(JournalRow).where(JournalRow.what == "WordsForgotten")).all()
        assert "王建国" not in str([line.model_dump() for line in lines])


async def test_a_forgotten_open_card_is_closed(product: Product, clock: Clock) -> None:
    await product.hears("zhangsan", ASKED)
    (card,) = product.open_cards("zhangsan")
    with product.parts.store.begin() as session:
        forget(session, ["带制冷"], None, "admin", clock())
    await product.taps(card, "确认")
    assert product.decisions()[0].state is State.EXPIRED
    assert product.count(ActionRow) == 0


async def test_all_about_a_customer_goes(product: Product, clock: Clock) -> None:
    await confirmed(product)
    customer = product.decisions()[0].customer
    assert customer
    with product.parts.store.begin() as session:
        link(session, "wecom", "wm1", Candidate(customer, "person", 1.0), clock(), confirmed_by="zhangsan")
    with product.parts.store.begin() as session:
        assert forget(session, [], customer, "admin", clock()).decisions == 1
        assert known_as(session, "wecom", "wm1") is None
    assert "带制冷吗" not in text_of_everything(product)


def test_queues_and_journal_on_both_databases(store: Store, clock: Clock) -> None:
    with store.begin() as session:
        for key in ("old", "new"):
            session.add(
                DeliveryRow(
                    key=key, lane="a", channel="sim", kind="Heard", payload={"text": "王建国来电"},
                    next_at=clock(), created_at=clock(), state="done",
                    finished_at=clock() - timedelta(days=9 if key == "old" else 1),
                )
            )  # fmt: skip
        journal.append(session, who="a", what="B", subject="d1", at=clock(), body={"draft": "王建国"})
    with store.begin() as session:
        assert expire(session, KEPT, clock()) == Forgotten(rows=1)
        assert [row.key for row in session.exec(select(DeliveryRow))] == ["new"]
        assert forget(session, ["王建国"], None, "admin", clock()).rows == 1
        assert session.exec(select(DeliveryRow)).all() == []


def test_a_body_changed_to_look_forgotten_breaks_the_chain(store: Store, clock: Clock) -> None:
    with store.begin() as session:
        journal.append(session, who="a", what="B", subject="d1", at=clock(), body={"x": 1})
    with store.begin() as session:
        line = _line(session)
        line.body = journal.FORGOTTEN + "0" * 64
        session.add(line)
    with store.look() as session:
        assert journal.verify(session) is not None


def test_a_forgotten_line_is_forgotten_once(store: Store, clock: Clock) -> None:
    with store.begin() as session:
        journal.append(session, who="a", what="B", subject="d1", at=clock(), body={"x": 1})
    for _ in range(2):
        with store.begin() as session:
            journal.forget(session, _line(session))
    with store.look() as session:
        assert journal.verify(session) is None
        assert journal.count_forgotten(session) == 1


def _line(session: Session) -> JournalRow:
    return session.exec(select(JournalRow)).one()


def test_what_other_systems_sent_is_forgotten_too(store: Store, clock: Clock) -> None:
    event = {"id": "1", "source": "erp", "type": "t", "state": "applied", "received_at": clock()}
    with store.begin() as session:
        session.add(EventRow(uid="e1", payload={"contact": "王建国"}, **event))
        session.add(EventRow(uid="e2", payload={"contact": "李雷"}, **event))
        said = {"field": "remark", "label": "备注", "system": "erp", "object": "o", "source_field": "f"}
        when = {"at": clock(), "precision": "s", "read_at": clock()}
        session.add(ValueRow(account="A-1", value="王建国负责", shown="王建国负责", **said, **when))
    with store.begin() as session:
        assert forget(session, ["王建国"], None, "admin", clock()).rows == 2
        assert {row.uid: row.payload for row in session.exec(select(EventRow))} == {
            "e1": {},
            "e2": {"contact": "李雷"},
        }
        value = session.exec(select(ValueRow)).one()
        assert (value.value, "王建国" in value.shown) == (None, False)
    clock.advance(days=40)
    with store.begin() as session:
        assert expire(session, KEPT, clock()).rows == 1
        assert expire(session, KEPT, clock()) == Forgotten()
