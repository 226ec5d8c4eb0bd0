"""Rows that are worked once: each lane in order, different lanes side by side, whichever process dies.

A row is finished in the same transaction as what it caused, so a crash before the commit leaves it waiting and a
crash after it leaves nothing to do. That is the whole guarantee: work may start twice, its outcome is saved once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Select, Update, bindparam, exists, func, select, update
from sqlmodel import Session, col

from bot.leases import Leases
from bot.store import ADDED_TO, Store, UtcDateTime
from bot.tables import ActionRow, DeliveryRow, OutboxRow

Row = TypeVar("Row", DeliveryRow, OutboxRow, ActionRow)

MAX_ATTEMPTS = 5
FARTHEST = timedelta(minutes=15)
"""No row is postponed farther. One whose time lies beyond was written by a clock that was put back since: it is due."""
AT_ONCE = 50
"""Rows of one lane looked at together; more wait for the next look."""
RACES = 5
"""Lanes that other processes may snatch away before a claim gives up; the next look comes soon."""


class AlreadyFinished(Exception):
    """Another worker finished this row first; what was about to be saved must not be."""


class Claimed(NamedTuple, Generic[Row]):
    """A lane in hand, with its due rows in order."""

    lane: str
    rows: Sequence[Row]
    is_only: bool
    """No other lane was due at that moment: the next look can wait for a wake-up."""


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
        row = {"key": key, "lane": lane, **fresh, **values}
        session.flush()  # what the row points at goes first
        result = session.execute(self.store.new_row(self.table), row)
        session.info.setdefault(ADDED_TO, set()).add(self.name)
        return bool(result.rowcount)  # type: ignore[attr-defined]

    def claim(self, session: Session, now: datetime) -> Claimed[Row] | None:
        """Take the oldest lane whose first waiting row is due and that nobody holds, with its due rows."""
        for _ in range(RACES):
            values = {"now": now, "farthest": now + FARTHEST, **self.leases.held(now)}
            lane, *others = session.execute(self._due, values).scalars().all() or [None]
            if lane is None:
                return None
            if self.leases.take(session, self._prefix + lane, now):
                return Claimed(lane, self._rows_in_hand(session, lane, now), not others)
        return None

    def finish(self, session: Session, row: Row, now: datetime, **values: Any) -> None:
        """Mark done, in the caller's transaction. Raises `AlreadyFinished` where another worker was faster."""
        self._leave_waiting(session, row, state="done", finished_at=now, **values)

    def postpone(self, session: Session, row: Row, now: datetime, error: str, after: float) -> None:
        """Try again in `after` seconds; the rows behind it in its lane wait too."""
        due = now + min(timedelta(seconds=after), FARTHEST)
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
        """The oldest lane, and whether there is a second. Built once: putting it together costs more than running it."""
        table, earlier = self.table, self.table.__table__.alias()  # type: ignore[attr-defined]
        behind = exists().where(
            earlier.c.lane == col(table.lane), earlier.c.state == "waiting", earlier.c.seq < col(table.seq)
        )
        now, farthest = bindparam("now", type_=UtcDateTime()), bindparam("farthest", type_=UtcDateTime())
        is_due = (col(table.next_at) <= now) | (col(table.next_at) > farthest)
        due = select(col(table.lane)).where(col(table.state) == "waiting", is_due, ~behind)
        free = self.leases.free(self._prefix, col(table.lane))
        return due.where(free).order_by(col(table.seq)).limit(2)

    def _rows_in_hand(self, session: Session, lane: str, now: datetime) -> Sequence[Row]:
        try:
            return self._waiting(session, lane, now)
        except Exception:
            if self.leases.in_process:  # a rollback gives stored leases back, not those in memory
                self.release(session, lane)
            raise

    def _waiting(self, session: Session, lane: str, now: datetime) -> Sequence[Row]:
        due: list[Row] = []
        for row in session.execute(self._of_lane, {"lane": lane}).scalars():
            if now < row.next_at <= now + FARTHEST:
                break
            due.append(row)
        return due

    @cached_property
    def _of_lane(self) -> Select[Any]:
        table = self.table
        waiting = select(table).where(col(table.lane) == bindparam("lane"), col(table.state) == "waiting")
        return waiting.order_by(col(table.seq)).limit(AT_ONCE)

    def dead(self, session: Session, limit: int = 100, offset: int = 0) -> Sequence[Row]:
        """The dead letters, newest first."""
        query = select(self.table).where(col(self.table.state) == "dead").order_by(col(self.table.seq).desc())
        return session.execute(query.limit(limit).offset(offset)).scalars().all()

    def dead_letters(self, session: Session) -> int:
        """How many there are."""
        count: int = session.execute(
            select(func.count()).select_from(self.table).where(col(self.table.state) == "dead")
        ).scalar_one()
        return count

    def states(self, session: Session) -> dict[str, int]:
        """How many rows are in which state."""
        count = select(col(self.table.state), func.count()).group_by(col(self.table.state))
        return {str(state): int(number) for state, number in session.execute(count).all()}

    def replay(self, session: Session, seq: int, now: datetime) -> bool:
        """Put a dead letter back in line, with all its attempts. False where there is no such dead letter."""
        table = self.table
        dead = update(table).where(col(table.seq) == seq, col(table.state) == "dead")
        values = {"state": "waiting", "attempts": 0, "next_at": now, "finished_at": None, "error": ""}
        session.info.setdefault(ADDED_TO, set()).add(self.name)
        return bool(session.execute(dead.values(**values)).rowcount)  # type: ignore[attr-defined]

    def _leave_waiting(self, session: Session, row: Row, **values: Any) -> None:
        still = self._still(frozenset(values))
        told = {f"new_{name}": value for name, value in values.items()}
        if not session.execute(still, {"this": row.seq, **told}).rowcount:  # type: ignore[attr-defined]
            raise AlreadyFinished(row.key)

    @cache  # noqa: B019 - a handful of queues that live as long as the process
    def _still(self, names: frozenset[str]) -> Update:
        table = self.table
        mine = update(table).where(col(table.seq) == bindparam("this"), col(table.state) == "waiting")
        return mine.values({name: bindparam(f"new_{name}") for name in sorted(names)})
