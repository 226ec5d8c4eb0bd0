"""Where an AI bot may answer: it cannot write first, so every callback's address is kept until it is used or runs out.

A message brings a `response_url` that serves once within an hour; a tap and an opened chat are answered in the very
response to their callback, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from bot.channels import CardReply, Entered, Outcome
from bot.store import Store
from bot.tables import BotAddressRow

URL_LASTS = timedelta(minutes=58)
"""An hour by the platform; what is sent at its last second may come too late."""
RESPONSE_WITHIN = timedelta(seconds=4)
"""The platform drops the callback after five seconds."""
RESPONSE = "response"
URL = "url"


@dataclass(frozen=True)
class Address:
    """A claimed address. `again`: the same message claimed it before, so it may have been sent."""

    key: str
    kind: str
    again: bool


class Addresses:
    """The kept addresses, shared by whoever takes callbacks and whoever sends."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def keep(self, session: Session, outcome: Outcome) -> None:
        """Keep what a callback brought, in the transaction that keeps the callback itself."""
        now = self._clock()
        session.execute(delete(BotAddressRow).where(col(BotAddressRow.until) < now - timedelta(hours=1)))
        data = getattr(outcome, "reply_to", None)
        if data is not None and (url := data.data.get("response_url")):
            self._add(session, url, URL, outcome, now + URL_LASTS)
        if isinstance(outcome, CardReply | Entered):
            self._add(session, outcome.key, RESPONSE, outcome, now + RESPONSE_WITHIN)

    async def claim_response(self, callback: str, message: str, body: Mapping[str, Any]) -> bool:
        """Answer a callback whose sender still waits with this body. False: nobody waits any more."""

        def fill(session: Session) -> bool:
            now = self._clock()
            row = session.get(BotAddressRow, callback)
            if row is None or row.until < now or row.taken_by not in {None, message}:
                return False
            row.taken_by, row.body = message, dict(body)
            session.add(row)
            return True

        return await self._store.write(fill)

    async def waiting(self, recipient: str) -> str | None:
        """The callback of this person (an opened chat) that still waits for its answer."""
        return await self._store.read(lambda session: self._waiting(session, recipient))

    async def claim_url(self, recipient: str, message: str, wanted: str = "") -> Address | None:
        """The address for this message: the wanted one while it is free, else the person's newest. None: there is none."""
        return await self._store.write(lambda session: self._claim(session, recipient, message, wanted))

    async def answered(self, callback: str) -> dict[str, Any] | None:
        """The body that was put into a callback's response, once it is there."""

        def look(session: Session) -> dict[str, Any] | None:
            row = session.get(BotAddressRow, callback)
            return row.body if row is not None else None

        return await self._store.read(look)

    async def close(self, callback: str) -> dict[str, Any] | None:
        """The response goes out now, with what is there; nothing may be put into it any more."""

        def shut(session: Session) -> dict[str, Any] | None:
            row = session.get(BotAddressRow, callback)
            if row is None:
                return None
            row.until = self._clock() - timedelta(seconds=1)
            session.add(row)
            return row.body

        return await self._store.write(shut)

    def _add(self, session: Session, key: str, kind: str, outcome: Outcome, until: datetime) -> None:
        session.merge(
            BotAddressRow(key=key, kind=kind, recipient=outcome.sender.lower(), at=self._clock(), until=until)
        )

    def _waiting(self, session: Session, recipient: str) -> str | None:
        query = select(col(BotAddressRow.key)).where(
            col(BotAddressRow.recipient) == recipient.lower(),
            col(BotAddressRow.kind) == RESPONSE,
            col(BotAddressRow.taken_by).is_(None),
            col(BotAddressRow.until) > self._clock(),
        )
        key: str | None = session.execute(query.order_by(col(BotAddressRow.at).desc())).scalars().first()
        return key

    def _claim(self, session: Session, recipient: str, message: str, wanted: str) -> Address | None:
        mine = col(BotAddressRow.kind) == URL, col(BotAddressRow.recipient) == recipient.lower()
        had = session.execute(select(BotAddressRow).where(*mine, col(BotAddressRow.taken_by) == message))
        if row := had.scalars().first():
            return Address(row.key, URL, again=True)
        free = *mine, col(BotAddressRow.taken_by).is_(None), col(BotAddressRow.until) > self._clock()
        rows = session.execute(select(BotAddressRow).where(*free).order_by(col(BotAddressRow.at).desc()))
        found = rows.scalars().all()
        row = next((one for one in found if one.key == wanted), found[0] if found else None)
        if row is None:
            return None
        claimed = session.execute(
            update(BotAddressRow)
            .where(col(BotAddressRow.key) == row.key, col(BotAddressRow.taken_by).is_(None))
            .values(taken_by=message)
        )
        return Address(row.key, URL, again=False) if claimed.rowcount else None  # type: ignore[attr-defined]
