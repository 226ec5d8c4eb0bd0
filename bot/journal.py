"""The append-only record of every move: who, what, when, on what inputs. Each line is chained to the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, insert, select, text
from sqlmodel import Session, col

from bot.tables import JournalRow

FIRST = "0" * 64
FORGOTTEN = "forgotten:"
"""Stands before the hash of a body that was taken away; a body itself is JSON and cannot begin so."""
_LOCK = 0x59494A55  # any constant; PostgreSQL's advisory lock that lets one transaction at a time append


_LINES = JournalRow.__table__  # type: ignore[attr-defined]
_LAST = select(_LINES.c.seq, _LINES.c.hash).order_by(_LINES.c.seq.desc()).limit(1)
_NEW = insert(_LINES)


@dataclass(frozen=True)
class Broken:
    """Where the chain breaks: the line's number and what is wrong with it."""

    seq: int
    why: str


def append(
    session: Session, *, who: str, what: str, subject: str, at: datetime, body: Mapping[str, Any]
) -> None:
    """Add one line in the caller's transaction. `what` is a past participle: `DecisionConfirmed`."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    last = session.execute(_LAST).first()
    row = JournalRow(
        seq=last.seq + 1 if last else 1,
        at=at.isoformat(),
        who=who,
        what=what,
        subject=subject,
        body=orjson.dumps(dict(body), default=str, option=orjson.OPT_SORT_KEYS).decode(),
        previous=last.hash if last else FIRST,
        hash="",
    )
    row.hash = digest(row)
    session.execute(_NEW, row.model_dump())


def digest(row: JournalRow) -> str:
    """SHA-256 over the line's fields as a JSON array, so that no two lines can be told apart wrongly.

    Of the body its own hash goes in: a body that had to be forgotten leaves that hash, and the chain holds.
    """
    body = row.body.removeprefix(FORGOTTEN) if is_forgotten(row) else _hash(row.body)
    fields = [row.seq, row.at, row.who, row.what, row.subject, body, row.previous]
    return hashlib.sha256(orjson.dumps(fields)).hexdigest()


def forget(session: Session, row: JournalRow) -> None:
    """Take a line's body away: that somebody did something then stays provable, what they wrote is gone."""
    if not is_forgotten(row):
        row.body = FORGOTTEN + _hash(row.body)
        session.add(row)


def is_forgotten(row: JournalRow) -> bool:
    return row.body.startswith(FORGOTTEN)


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def verify(session: Session) -> Broken | None:
    """Walk the whole chain. None where it is whole."""
    previous, expected = FIRST, 1
    for row in lines(session):
        if row.seq != expected:
            return Broken(row.seq, f"line {expected} is missing: the next one is {row.seq}")
        if row.previous != previous:
            return Broken(row.seq, "its link to the line before it does not match")
        if row.hash != digest(row):
            return Broken(row.seq, "its content was changed after it was written")
        previous, expected = row.hash, expected + 1
    return None


def lines(session: Session, subject: str | None = None) -> Iterator[JournalRow]:
    query = select(JournalRow).order_by(col(JournalRow.seq))
    if subject is not None:
        query = query.where(col(JournalRow.subject) == subject)
    found = session.execute(query.execution_options(yield_per=500)).scalars()
    try:
        yield from found
    finally:
        found.close()  # PostgreSQL keeps a cursor open on its side until a reader that stops early says so


def latest(session: Session, subject: str) -> JournalRow | None:
    """The newest line about it: the others are not read."""
    query = select(JournalRow).where(col(JournalRow.subject) == subject).order_by(col(JournalRow.seq).desc())
    return session.execute(query.limit(1)).scalars().first()


def length(session: Session) -> int:
    count: int = session.execute(select(func.count()).select_from(JournalRow)).scalar_one()
    return count


def count_forgotten(session: Session) -> int:
    """How many lines lost their body to retention or to a request."""
    query = select(func.count()).select_from(JournalRow).where(col(JournalRow.body).startswith(FORGOTTEN))
    count: int = session.execute(query).scalar_one()
    return count


def last_hash(session: Session) -> str:
    """What the whole journal comes down to; written down elsewhere, it proves that nothing was cut off the end."""
    last = session.execute(select(JournalRow).order_by(col(JournalRow.seq).desc()).limit(1)).scalar()
    return last.hash if last else FIRST
