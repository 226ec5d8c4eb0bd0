"""Rows that are worked once: each lane in order, different lanes side by side, whichever process dies.

A row is finished in the same transaction as what it caused, so a crash before the commit leaves it waiting and a
crash after it leaves nothing to do. That is the whole guarantee: work may start twice, its outcome is saved once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, bindparam, exists, func, select, update
from sqlmodel import Session, col

from bot.leases import Leases
from bot.store import ADDED_TO, Store, UtcDateTime
from bot.tables import ActionRow, DeliveryRow, OutboxRow

Row = TypeVar("Row", DeliveryRow, OutboxRow, ActionRow)

MAX_ATTEMPTS = 5
AT_ONCE = 50
"""Rows of one lane looked at together; more wait for the next look."""
RACES = 5
"""Lanes that other processes may snatch away before a claim gives up; the next look comes soon."""


class AlreadyFinished(Exception):
    """Another worker finished this row first; what was about to be saved must not be."""


@dataclass(frozen=True)
class Queue(Generic[Row]):
    """One of the three queues. All times are aware UTC and passed in."""

    store: Store
    table: type[Row]
    leases: Leases

    @property
    def name(self) -> str:
        return str(self.table.__tablename__).removeprefix("bot_")

    def put(self, session: Session, *, key: str, lane: str, now: datetime, **values: Any) -> bool:
        """Add a row unless its key was seen before. Returns whether it is new."""
        fresh = {"state": "waiting", "attempts": 0, "error": "", "next_at": now, "created_at": now}
        result = session.execute(self.store.insert_new(self.table, key=key, lane=lane, **fresh, **values))
        session.info.setdefault(ADDED_TO, set()).add(self.name)
        return bool(result.rowcount)  # type: ignore[attr-defined]

    def claim(self, session: Session, now: datetime) -> tuple[str, Sequence[Row]] | None:
        """Take the oldest lane whose first waiting row is due and that nobody holds, with its due rows."""
        for _ in range(RACES):
            lane = session.execute(self._due, {"now": now, **self.leases.held()}).scalar()
            if lane is None:
                return None
            if self.leases.take(session, self._prefix + lane, now):
                return lane, self._rows_in_hand(session, lane, now)
        return None

    def finish(self, session: Session, row: Row, now: datetime, **values: Any) -> None:
        """Mark done, in the caller's transaction. Raises `AlreadyFinished` where another worker was faster."""
        self._leave_waiting(session, row, state="done", finished_at=now, **values)

    def postpone(self, session: Session, row: Row, now: datetime, error: str, after: float) -> None:
        """Try again in `after` seconds; the rows behind it in its lane wait too."""
        due = now + timedelta(seconds=after)
        self._leave_waiting(session, row, attempts=row.attempts + 1, error=error[:500], next_at=due)

    def bury(self, session: Session, row: Row, now: datetime, error: str) -> None:
        """Give up: the row stays as a dead letter with its reason and blocks nothing."""
        values = {"attempts": row.attempts + 1, "error": error[:500], "finished_at": now}
        self._leave_waiting(session, row, state="dead", **values)

    def release(self, session: Session, lane: str) -> None:
        self.leases.release(session, self._prefix + lane)

    def depth(self, session: Session) -> int:
        waiting = select(func.count()).select_from(self.table).where(col(self.table.state) == "waiting")
        count: int = session.execute(waiting).scalar_one()
        return count

    @property
    def _prefix(self) -> str:
        return f"{self.name}:"

    @cached_property
    def _due(self) -> Select[str]:
        """Built once: putting it together costs more than running it."""
        table, earlier = self.table, self.table.__table__.alias()  # type: ignore[attr-defined]
        behind = exists().where(
            earlier.c.lane == col(table.lane), earlier.c.state == "waiting", earlier.c.seq < col(table.seq)
        )
        is_due = col(table.next_at) <= bindparam("now", type_=UtcDateTime())
        due = select(col(table.lane)).where(col(table.state) == "waiting", is_due, ~behind)
        free = self.leases.free(self._prefix, col(table.lane))
        return due.where(free).order_by(col(table.seq)).limit(1)

    def _rows_in_hand(self, session: Session, lane: str, now: datetime) -> Sequence[Row]:
        try:
            return self._waiting(session, lane, now)
        except Exception:
            if self.leases.in_process:  # a rollback gives stored leases back, not those in memory
                self.release(session, lane)
            raise

    def _waiting(self, session: Session, lane: str, now: datetime) -> Sequence[Row]:
        table = self.table
        query = select(table).where(col(table.lane) == lane, col(table.state) == "waiting")
        due: list[Row] = []
        for row in session.execute(query.order_by(col(table.seq)).limit(AT_ONCE)).scalars():
            if row.next_at > now:
                break
            due.append(row)
        return due

    def _leave_waiting(self, session: Session, row: Row, **values: Any) -> None:
        table = self.table
        still = update(table).where(col(table.seq) == row.seq, col(table.state) == "waiting").values(**values)
        if not session.execute(still).rowcount:  # type: ignore[attr-defined]
            raise AlreadyFinished(row.key)
