"""What the customer system must hold after crashes: what done actions wrote, each once, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.store import Store
from bot.tables import ActionRow
from crm_bridge.adapters.embedded.tables import (
    ChangeRow,
    MeetingRow,
    NoteRow,
    OpportunityRow,
    QuoteRow,
    TaskRow,
    TicketRow,
    WriteRow,
)

from .crash_story import Baseline

RECORDS: Mapping[str, Any] = {
    "opportunity": OpportunityRow,
    "quote": QuoteRow,
    "task": TaskRow,
    "ticket": TicketRow,
    "meeting": MeetingRow,
    "note": NoteRow,
}


class Held(NamedTuple):
    """How many records a customer system holds that it did not hold before, and what is wrong with them."""

    records: int
    faults: tuple[str, ...]


Holds = Callable[[Session], Held]
"""Asks a customer system; the session is on the product's own store."""


def baseline(database: str) -> Baseline:
    """Of the embedded customer system."""
    store = Store(database)
    with store.look() as session:
        keys = frozenset(session.execute(select(col(WriteRow.key))).scalars())
        found = Baseline(_records(session), keys, _last_change(session))
    store.close()
    return found


def embedded(before: Baseline) -> Holds:
    """The embedded customer system, by its own receipts and changes."""

    def holds(session: Session) -> Held:
        return Held(len(_new_records(session, before)), tuple(_faults(session, before)))

    return holds


def done_keys(session: Session) -> set[str]:
    """Write keys of the actions that were carried out."""
    return set(session.execute(select(col(ActionRow.key)).where(col(ActionRow.state) == "done")).scalars())


def _faults(session: Session, before: Baseline) -> Iterator[str]:
    receipts = {
        row.key: row.receipt
        for row in session.execute(select(WriteRow)).scalars()
        if row.key not in before.writes
    }
    done = done_keys(session)
    for key in done ^ receipts.keys():
        yield f"write key {key} is " + (
            "done and not in the CRM" if key in done else "in the CRM and not done"
        )
    made = Counter(str(receipt["record_id"]) for receipt in receipts.values())
    for record in _new_records(session, before):
        if made[record] == 0:
            yield f"record {record} was written without a receipt"
    changes = [
        tuple(row)
        for row in session.execute(
            select(col(ChangeRow.seq), col(ChangeRow.cause), col(ChangeRow.record), col(ChangeRow.field))
        )
    ]
    for (cause, record, name), count in Counter(
        one[1:] for one in changes if one[0] > before.last_change
    ).items():
        if count != 1:
            yield f"{record}.{name} was changed {count} times by {cause}"


def _records(session: Session) -> Mapping[str, frozenset[str]]:
    return {kind: frozenset(session.execute(select(table.id)).scalars()) for kind, table in RECORDS.items()}


def _new_records(session: Session, before: Baseline) -> set[str]:
    return {one for kind, ids in _records(session).items() for one in ids - before.records[kind]}


def _last_change(session: Session) -> int:
    return session.execute(select(func.max(ChangeRow.seq))).scalar() or 0
