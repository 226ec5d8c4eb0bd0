"""The journal proves that nobody changed it: whatever is altered, removed or put in is found, and where."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from bot import journal
from bot.journal import Broken
from bot.store import Store
from bot.tables import JournalRow
from tests.fakes.clock import START

LINES = 6


@pytest.fixture
def written(store: Store) -> Store:
    """A journal of six lines about two decisions."""
    for number in range(LINES):
        append(store, number)
    return store


def append(store: Store, number: int, subject: str | None = None) -> None:
    with store.begin() as session:
        at = START + timedelta(minutes=number)
        body = {"version": number, "words": "报价", "at": at, "nested": {"b": 1, "a": [1, 2]}}
        journal.append(
            session,
            who="zhangsan",
            what="DecisionConfirmed",
            subject=subject or f"d{number % 2}",
            at=at,
            body=body,
        )


def verified(store: Store) -> Broken | None:
    with store.look() as session:
        return journal.verify(session)


def test_an_empty_journal_is_whole(store: Store) -> None:
    assert verified(store) is None


def test_a_journal_that_was_only_appended_to_is_whole(written: Store) -> None:
    assert verified(written) is None
    with written.look() as session:
        assert journal.length(session) == LINES
        first = next(journal.lines(session))
        assert (first.seq, first.previous) == (1, journal.FIRST)


def test_lines_can_be_read_for_one_subject(written: Store) -> None:
    with written.look() as session:
        assert [line.seq for line in journal.lines(session, "d1")] == [2, 4, 6]


@pytest.mark.parametrize(
    "change",
    [
        {"who": "lisi"},
        {"what": "DecisionDeclined"},
        {"subject": "d9"},
        {"at": "2026-01-01T00:00:00+00:00"},
        {"body": "{}"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_line_is_found(written: Store, change: dict[str, str]) -> None:
    with written.begin() as session:
        session.execute(update(JournalRow).where(col(JournalRow.seq) == 3).values(**change))
    assert verified(written) == Broken(3, "its content was changed after it was written")


def test_a_changed_line_with_a_fresh_hash_breaks_the_link_behind_it(written: Store) -> None:
    with written.begin() as session:
        row = session.get_one(JournalRow, 3)
        row.who = "lisi"
        row.hash = journal.digest(row)
        session.add(row)
    assert verified(written) == Broken(4, "its link to the line before it does not match")


def test_a_changed_hash_is_found_at_its_line(written: Store) -> None:
    with written.begin() as session:
        session.execute(update(JournalRow).where(col(JournalRow.seq) == 6).values(hash="f" * 64))
    assert verified(written) == Broken(6, "its content was changed after it was written")


@pytest.mark.parametrize(("gone", "next_one"), [(1, 2), (4, 5)])
def test_a_removed_line_is_found(written: Store, gone: int, next_one: int) -> None:
    with written.begin() as session:
        session.execute(delete(JournalRow).where(col(JournalRow.seq) == gone))
    assert verified(written) == Broken(next_one, f"line {gone} is missing: the next one is {next_one}")


def test_two_lines_that_changed_places_are_found(written: Store) -> None:
    with written.begin() as session:
        for seq, to in ((3, 99), (4, 3), (99, 4)):
            session.execute(update(JournalRow).where(col(JournalRow.seq) == seq).values(seq=to))
    assert verified(written) == Broken(3, "its link to the line before it does not match")


def test_an_inserted_line_is_found(written: Store) -> None:
    with written.begin() as session:
        for seq in (6, 5, 4):
            session.execute(update(JournalRow).where(col(JournalRow.seq) == seq).values(seq=seq + 1))
        third = session.get_one(JournalRow, 3)
        forged = JournalRow(**third.model_dump() | {"seq": 4, "previous": third.hash, "hash": ""})
        forged.hash = journal.digest(forged)
        session.add(forged)
    assert verified(written) == Broken(5, "its link to the line before it does not match")


def test_writers_side_by_side_make_one_chain(store: Store) -> None:
    together = threading.Barrier(4)

    def write() -> None:
        together.wait()
        for number in range(5):
            append(store, number, threading.current_thread().name)

    threads = [threading.Thread(target=write, name=f"writer-{number}") for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verified(store) is None
    with store.look() as session:
        assert session.execute(
            select(col(JournalRow.seq)).order_by(col(JournalRow.seq))
        ).scalars().all() == list(range(1, 21))


def test_a_line_of_a_transaction_that_failed_is_not_there(written: Store) -> None:
    def fail(session: Session) -> None:
        journal.append(session, who="lisi", what="DecisionConfirmed", subject="d3", at=START, body={})
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError, match="power"), written.begin() as session:
        fail(session)
    append(written, LINES)
    assert verified(written) is None
    with written.look() as session:
        assert journal.length(session) == LINES + 1


def test_two_different_lines_never_have_the_same_text_under_the_hash() -> None:
    one = JournalRow(seq=1, at="t", who="a", what="bc", subject="s", body="{}", previous="p", hash="")
    two = JournalRow(seq=1, at="t", who="ab", what="c", subject="s", body="{}", previous="p", hash="")
    assert journal.digest(one) != journal.digest(two)
