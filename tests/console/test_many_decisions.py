"""Ten thousand decisions: lists, filters, search, paging and the board are right, and ask the database for little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlmodel import Session

from bot import people
from bot.console import board_counts, listing
from bot.console.filtering import Filter
from bot.decision import State
from bot.store import Store
from bot.tables import DecisionRow, TurnRow
from eval.bench import history
from tests.conftest import PEOPLE
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision

COUNT = 10_000
REPS = ("zhangsan", "lisi")


@dataclass
class Asked:
    """What a piece of work asked of the database."""

    statements: int = 0
    wide: int = 0
    """Decisions read whole."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path_factory.mktemp('many') / 'yiju.db'}")
    DecisionRow.metadata.create_all(opened.engine)
    with opened.begin() as session:
        for person in PEOPLE:
            people.add(session, person)
    history.fill(opened, a_decision(), REPS, COUNT, START)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def rows(many: Store) -> list[Any]:
    """What there is, read plainly: newest first."""
    with many.look() as session:
        query = select(DecisionRow.id, DecisionRow.rep, DecisionRow.intent, DecisionRow.state, DecisionRow.created_at, TurnRow.text).join(TurnRow, TurnRow.id == DecisionRow.turn)  # type: ignore[arg-type]  # fmt: skip
        return sorted(session.execute(query), key=lambda row: (-row.created_at.timestamp(), row.id))


@contextmanager
def looking(store: Store) -> Iterator[tuple[Session, Asked]]:
    """A session, and what is asked in it."""
    asked = Asked()

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.statements += not statement.startswith("BEGIN")

    def read(target: object, context: object) -> None:
        asked.wide += 1

    event.listen(store.engine, "after_cursor_execute", count)
    event.listen(DecisionRow, "load", read)
    try:
        with store.look() as session:
            yield session, asked
    finally:
        event.remove(store.engine, "after_cursor_execute", count)
        event.remove(DecisionRow, "load", read)


def find(store: Store, wanted: Filter, page: int = 0, viewer: str = "admin") -> tuple[listing.Listed, Asked]:
    with store.look() as session:
        person = people.by_id(session, viewer)
    with looking(store) as (session, asked):
        return listing.find(session, person, wanted, START, page), asked


def test_the_first_and_the_last_page_hold_the_newest_and_the_oldest(many: Store, rows: list[Any]) -> None:
    last = COUNT // listing.PAGE - 1
    for page, expected in ((0, rows[: listing.PAGE]), (last, rows[-listing.PAGE :])):
        found, asked = find(many, Filter(), page)
        assert [one.id for one in found.decisions] == [row.id for row in expected]
        assert found.total == COUNT
        assert (asked.statements, asked.wide) == (3, listing.PAGE)


def test_pages_hold_each_decision_once(many: Store, rows: list[Any]) -> None:
    wanted = Filter(rep="lisi", states=(State.DECLINED,))
    expected = [row.id for row in rows if (row.rep, row.state) == ("lisi", "declined")]
    pages = -(-len(expected) // listing.PAGE)
    found = [one.id for page in range(pages) for one in find(many, wanted, page)[0].decisions]
    assert found == expected
    assert pages > 5


@pytest.mark.parametrize("words", ["什么价", "#4242", "没有人说过"])
def test_a_search_finds_what_was_said(many: Store, rows: list[Any], words: str) -> None:
    expected = [row.id for row in rows if words in row.text]
    found, asked = find(many, Filter(words=words))
    assert found.total == len(expected)
    assert [one.id for one in found.decisions] == expected[: listing.PAGE]
    assert (asked.statements, asked.wide) == (3 if expected else 2, len(found.decisions))


def test_a_rep_pages_through_own_decisions_only(many: Store, rows: list[Any]) -> None:
    found, _ = find(many, Filter(), viewer="zhangsan")
    assert found.total == sum(row.rep == "zhangsan" for row in rows)
    assert {one.rep for one in found.decisions} == {"zhangsan"}


def test_the_board_counts_all_of_them_without_reading_one(many: Store, rows: list[Any]) -> None:
    since = START.date() - timedelta(days=100)
    with many.look() as session:
        admin = people.by_id(session, "admin")
    with looking(many) as (session, asked):
        found = board_counts.board(session, admin, since)
    assert found.all.total == COUNT
    assert {row.key: row.total for row in found.reps} == Counter(row.rep for row in rows)
    assert {row.key: row.total for row in found.intents} == Counter(row.intent for row in rows)
    assert asked.wide == 0
    assert asked.statements <= 12


def test_an_export_stops_where_it_says(many: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_EXPORTED", 500)
    with many.look() as session:
        admin = people.by_id(session, "admin")
        ids = [one.id for one in listing.every(session, admin, Filter(), START)]
    assert len(set(ids)) == len(ids) == 500
