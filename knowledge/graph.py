"""The proposals of `things.py` in the store: found at ingest, accepted or rejected by a trainer, used once accepted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from knowledge.model import Passage
from knowledge.store import count_up
from knowledge.tables import DocumentRow, ThingRow
from knowledge.things import Named, Status, Thing, named_in


class ThingUnknown(ValueError):
    """No such proposal."""


@dataclass(frozen=True)
class Graph:
    """Every method is one transaction. A verdict is a change like any other: each process notices at its next search."""

    engine: Engine
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def propose(self, passages: Sequence[Passage]) -> int:
        """Note what one document's current version names; what is known already keeps its verdict."""
        found = {_id(one): one for one in named_in(passages)}
        if not found:
            return 0
        place = passages[0].citation
        with Session(self.engine) as session, session.begin():
            known = set(session.exec(select(ThingRow.id).where(col(ThingRow.id).in_(list(found)))))
            new = [one for key, one in found.items() if key not in known]
            session.add_all(_row(one, place.document_id, place.title, self.clock()) for one in new)
        return len(new)

    def list(self, status: Status | None = Status.PROPOSED) -> tuple[Thing, ...]:
        """By subject, kind and name. Proposals of documents that are gone are left out, verdicts are not."""
        with Session(self.engine.execution_options(yiju_reads=True)) as session:
            rows = select(ThingRow).order_by(ThingRow.subject, ThingRow.kind, ThingRow.name)
            here = col(ThingRow.document_id).in_(select(DocumentRow.id))
            kept = rows.where(here | (col(ThingRow.status) != Status.PROPOSED.value))
            wanted = kept.where(ThingRow.status == status.value) if status else kept
            return tuple(_thing(row) for row in session.exec(wanted))

    def accept(self, ids: Sequence[str], by: str) -> tuple[Thing, ...]:
        """From now on it is understood in questions and counts as a thing that is talked about. Raises `ThingUnknown`."""
        return self._decide(ids, Status.ACCEPTED, by)

    def reject(self, ids: Sequence[str], by: str) -> tuple[Thing, ...]:
        """Not proposed again, and not used any more where it was accepted before. Raises `ThingUnknown`."""
        return self._decide(ids, Status.REJECTED, by)

    def _decide(self, ids: Sequence[str], status: Status, by: str) -> tuple[Thing, ...]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            rows = {row.id: row for row in session.exec(select(ThingRow).where(col(ThingRow.id).in_(ids)))}
            if unknown := [one for one in ids if one not in rows]:
                raise ThingUnknown(
                    f"no proposal {', '.join(unknown)}; `yiju knowledge graph list` shows the ids"
                )
            for row in rows.values():
                row.status, row.decided_at, row.decided_by = status.value, self.clock(), by
                session.add(row)
            count_up(session)
        return tuple(_thing(rows[one]) for one in dict.fromkeys(ids))


def _id(one: Named) -> str:
    return hashlib.sha256(f"{one.subject}\n{one.kind}\n{one.name}".encode()).hexdigest()[:12]


def _row(one: Named, document_id: str, title: str, now: datetime) -> ThingRow:
    return ThingRow(
        id=_id(one),
        subject=one.subject,
        kind=one.kind,
        name=one.name,
        unit=one.unit,
        document_id=document_id,
        title=title,
        line=one.line[:300],
        status=Status.PROPOSED.value,
        found_at=now,
    )


def _thing(row: ThingRow) -> Thing:
    return Thing(
        row.id,
        Named(row.subject, row.kind, row.name, row.line, row.unit),
        row.document_id,
        row.title,
        Status(row.status),
        row.found_at,
        row.decided_at,
        row.decided_by,
    )
