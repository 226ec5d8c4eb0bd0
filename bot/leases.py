"""Who works a lane: one owner at a time, and a dead owner's lanes come free by themselves."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, bindparam, delete, exists, update
from sqlmodel import Session, col

from bot.store import Store, UtcDateTime
from bot.tables import LeaseRow

LEASE = timedelta(seconds=20)
"""How long a lease lasts without renewal: the longest that a killed worker's conversation waits."""
FARTHEST = timedelta(minutes=5)
"""How far ahead another process's clock may be. A lease that ends later was written by a clock that was put back since,
and holds nothing."""


class Leases(Protocol):
    """Holds names for this process. `take` and `release` run in the caller's session."""

    in_process: bool

    def free(self, prefix: str, lane: Any) -> ColumnElement[bool]:
        """SQL condition: nobody holds `prefix + lane`. Its parameters come from `held` and the query's own `now`."""

    def held(self, now: datetime) -> Mapping[str, Any]:
        """Values of the condition's parameters."""

    def take(self, session: Session, name: str, now: datetime) -> bool: ...
    def release(self, session: Session, name: str) -> None: ...
    def renew(self, session: Session, now: datetime) -> None: ...


class InProcessLeases:
    """For one process (the embedded default): a set in memory, gone with the process as it should be."""

    in_process = True

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._alone = threading.Lock()  # taken in a store thread, released in the event loop's

    def free(self, prefix: str, lane: Any) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = (prefix + lane).not_in(bindparam("held", expanding=True))
        return condition

    def held(self, now: datetime) -> Mapping[str, Any]:
        with self._alone:
            return {"held": tuple(self._held)}

    def take(self, session: Session, name: str, now: datetime) -> bool:
        with self._alone:
            if name in self._held:
                return False
            self._held.add(name)
            return True

    def release(self, session: Session, name: str) -> None:
        with self._alone:
            self._held.discard(name)

    def renew(self, session: Session, now: datetime) -> None:
        return


class StoredLeases:
    """For many processes: rows with an end, renewed by a heartbeat.

    Only what is still in hand is renewed: a lease whose release failed (the store was away) runs out by itself.
    """

    in_process = False

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_hand: set[str] = set()
        self._alone = threading.Lock()
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def free(self, prefix: str, lane: Any) -> ColumnElement[bool]:
        ends = col(LeaseRow.until)
        still = ends > bindparam("now", type_=UtcDateTime())
        sane = ends <= bindparam("latest_end", type_=UtcDateTime())
        return ~exists().where(col(LeaseRow.name) == prefix + lane, still, sane)

    def held(self, now: datetime) -> Mapping[str, Any]:
        return {"latest_end": now + FARTHEST}

    def take(self, session: Session, name: str, now: datetime) -> bool:
        taken = self._take(session, name, now)
        if taken:
            with self._alone:
                self._in_hand.add(name)
        return taken

    def release(self, session: Session, name: str) -> None:
        with self._alone:
            self._in_hand.discard(name)
        session.execute(delete(LeaseRow).where(col(LeaseRow.name) == name, col(LeaseRow.owner) == self.owner))

    def renew(self, session: Session, now: datetime) -> None:
        with self._alone:
            names = tuple(self._in_hand)
        mine = update(LeaseRow).where(col(LeaseRow.owner) == self.owner, col(LeaseRow.name).in_(names))
        session.execute(mine.values(until=now + LEASE))

    def _take(self, session: Session, name: str, now: datetime) -> bool:
        new = self._store.insert_new(LeaseRow, name=name, owner=self.owner, until=now + LEASE)
        if session.execute(new).rowcount:  # type: ignore[attr-defined]
            return True
        ends = col(LeaseRow.until)
        free = (ends <= now) | (ends > now + FARTHEST) | (col(LeaseRow.owner) == self.owner)
        taken = update(LeaseRow).where(col(LeaseRow.name) == name, free)
        result = session.execute(taken.values(owner=self.owner, until=now + LEASE))
        return bool(result.rowcount)  # type: ignore[attr-defined]
