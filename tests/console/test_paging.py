"""Long lists come page by page out of the database: what is read does not grow with what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlmodel import SQLModel

from bot import people
from bot.events.tracing import count_dead_letters, dead_letters
from bot.leases import InProcessLeases
from bot.people import Role
from bot.queues import Queue
from bot.security import keys
from bot.store import Store
from bot.tables import ApiKeyRow, DeliveryRow, UserRow
from crm_bridge.events.tables import EventRow
from intents.registry import Registry
from intents.tables import ModelRow
from knowledge import MANAGERS, Library, Reader, Wanted
from knowledge.tables import DocumentRow, VersionRow

MANY, PAGE = 10_000, 50
NOW = datetime(2026, 11, 27, tzinfo=UTC)


class Read:
    """How many questions were asked and how many rows became objects."""

    def __init__(self) -> None:
        self.statements, self.rows = 0, 0


@contextmanager
def reading(store: Store, table: type[SQLModel]) -> Iterator[Read]:
    read = Read()

    def run(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        read.statements += statement.startswith("SELECT")

    def load(*_: Any) -> None:
        read.rows += 1

    event.listen(store.engine, "before_cursor_execute", run)
    event.listen(table, "load", load)
    try:
        yield read
    finally:
        event.remove(store.engine, "before_cursor_execute", run)
        event.remove(table, "load", load)


def filled(store: Store, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    with store.begin() as session:
        session.execute(insert(table), rows)


@pytest.fixture
def library(store: Store, tmp_path: Path) -> Library:
    """Every tenth is a customer's, every seventh for managers alone."""
    filled(
        store,
        DocumentRow,
        [
            {
                "id": f"d{number:05}",
                "kind": "manual",
                "title": f"手册{number:05}",
                "customer": f"A-{number % 100}" if number % 10 == 0 else None,
                "owner": None,
                "current": f"v{number:05}",
                "visibility": MANAGERS if number % 7 == 0 else "everyone",
            }
            for number in range(MANY)
        ],
    )
    filled(
        store,
        VersionRow,
        [
            {
                "id": f"v{number:05}",
                "document_id": f"d{number:05}",
                "label": "V1",
                "content_hash": f"{number:064}",
                "file_name": f"{number}.md",
                "size": 1,
                "valid_from": None,
                "valid_until": None,
                "added_at": NOW,
            }
            for number in range(MANY)
        ],
    )
    return Library(store.engine, tmp_path / "data")


def test_a_page_of_ten_thousand_documents_reads_fifty(store: Store, library: Library) -> None:
    with reading(store, DocumentRow) as read:
        found, total = library.page(Wanted(), 5000, PAGE)
    assert (read.statements, read.rows, total) == (2, PAGE, MANY)
    assert [one.id for one in found] == [f"d{number:05}" for number in range(5000, 5050)]
    with reading(store, DocumentRow) as read:
        one = library.document("d07777")
    assert one is not None
    assert (one.title, read.statements, read.rows) == ("手册07777", 1, 1)


def test_pages_hold_what_their_viewer_may_see_and_together_all_of_it(store: Store, library: Library) -> None:
    wanted = Wanted("手册", Reader(), frozenset({"A-20", "A-30"}))
    expected = {
        f"d{number:05}" for number in range(MANY) if number % 7 and (number % 10 or number % 100 in {20, 30})
    }
    found = set[str]()
    total = library.page(wanted, 0, PAGE)[1]
    for first in range(0, total, 1000):
        found |= {one.id for one in library.page(wanted, first, 1000)[0]}
    assert (found, total) == (expected, len(expected))


def test_a_name_is_found_among_them_and_a_sign_is_no_pattern(store: Store, library: Library) -> None:
    assert [one.id for one in library.page(Wanted("手册0123"), 0, 3)[0]] == ["d01230", "d01231", "d01232"]
    assert library.page(Wanted("手册%1"), 0, 3) == ((), 0)


