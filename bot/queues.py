"""Rows that are worked once: each lane in order, different lanes side by side, whichever process dies.

A lane is held by a lease that its owner renews; rows are finished in the same transaction as what they caused, so
a crash before the commit leaves the row waiting and a crash after it leaves nothing to do. That is the whole
guarantee: work may start twice, its outcome is saved once.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import delete, exists, func, select, update
from sqlmodel import Session, col

from bot.store import Store
from bot.tables import ActionRow, DeliveryRow, LeaseRow, OutboxRow

Row = TypeVar("Row", DeliveryRow, OutboxRow, ActionRow)

LEASE = timedelta(seconds=20)
MAX_ATTEMPTS = 5


class AlreadyFinished(Exception):
    """Another worker finished this row first; what was about to be saved must not be."""


def owner_name() -> str:
    """Unique per process; host and process id let a restart recognise leases of its dead predecessor."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Queue(Generic[Row]):
    """One of the three queues. All times are aware UTC and passed in."""

    store: Store
    table: type[Row]
    owner: str

    def put(self, session: Session, *, key: str, lane: str, now: datetime, **values: Any) -> bool:
        """Add a row unless its key was seen before. Returns whether it is new."""
        row = {"key": key, "lane": lane, "next_at": now, "created_at": now, "state": "waiting", "attempts": 0, "error": ""}
        result = session.execute(self.store.insert_new(self.table, **row, **values))
        return bool(result.rowcount)  # type: ignore[attr-defined]

    def claim(self, session: Session, now: datetime) -> str | None:
        """Take the lane whose first waiting row is due and that nobody holds, oldest first."""
        table, first = self.table, self.table.__table__.alias()  # type: ignore[attr-defined]
        not_first = exists().where(
            first.c.lane == col(table.lane), first.c.state == "waiting", first.c.seq < col(table.seq)
        )
        held = exists().where(
            col(LeaseRow.name) == self._lease_prefix + col(table.lane), col(LeaseRow.until) > now
        )
        due = (
            select(col(table.lane))
            .where(col(table.state) == "waiting", col(table.next_at) <= now, ~not_first, ~held)
            .order_by(col(table.seq))
            .limit(1)
        )
        lane = session.execute(due).scalar()
        return lane if lane is not None and self._lease(session, lane, now) else None

    def waiting(self, session: Session, lane: str, now: datetime) -> Sequence[Row]:
        """The lane's rows in order, up to the first that is not due yet."""
        table = self.table
        rows = session.execute(
            select(table).where(col(table.lane) == lane, col(table.state) == "waiting").order_by(col(table.seq)).limit(50)
        ).scalars()
        due: list[Row] = []
        for row in rows:
            if row.next_at > now:
                break
            due.append(row)
        return due

    def finish(self, session: Session, row: Row, now: datetime, **values: Any) -> None:
        """Mark done, in the caller's transaction. Raises `AlreadyFinished` where another worker was faster."""
        self._leave_waiting(session, row, state="done", finished_at=now, **values)

    def postpone(self, session: Session, row: Row, now: datetime, error: str, after: float) -> None:
        """Try again in `after` seconds; the rows behind it in its lane wait too."""
        values = {"attempts": row.attempts + 1, "error": error[:500], "next_at": now + timedelta(seconds=after)}
        self._leave_waiting(session, row, state="waiting", **values)

    def bury(self, session: Session, row: Row, now: datetime, error: str) -> None:
        """Give up: the row stays as a dead letter with its reason and blocks nothing."""
        attempts = row.attempts + 1
        self._leave_waiting(session, row, state="dead", finished_at=now, attempts=attempts, error=error[:500])

    def release(self, session: Session, lane: str) -> None:
        session.execute(delete(LeaseRow).where(*self._mine(lane)))

    def renew(self, session: Session, now: datetime) -> None:
        """Keep every lease of this process; called by a heartbeat well within `LEASE`."""
        mine = update(LeaseRow).where(col(LeaseRow.owner) == self.owner).values(until=now + LEASE)
        session.execute(mine)

    def depth(self, session: Session) -> int:
        waiting = select(func.count()).select_from(self.table).where(col(self.table.state) == "waiting")
        return session.execute(waiting).scalar_one()

    @property
    def _lease_prefix(self) -> str:
        return f"{self.table.__tablename__}:"

    def _mine(self, lane: str) -> tuple[Any, Any]:
        return col(LeaseRow.name) == self._lease_prefix + lane, col(LeaseRow.owner) == self.owner

    def _lease(self, session: Session, lane: str, now: datetime) -> bool:
        return take_lease(self.store, session, self._lease_prefix + lane, self.owner, now)

    def _leave_waiting(self, session: Session, row: Row, **values: Any) -> None:
        table = self.table
        still = update(table).where(col(table.seq) == row.seq, col(table.state) == "waiting").values(**values)
        if not session.execute(still).rowcount:  # type: ignore[attr-defined]
            raise AlreadyFinished(row.key)


def take_lease(store: Store, session: Session, name: str, owner: str, now: datetime) -> bool:
    """Hold `name` until now + LEASE unless somebody else does. Also used for the scheduler's leadership."""
    if session.execute(store.insert_new(LeaseRow, name=name, owner=owner, until=now + LEASE)).rowcount:  # type: ignore[attr-defined]
        return True
    free = (col(LeaseRow.until) <= now) | (col(LeaseRow.owner) == owner)
    taken = update(LeaseRow).where(col(LeaseRow.name) == name, free).values(owner=owner, until=now + LEASE)
    return bool(session.execute(taken).rowcount)  # type: ignore[attr-defined]


def drop_leases_of_the_dead(session: Session, is_alive: Callable[[int], bool]) -> int:
    """On one host, leases of processes that are gone need not run out. Returns how many were dropped."""
    here = socket.gethostname() + ":"
    dead = [
        row.name
        for row in session.execute(select(LeaseRow).where(col(LeaseRow.owner).startswith(here))).scalars()
        if not is_alive(int(row.owner.split(":")[1]))
    ]
    session.execute(delete(LeaseRow).where(col(LeaseRow.name).in_(dead)))
    return len(dead)
