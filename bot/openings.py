"""Who looked before deciding: the first time somebody opened a card's page, or one of its sources."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from bot.store import AWAY, Store
from bot.tables import OpeningRow

log = structlog.get_logger()


def had_opened(session: Session, decision: str, person: str) -> bool:
    return session.get(OpeningRow, (decision, person)) is not None


async def note(store: Store, decision: str, person: str, now: datetime) -> None:
    """Later visits write nothing. A database that takes no note is no reason to show no page."""
    try:
        if not await store.read(lambda session: had_opened(session, decision, person)):
            new = store.insert_new(OpeningRow, decision=decision, person=person, at=now)
            await store.write(lambda session: session.execute(new))
    except AWAY as error:
        log.warning("opening_not_noted", decision=decision, person=person, error=str(error))