def test_a_page_of_people_reads_fifty_and_managers_are_known(store: Store) -> None:
    row = {"role": Role.REP.value, "manager": "chenjing", "tone": "warm", "active": True}
    filled(
        store,
        UserRow,
        [row | {"id": f"rep{number:05}", "name": f"销售{number}"} for number in range(MANY)],
    )
    with store.look() as session, reading(store, UserRow) as read:
        found, total = people.page(session, 5000, PAGE)
        assert (read.statements, read.rows, len(found)) == (2, PAGE, PAGE)
        assert total >= MANY
        assert people.page(session, 0, PAGE, "销售777")[0][0].id == "rep00777"
    with store.look() as session, reading(store, UserRow) as read:
        assert [one.id for one in people.managers(session)] == ["chenjing"]
        assert (read.statements, read.rows) == (1, 1)


def test_a_page_of_keys_reads_twenty_and_the_newest_come_first(store: Store) -> None:
    row = {"name": "呼叫中心", "scopes": "read", "revoked_at": None}
    rows = [
        row | {"id": f"k{number:04}", "digest": f"{number}", "created_at": NOW + timedelta(minutes=number)}
        for number in range(1000)
    ]
    filled(store, ApiKeyRow, rows)
    with store.look() as session, reading(store, ApiKeyRow) as read:
        found, total = keys(session, 40, 20)
    assert ([found[0].id, found[-1].id], total) == (["k0959", "k0940"], 1000)
    assert (read.statements, read.rows) == (2, 20)


def test_only_the_names_that_are_asked_for_are_read(store: Store) -> None:
    row = {"role": Role.REP.value, "tone": "warm", "active": False}
    filled(store, UserRow, [row | {"id": f"n{number}", "name": f"销售{number}"} for number in range(100)])
    with store.look() as session, reading(store, UserRow) as read:
        assert people.names(session, ["n7", "n7", "", "nobody"]) == {"n7": "销售7"}
    assert (read.statements, read.rows) == (1, 0)


def test_a_page_of_models_reads_twenty_and_the_shipped_one_comes_last(store: Store, tmp_path: Path) -> None:
    registry = Registry(store.engine, tmp_path)
    filled(
        store,
        ModelRow,
        [
            {
                "id": f"m{number:05}",
                "created_at": NOW + timedelta(minutes=number),
                "trained_by": "",
                "card": {},
            }
            for number in range(1000)
        ],
    )
    with reading(store, ModelRow) as read:
        found, total = registry.page(40, 20)
    assert (len(found), found[0].id, total) == (20, "m00959", 1001)
    assert (read.rows, read.statements <= 5) == (20, True)
    for first, ids in ((980, ["m00019", "m00000"]), (1000, [])):
        found, _ = registry.page(first, 20)
        known = [one for one in found if not one.shipped]
        assert [one.id for one in (*known[:1], *known[-1:])] == ids
    every = [one for first in range(0, 1001, 20) for one in registry.page(first, 20)[0]]
    assert [one.id for one in every] == [one.id for one in registry.models()]
    assert [one.serving for one in every].count(True) == 1


def test_a_page_of_dead_letters_reads_fifty(store: Store) -> None:
    queue = Queue(store, DeliveryRow, InProcessLeases())
    filled(
        store,
        DeliveryRow,
        [
            {
                "key": f"k{number}",
                "lane": "a",
                "channel": "sim",
                "kind": "Heard",
                "payload": {},
                "state": "dead" if number % 2 else "waiting",
                "attempts": 3,
                "error": "",
                "next_at": NOW,
                "created_at": NOW,
            }
            for number in range(2000)
        ],
    )
    with store.look() as session, reading(store, DeliveryRow) as read:
        assert len(queue.dead(session, PAGE, 400)) == PAGE
        assert queue.dead_letters(session) == 1000
        assert (read.statements, read.rows) == (2, PAGE)


def test_a_page_of_dead_events_reads_fifty(store: Store) -> None:
    filled(
        store,
        EventRow,
        [
            {
                "uid": f"u{number:04}",
                "id": str(number),
                "source": "iot",
                "type": "fault",
                "state": "dead" if number < 900 else "applied",
                "reason": "unreadable" if number < 900 else "",
                "payload": {},
                "received_at": NOW + timedelta(minutes=number),
            }
            for number in range(1000)
        ],
    )
    with store.look() as session, reading(store, EventRow) as read:
        page = dead_letters(session, PAGE, 100)
        assert [page[0]["event"], page[-1]["event"]] == ["u0799", "u0750"]
        assert count_dead_letters(session) == 900
        assert (read.statements, read.rows) == (2, PAGE)
