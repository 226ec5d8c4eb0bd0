"""What is to be sent, as rows in the transaction that decided to send it. Keys make every message go out once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from bot.card import Notice
from bot.channels import ReplyAddress
from bot.decision import Decision
from bot.people import Person
from bot.queues import Queue
from bot.tables import CardRow, OutboxRow


@dataclass(frozen=True)
class Outbox:
    """Adds messages to the queue; `bot/sender.py` hands them to the platforms, each recipient's in order."""

    queue: Queue[OutboxRow]
    channels: frozenset[str]
    """Names of the channels that are on."""

    def say(
        self,
        session: Session,
        to: Person,
        channel: str,
        words: str,
        key: str,
        now: datetime,
        reply_to: ReplyAddress | None = None,
    ) -> bool:
        """Words to a person on a channel. False where the person cannot be reached there or heard it already."""
        address = to.address(channel)
        return bool(address) and self.say_to_address(
            session, address or "", channel, words, key, now, reply_to
        )

    def say_to_address(
        self,
        session: Session,
        address: str,
        channel: str,
        words: str,
        key: str,
        now: datetime,
        reply_to: ReplyAddress | None = None,
    ) -> bool:
        payload = {"words": words, "reply_to": dict(reply_to.data) if reply_to else {}}
        return self._put(session, f"say:{key}", channel, address, "say", now, payload=payload)

    def notify(
        self, session: Session, to: Person, channel: str, notice: Notice, key: str, now: datetime
    ) -> bool:
        """A card that only tells. False where the person cannot be reached there or has it already."""
        address = to.address(channel)
        return bool(address) and self._put(
            session, f"notice:{key}", channel, address or "", "notice", now, payload=asdict(notice)
        )

    def card(self, session: Session, decision: Decision, to: Person, now: datetime) -> bool:
        address = to.address(decision.channel)
        if not address:
            return False
        return self._put(
            session,
            f"card:{decision.id}:{address}",
            decision.channel,
            address,
            "card",
            now,
            decision=decision.id,
            payload={},
        )

    def refresh(
        self, session: Session, decision: Decision, now: datetime, tap: Tap | None = None, because: str = ""
    ) -> None:
        """Bring every shown copy of the card up to date; the tapped one with the code its tap brought.

        Once per version of the decision, and once more for each reason (`because`) that changes the card without it.
        """
        shown = session.execute(select(CardRow).where(col(CardRow.decision) == decision.id)).scalars().all()
        addresses = {card.recipient.lower(): (card.channel, card.recipient) for card in shown}
        if tap:  # a tap proves that the card was shown, even where a crash lost our note of it
            addresses.setdefault(tap.address.lower(), (decision.channel, tap.address))
        for folded, (channel, address) in addresses.items():
            mine = tap if tap and tap.address.lower() == folded else None
            once_per = ":".join(part for part in (because, mine.key if mine else "") if part)
            key = f"refresh:{decision.id}:{decision.version}:{folded}" + (f":{once_per}" if once_per else "")
            payload = {"reply_to": dict(mine.reply_to.data) if mine else {}}
            self._put(session, key, channel, address, "refresh", now, decision=decision.id, payload=payload)

    def keep_code(self, session: Session, decision: Decision, tap: Tap | None) -> None:
        """Save the code that a tap brought for the next refresh: it changes the card once, so not for an interim state."""
        if tap is None or not tap.reply_to.data:
            return
        shown = session.execute(select(CardRow).where(col(CardRow.decision) == decision.id)).scalars()
        for card in shown:
            if card.recipient.lower() == tap.address.lower():
                card.ref = {**card.ref, **tap.reply_to.data}
                session.add(card)

    def channel_of(self, person: Person) -> str | None:
        """Where the person is reached first: where they spoke last, if that channel is on, else any that is."""
        if person.last_channel in self.channels and person.address(person.last_channel or ""):
            return person.last_channel
        order = ("wecom", "dingtalk", "sim", "wecom_bot")  # an AI bot can only answer
        return next((name for name in order if name in self.channels and person.address(name)), None)

    def _put(
        self, session: Session, key: str, channel: str, address: str, kind: str, now: datetime, **values: Any
    ) -> bool:
        lane = f"{channel}:{address.lower()}"
        return self.queue.put(
            session, key=key, lane=lane, now=now, channel=channel, recipient=address, kind=kind, **values
        )


@dataclass(frozen=True)
class Tap:
    """The tap that caused a refresh: who, and the platform's one-time address for that very card."""

    key: str
    address: str
    reply_to: ReplyAddress
