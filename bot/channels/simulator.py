"""The simulator as a channel: phones are rows that the page at /sim reads. Same deliveries, same cards, no platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.card import Card, Notice
from bot.channels import CardRef, ChannelRefused, Envelope, ReplyAddress, UntrustedEnvelope
from bot.store import Store
from bot.tables import SimMessageRow


class Simulator:
    """Writes what a phone would show. A message sent twice under its key is there once."""

    name = "sim"

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def open(self, envelope: Envelope) -> None:
        raise UntrustedEnvelope("no_callback", 404)  # the page speaks to the gateway directly

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        await self._store.write(lambda session: self._put(session, key, to, "bot", {"words": words}))

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        await self._store.write(lambda session: self._put(session, key, to, "card", asdict(card)))
        return CardRef({"key": key})

    async def notify(self, notice: Notice, to: str, key: str) -> None:
        await self._store.write(lambda session: self._put(session, key, to, "notice", asdict(notice)))

    async def refresh(
        self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None = None
    ) -> CardRef:
        def change(session: Session) -> bool:
            row = session.execute(
                select(SimMessageRow).where(col(SimMessageRow.key) == ref.data.get("key", ""))
            ).scalar()
            if row is not None:
                row.body, row.changed = asdict(card), self._next_change(session)
                session.add(row)
            return row is not None

        if not await self._store.write(change):
            return await self.show(card, to, f"shown-again:{card.decision}:{card.version}")
        return ref

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        raise ChannelRefused("the simulator has no calendar", "no_calendar")

    def heard(self, session: Session, person: str, words: str, key: str) -> None:
        """What the person typed, for the page to show."""
        self._put(session, key, person, "me", {"words": words})

    def since(self, session: Session, person: str, change: int) -> list[SimMessageRow]:
        """Messages that came or changed after the given change, oldest first."""
        query = select(SimMessageRow).where(
            col(SimMessageRow.person) == person, col(SimMessageRow.changed) > change
        )
        return list(session.execute(query.order_by(col(SimMessageRow.seq)).limit(200)).scalars())

    def _put(self, session: Session, key: str, person: str, kind: str, body: dict[str, Any]) -> None:
        message = {
            "key": key,
            "person": person.lower(),
            "kind": kind,
            "body": body,
            "at": self._clock(),
            "changed": self._next_change(session),
        }
        session.execute(self._store.new_row(SimMessageRow), message)

    def _next_change(self, session: Session) -> int:
        last: int | None = session.execute(select(func.max(col(SimMessageRow.changed)))).scalar()
        return (last or 0) + 1
