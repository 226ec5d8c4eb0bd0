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
from bot.channels import CardReply, Entered, Expiring, Fed, FileSent, Heard, Unsupported
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.tables import DeliveryRow
from prompts import phrase

log = structlog.get_logger()


class Works(Protocol):
    """One kind of delivery's work."""

    async def work(self, rows: Sequence[DeliveryRow]) -> None: ...


class Reception:
    """Works the queue of deliveries: the first of a lane, together with what it makes sense to take along."""

    def __init__(
        self, desk: Desk, listener: Works, feed: Works, taps: Works, files: Works, renewals: Works
    ) -> None:
        self._desk = desk
        self._listener = listener
        self._feed = feed
        self._taps = taps
        self._files = files
        self._renewals = renewals

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
        kinds = {
            "image": "图片",
            "voice": "语音",
            "video": "视频",
            "location": "位置",
            "link": "链接",
            "picture": "图片",
            "audio": "语音",
        }
        is_file = found.kind == "file"
        words = (
            phrase("unsupported_file")
            if is_file
            else phrase("unsupported", kind=kinds.get(found.kind, "这类消息"))
        )
        await self._desk.answer([row], found.sender, words)


def _opening(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 20 else plain[:20] + "…"
