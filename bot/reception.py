"""Takes what channels bring: who speaks, whose words they are, about which customer; then a card, an answer, or a question.

Each delivery ends in one transaction that saves what came of it and finishes its row, so a crash leaves either nothing
or everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog
from sqlmodel import Session

from bot import people, turns
from bot.channels import (
    CardReply,
    Entered,
    Expiring,
    Fed,
    FileSent,
    Happened,
    Heard,
    Hinted,
    Inquired,
    Signalled,
    Unsupported,
)
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.tables import DeliveryRow
from prompts import phrase

log = structlog.get_logger()
KINDS = {
    "image": "kind_picture",
    "picture": "kind_picture",
    "voice": "kind_voice",
    "audio": "kind_voice",
    "video": "kind_video",
    "location": "kind_location",
    "link": "kind_link",
}
"""What platforms call a message, and the phrase that names it."""


class Works(Protocol):
    """One kind of delivery's work."""

    async def work(self, rows: Sequence[DeliveryRow]) -> None: ...


class Reception:
    """Works the queue of deliveries: the first of a lane, together with what it makes sense to take along."""

    def __init__(
        self,
        desk: Desk,
        listener: Works,
        feed: Works,
        taps: Works,
        files: Works,
        renewals: Works,
        events: Works,
        signals: Works,
        inquiries: Works,
        hints: Works,
    ) -> None:
        self._desk = desk
        self._listener = listener
        self._feed = feed
        self._taps = taps
        self._files = files
        self._renewals = renewals
        self._events = events
        self._signals = signals
        self._inquiries = inquiries
        self._hints = hints

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        row, outcome = rows[0], outcome_of(rows[0])
        log.info("delivery_taken", key=row.key, channel=row.channel, kind=row.kind, attempt=row.attempts + 1)
        match outcome:
            case Heard():
                await self._listener.work(rows)
            case CardReply():
                await self._taps.work(rows[:1])
            case Fed():
                await self._feed.work(rows)
            case FileSent():
                await self._files.work(rows[:1])
            case Expiring():
                await self._renewals.work(rows[:1])
            case Happened():
                await self._events.work(rows[:1])
            case Hinted():
                await self._hints.work(rows[:1])
            case Signalled():
                await self._signals.work(rows[:1])
            case Inquired():
                await self._inquiries.work(rows[:1])
            case Entered():
                await self._greet(row, outcome)
            case Unsupported():
                await self._unsupported(row, outcome)

    def give_up(self, session: Session, row: DeliveryRow, error: str) -> None:
        """The delivery is being buried: its sender and the admins are told, nothing is silent."""
        outcome, desk, now = outcome_of(row), self._desk, self._desk.clock()
        words = _opening(outcome.text) if isinstance(outcome, Heard) else "…"
        if outcome.sender and row.channel != "feed":
            desk.say(session, row, outcome.sender, phrase("dead_letter", words=words))
        notice = phrase("dead_letter_notice", channel=row.channel, key=row.key, error=error[:200])
        for admin in people.admins(session):
            channel = desk.outbox.channel_of(admin)
            if channel:
                desk.outbox.say(session, admin, channel, notice, f"{row.key}:dead:{admin.id}", now)

    async def _greet(self, row: DeliveryRow, entered: Entered) -> None:
        def save(session: Session) -> None:
            desk, now = self._desk, self._desk.clock()
            person = people.by_address(session, row.channel, entered.sender)
            if person is not None:
                known = turns.conversation(session, entered.conversation, row.channel, person.id, now)
                if known.greeted_on != now.date():
                    desk.say(session, row, entered.sender, phrase("greeting", name=person.name))
                    turns.keep(session, known, now, greeted_on=now.date())
            desk.finish(session, [row])

        await self._desk.store.write(save)

    async def _unsupported(self, row: DeliveryRow, found: Unsupported) -> None:
        whole = {"file": "unsupported_file", "group": "unsupported_group"}.get(found.kind)
        words = (
            phrase(whole)
            if whole
            else phrase("unsupported", kind=phrase(KINDS.get(found.kind, "kind_other")))
        )
        await self._desk.answer([row], found.sender, words)


def _opening(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 20 else plain[:20] + "…"
