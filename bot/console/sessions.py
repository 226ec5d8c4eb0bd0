"""Who is signed in to the console: a random token in a cookie, its hash in the store, gone after a time of silence."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie

from sqlalchemy import delete
from sqlmodel import Session, col

from bot import people
from bot.people import Person
from bot.store import Store
from bot.tables import ConsoleSessionRow

COOKIE = "yiju_console"
LASTS = timedelta(hours=12)
SILENCE = timedelta(hours=2)
NOTED_EVERY = timedelta(minutes=1)
"""How often a visit is written down: not at every click."""


class Sessions:
    """A new token at every sign-in, so that one planted before it is worth nothing."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def start(self, person: str, by: str) -> str:
        """Sign a browser in; returns the token for its cookie."""
        token, now = secrets.token_urlsafe(32), self._clock()
        row = ConsoleSessionRow(
            id=_hash(token), person=person, by=by, created_at=now, seen_at=now, until=now + LASTS
        )

        def save(session: Session) -> None:
            session.execute(delete(ConsoleSessionRow).where(col(ConsoleSessionRow.until) < now))
            session.add(row)

        await self._store.write(save)
        return token

    async def who(self, token: str, *, visits: bool = True) -> Person | None:
        """The active person behind a token that has not run out. `visits` is False where nobody touched anything."""
        if not token:
            return None
        now = self._clock()

        def look(session: Session) -> tuple[Person, bool] | None:
            row = session.get(ConsoleSessionRow, _hash(token))
            if row is None or row.until < now or row.seen_at + SILENCE < now:
                return None
            person = people.find(session, row.person)
            return (person, row.seen_at + NOTED_EVERY < now) if person and person.active else None

        found = await self._store.read(look)
        if found is None:
            return None
        if found[1] and visits:
            await self._store.write(lambda session: self._note(session, token, now))
        return found[0]

    async def end(self, token: str) -> None:
        await self._store.write(
            lambda session: session.execute(
                delete(ConsoleSessionRow).where(col(ConsoleSessionRow.id) == _hash(token))
            )
        )

    def _note(self, session: Session, token: str, now: datetime) -> None:
        row = session.get(ConsoleSessionRow, _hash(token))
        if row is not None:
            row.seen_at = now
            session.add(row)


def token_of(cookies: str) -> str:
    """The console's token in a Cookie header."""
    jar = SimpleCookie()
    try:
        jar.load(cookies)
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
