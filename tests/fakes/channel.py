"""A chat platform written by hand: it keeps what it was told, and is busy or refuses when a test scripts it so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.card import Card, Notice
from bot.channels import CardRef, ChannelRefused, Envelope, Handshake, Outcome, ReplyAddress


@dataclass(frozen=True)
class Sent:
    """One thing handed over: `what` is say, show, notify or refresh."""

    what: str
    to: str
    key: str = ""
    words: str = ""
    card: Card | None = None
    notice: Notice | None = None
    ref: Mapping[str, Any] | None = None
    reply_to: Mapping[str, Any] | None = None


class FakeChannel:
    """`script` holds what the next sends raise, None for one that works. `while_sending` runs before it answers."""

    name = "sim"

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.attempts = 0
        self.script: list[Exception | None] = []
        self.while_sending: Callable[[], Awaitable[None]] | None = None

    def open(self, envelope: Envelope) -> Handshake | Outcome | None:
        return None

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        await self._send(Sent("say", to, key, words=words, reply_to=reply_to.data if reply_to else None))

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        await self._send(Sent("show", to, key, card=card))
        return CardRef({"message": f"m{self.attempts}"})

    async def notify(self, notice: Notice, to: str, key: str) -> None:
        await self._send(Sent("notify", to, key, notice=notice))

    async def refresh(
        self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None = None
    ) -> CardRef:
        await self._send(
            Sent("refresh", to, card=card, ref=ref.data, reply_to=reply_to.data if reply_to else None)
        )
        return CardRef({**ref.data, "refreshed": card.version})

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        raise ChannelRefused("this platform has no calendar")

    async def _send(self, sent: Sent) -> None:
        self.attempts += 1
        outcome = self.script.pop(0) if self.script else None
        if outcome is not None:
            raise outcome
        if self.while_sending is not None:
            meanwhile, self.while_sending = self.while_sending, None
            await meanwhile()
        self.sent.append(sent)
