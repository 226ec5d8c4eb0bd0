"""Passwords for the console, kept as argon2id hashes (RFC 9106, the library's defaults)."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete
from sqlmodel import Session, col

from bot import people
from bot.errors import InvalidInput
from bot.tables import ConsoleSessionRow, PasswordRow

SHORTEST, LONGEST = 10, 200
_HASHER = PasswordHasher()


def set_password(session: Session, person: str, password: str, now: datetime) -> None:
    """Set or change it; every browser that is signed in as this person must sign in again. Raises `InvalidInput`."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(f"密码要 {SHORTEST} 到 {LONGEST} 个字符,这个有 {len(password)} 个。")
    if len(set(password)) < 4:
        raise InvalidInput("密码至少要有四个不同的字符。")
    known = people.by_id(session, person)
    session.merge(PasswordRow(person=known.id, hash=_HASHER.hash(password), changed_at=now))
    session.execute(delete(ConsoleSessionRow).where(col(ConsoleSessionRow.person) == known.id))


def is_right(session: Session, person: str, password: str) -> bool:
    """Takes as long for somebody unknown as for a wrong password: the time tells nobody who works here."""
    row = session.get(PasswordRow, person)
    try:
        _HASHER.verify(row.hash if row else _nobody(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return row is not None


def generate() -> str:
    return secrets.token_urlsafe(12)


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe())
