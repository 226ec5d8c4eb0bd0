"""One transaction a step, aware times, and keys that are there once: the same on both databases."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session

from bot.store import Store
from bot.tables import ActionRow, DeliveryRow, LeaseRow
from tests.fakes.clock import START


def count(session: Session, table: type = LeaseRow) -> int:
    found: int = session.execute(select(func.count()).select_from(table)).scalar_one()
    return found


def lease(name: str = "a", until: datetime = START) -> LeaseRow:
    return LeaseRow(name=name, owner="me", until=until)


async def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    def half_done(session: Session) -> None:
        session.add(lease())
        session.flush()
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError, match="power"):
        await store.write(half_done)
    assert await store.read(count) == 0


async def test_a_write_is_there_for_the_next_reader(store: Store) -> None:
    await store.write(lambda session: session.add(lease()))
    assert await store.read(count) == 1


async def test_nothing_done_in_a_reading_is_saved(store: Store) -> None:
    def meddle(session: Session) -> None:
        session.add(lease())
        session.flush()

    await store.read(meddle)
    assert await store.read(count) == 0


async def test_many_writers_at_once_all_get_their_turn(store: Store) -> None:
    rows = [lease(str(number)) for number in range(40)]
    await asyncio.gather(*(store.write(partial(Session.add, instance=row)) for row in rows))
    assert await store.read(count) == 40


async def test_times_come_back_aware_and_in_utc_wherever_they_were_written(store: Store) -> None:
    shanghai = timezone(timedelta(hours=8))
    await store.write(lambda session: session.add(lease(until=datetime(2026, 11, 26, 15, 4, 1, 5, shanghai))))
    until = await store.read(lambda session: session.get_one(LeaseRow, "a").until)
    assert until == datetime(2026, 11, 26, 15, 4, 1, 5, shanghai)
    assert until.utcoffset() == timedelta(0)


async def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        await store.write(lambda session: session.add(lease(until=datetime(2026, 11, 26))))


async def test_a_key_that_is_there_is_not_inserted_again(store: Store) -> None:
    def insert(session: Session) -> int:
        statement = store.insert_new(LeaseRow, name="a", owner="me", until=START)
        return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]

    assert [await store.write(insert), await store.write(insert)] == [1, 0]


@pytest.mark.parametrize("confirmation", [None, "no-such-confirmation"])
async def test_the_database_refuses_an_action_without_a_confirmation(
    store: Store, confirmation: str | None
) -> None:
    values = {"key": "k", "lane": "d1", "state": "waiting", "attempts": 0, "error": "", "kind": "create_task"}
    times = {"next_at": START, "created_at": START}
    statement = store.insert_new(
        ActionRow, **values, **times, decision="d1", params={}, confirmation=confirmation
    )
    with pytest.raises(IntegrityError):
        await store.write(lambda session: session.execute(statement))
    assert await store.read(lambda session: count(session, ActionRow)) == 0


async def test_chinese_emoji_and_long_words_survive(store: Store) -> None:
    words = "客户说:“发个报价😀”\n\t" + "长" * 20_000
    row: dict[str, Any] = {
        "key": "k",
        "lane": "l",
        "channel": "sim",
        "kind": "Heard",
        "payload": {"text": words},
    }
    await store.write(lambda session: session.add(DeliveryRow(**row, next_at=START, created_at=START)))
    assert (
        await store.read(lambda session: session.execute(select(DeliveryRow)).scalar_one().payload["text"])
        == words
    )


async def test_words_with_a_nul_are_kept_on_either_database(store: Store) -> None:
    """SQLite keeps it, PostgreSQL has no room for it; neither may refuse the words."""
    await store.write(lambda session: session.add(lease("质保\0多久")))
    kept = await store.read(lambda session: session.execute(select(LeaseRow.name)).scalar_one())  # type: ignore[call-overload]
    assert kept.replace("\0", "") == "质保多久"
