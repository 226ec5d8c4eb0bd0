"""Words to everybody of a role, wherever each of them is reached."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from bot import people
from bot.outbox import Outbox
from bot.people import Role


def tell(
    session: Session, outbox: Outbox, roles: Collection[Role], words: str, key: str, now: datetime
) -> int:
    """Say it once (`key`) to each active person of these roles. Returns how many could be reached."""
    told = 0
    for person in people.everyone(session):
        channel = outbox.channel_of(person) if person.active and person.role in roles else None
        if channel is not None:
            told += outbox.say(session, person, channel, words, f"{key}:{person.id}", now)
    return told
