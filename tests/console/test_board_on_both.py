"""The board and its lists over the same three months of cards on SQLite and on PostgreSQL: the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlmodel import SQLModel

from bot import people
from bot.console import board_counts, listing
from bot.console.board_numbers import Board
from bot.console.filtering import address_of, parse
from bot.console.teams import NOBODYS
from bot.conversation import UserId
from bot.people import Person, Role
from bot.store import Store
from eval.bench import history
from knowledge.tables import GapAskingRow
from tests.conftest import PEOPLE
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision

pytestmark = pytest.mark.service
COUNT = 400
TODAY = START.date()
GAPS = ("gap-0", "gap-1", "gap-2")
NOBODYS_REP = Person(UserId("wangwu"), "王五", Role.REP)
TIMES: dict[str, tuple[date, date | None]] = {
    "all": (TODAY - timedelta(days=100), None),
    "a month": (TODAY - timedelta(days=60), TODAY - timedelta(days=30)),
    "before anything": (TODAY - timedelta(days=400), TODAY - timedelta(days=390)),
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[tuple[Store, Store]]:
    folder: Path = tmp_path_factory.mktemp("both")
    stores = Store(f"sqlite:///{folder / 'yiju.db'}"), Store(postgres_url)
    for store in stores:
        _fill(store)
    yield stores
    for store in stores:
        store.close()


def _fill(store: Store) -> None:
    SQLModel.metadata.create_all(store.engine)
    with store.engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):  # tests share PostgreSQL's schema
            connection.execute(table.delete())
    with store.begin() as session:
        for person in (*PEOPLE, NOBODYS_REP):
            people.add(session, person)
        asked = [{"gap": f"gap-{at % 2}", "asked_in": f"past-{at}"} for at in range(0, COUNT, 7)]
        session.execute(insert(GapAskingRow), asked)
    history.fill(store, a_decision(), ("zhangsan", "lisi", "wangwu"), COUNT, START)


def counted(store: Store, viewer: str, time: str, team: str) -> tuple[Board, dict[str, int]]:
    with store.look() as session:
        person = people.by_id(session, viewer)
        cards = board_counts.proposed(session, person, *TIMES[time], team)
        return (
            board_counts.board(session, person, *TIMES[time], team),
            board_counts.gap_cards(session, cards, GAPS),
        )


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    ("viewer", "team"),
    [("admin", ""), ("admin", NOBODYS), ("admin", "chenjing"), ("chenjing", ""), ("zhangsan", "")],
)
def test_both_databases_count_the_same(both: tuple[Store, Store], viewer: str, team: str, time: str) -> None:
    (lite, lite_gaps), (postgres, postgres_gaps) = (counted(one, viewer, time, team) for one in both)
    assert (lite.all.total > 0) is (time != "before anything")
    assert postgres_gaps == lite_gaps
    assert without_times(postgres) == without_times(lite)
    assert times(postgres) == pytest.approx(times(lite), abs=0.0011)  # each rounds to the thousandth itself


def without_times(board: Board) -> Board:
    """Without how long decisions took, which is no whole number."""
    habits = [replace(one, pace=replace(one.pace, median_s=0, slowest_tenth_s=0)) for one in board.habits]
    return replace(board, everybody=None, habits=sorted(habits, key=lambda one: one.rep))


def times(board: Board) -> list[float]:
    paces = [
        *([board.everybody] if board.everybody else []),
        *(one.pace for one in sorted(board.habits, key=lambda one: one.rep)),
    ]
    return [number for pace in paces for number in (pace.decided, pace.median_s, pace.slowest_tenth_s)]


def test_every_number_opens_the_same_list_on_both(both: tuple[Store, Store]) -> None:
    found, _ = counted(both[0], "admin", "all", "")
    wheres = {tuple(sorted(number.where.items())): number.where for number in found.numbers()}
    assert len(wheres) > 100
    for where in list(wheres.values())[::5]:
        wanted = parse(found.address(where))
        lists = []
        for store in both:
            with store.look() as session:
                listed = listing.find(session, people.by_id(session, "admin"), wanted, START, 0)
                lists.append((listed.total, [one.id for one in listed.decisions]))
        assert lists[0] == lists[1], address_of(wanted)
