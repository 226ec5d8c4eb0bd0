"""What processes share besides queues: access tokens, and how much a platform may be sent.

In one process both live in memory; in several they are rows, so that a limit holds for all of them together.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import case, select, update
from sqlmodel import Session, col

from bot.store import Store
from bot.tables import AllowanceRow, SharedTokenRow


class SharedToken(NamedTuple):
    value: str
    until: datetime


class TokenShelf(Protocol):
    """Where a process leaves an access token for the others."""

    async def get(self, name: str) -> SharedToken | None: ...
    async def put(self, name: str, token: SharedToken) -> None: ...


class Allowance(Protocol):
    """A leaky bucket: `burst` at once, and that many again over `seconds`."""

    async def take(self, name: str, wanted: int, burst: int, seconds: float) -> float:
        """0 where there is room for that many together, else the seconds until there is; then nothing was taken."""


class TryCount(Allowance, Protocol):
    """An allowance of tries: what turns out right is not counted."""

    async def give_back(self, name: str, amount: int) -> None: ...


class StoredTokens:
    """Implements `TokenShelf` by rows, encrypted: a copy of the database opens no platform."""

    def __init__(self, store: Store, secret: str) -> None:
        self._store = store
        self._cipher = Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"tokens:{secret}".encode()).digest()))

    async def get(self, name: str) -> SharedToken | None:
        def look(session: Session) -> SharedToken | None:
            row = session.get(SharedTokenRow, name)
            return SharedToken(row.sealed, row.until) if row else None

        found = await self._store.read(look)
        try:
            return found and found._replace(value=self._cipher.decrypt(found.value).decode())
        except InvalidToken:
            return None  # sealed with another secret: it was changed, and a new token costs one call

    async def put(self, name: str, token: SharedToken) -> None:
        sealed = self._cipher.encrypt(token.value.encode()).decode()
        await self._store.write(
            lambda session: session.merge(SharedTokenRow(name=name, sealed=sealed, until=token.until))
        )


class StoredAllowance:
    """Implements `Allowance` by a row for each name, locked while it is counted."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def take(self, name: str, wanted: int, burst: int, seconds: float) -> float:
        return await self._store.write(lambda session: self._take(session, name, wanted, burst, seconds))

    async def give_back(self, name: str, amount: int) -> None:
        """Undo a `take`."""
        less = update(AllowanceRow).where(col(AllowanceRow.name) == name)
        level = case((col(AllowanceRow.level) > amount, col(AllowanceRow.level) - amount), else_=0.0)
        await self._store.write(lambda session: session.execute(less.values(level=level)))

    def _take(self, session: Session, name: str, wanted: int, burst: int, seconds: float) -> float:
        now = self._clock()
        session.execute(self._store.insert_new(AllowanceRow, name=name, level=0.0, at=now))
        row = session.execute(
            select(AllowanceRow).where(col(AllowanceRow.name) == name).with_for_update()
        ).scalar_one()
        row.at = min(
            row.at, now
        )  # where the clock was put back, nothing would run out of the bucket until then
        passed: float = (now - row.at).total_seconds()
        level: float = max(0.0, row.level - passed * burst / seconds)
        if level + wanted > burst:
            return (level + wanted - burst) * seconds / burst
        row.level, row.at = level + wanted, now
        session.add(row)
        return 0.0
