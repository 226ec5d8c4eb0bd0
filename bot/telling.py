"""Words to everybody of a role, wherever each of them is reached."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlmodel import Session

from bot import people
from bot.card import Notice
from bot.outbox import Outbox
from bot.people import Person, Role


def tell(
    session: Session, outbox: Outbox, roles: Collection[Role], words: str, key: str, now: datetime
) -> int:
    """Say it once (`key`) to each active person of these roles. Returns how many could be reached."""
    return sum(
        outbox.say(session, person, channel, words, f"{key}:{person.id}", now)
        for person, channel in _reached(session, outbox, roles)
    )


def notify(
    session: Session, outbox: Outbox, roles: Collection[Role], notice: Notice, key: str, now: datetime
) -> int:
    """The same with a card that only tells."""
    return sum(
        outbox.notify(session, person, channel, notice, f"{key}:{person.id}", now)
        for person, channel in _reached(session, outbox, roles)
    )


def _reached(session: Session, outbox: Outbox, roles: Collection[Role]) -> Iterator[tuple[Person, str]]:
    for person in people.everyone(session):
        channel = outbox.channel_of(person) if person.active and person.role in roles else None
        if channel is not None:
            yield person, channel
