"""How each connection to another system fares: when it last worked, when and why it last failed. Every process writes, the console reads.

What is written is little: a change at once, the same again once a minute. Nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.channels import ChannelError
from bot.store import Store
from bot.tables import ConnectionRow

log = structlog.get_logger()
AGAIN_AFTER = timedelta(seconds=60)
LONGEST = 500
Heard = Callable[[str, Exception | None], None]


def nobody_listens(name: str, error: Exception | None) -> None:
    """Where nothing is kept of how calls went."""


class Connections:
    """Hears how calls went."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._noted: dict[str, tuple[str, datetime]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._order = asyncio.Lock()  # what came first is written first, and a first row once

    def heard(self, name: str, error: Exception | None) -> None:
        """A call of this system worked, or failed with that error. Call it where an event loop runs."""
        now, kind = self._clock(), _kind(error)
        known, at = self._noted.get(name, (None, now))
        if known == kind and now - at < AGAIN_AFTER:
            return
        self._noted[name] = (kind, now)
        writing = asyncio.get_running_loop().create_task(self._write(name, error, now))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def written_down(self) -> None:
        """Until everything heard is written."""
        await asyncio.gather(*self._writing)

    async def _write(self, name: str, error: Exception | None, now: datetime) -> None:
        try:
            async with self._order:
                await self._store.write(lambda session: record(session, name, now, error))
        except (SQLAlchemyError, RuntimeError) as away:  # the store is away, or closing
            self._noted.pop(name, None)
            log.warning("connection_not_noted", name=name, reason=type(away).__name__)


def record(session: Session, name: str, now: datetime, error: Exception | None = None) -> None:
    """Keep that it worked or failed now."""
    row = session.get(ConnectionRow, name) or ConnectionRow(name=name)
    if error is None:
        row.worked_at = now
    else:
        row.failed_at, row.kind, row.error = now, _kind(error), str(error)[:LONGEST]
    session.add(row)


def _kind(error: Exception | None) -> str:
    """The platform's own code where there is one, otherwise the kind of error; empty where it worked."""
    if error is None:
        return ""
    return error.code or type(error).__name__ if isinstance(error, ChannelError) else type(error).__name__
