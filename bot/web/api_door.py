"""Who may call `/api/v1`: a bearer key with the scope that a route needs, and so many requests a second for each key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Header

from bot.errors import NotAuthenticated, TooMany
from bot.security import check_key
from bot.store import Store
from bot.tables import ApiKeyRow
from bot.web.pace import Pace


class ApiDoor:
    """Every route of integrators is entered here."""

    def __init__(self, store: Store, clock: Callable[[], datetime], per_second: float) -> None:
        self._store, self._clock = store, clock
        self._pace = Pace(per_second)

    def needs(self, scope: str) -> Callable[[str], Awaitable[ApiKeyRow]]:
        """A dependency that gives the caller's key.

        Raises `NotAuthenticated` without a valid key, `NotAllowed` where it lacks the scope, `TooMany` where it calls too often.
        """

        async def enter(authorization: Annotated[str, Header()] = "") -> ApiKeyRow:
            kind, _, key = authorization.partition(" ")
            if kind.lower() != "bearer" or not key:
                raise NotAuthenticated(
                    "send `Authorization: Bearer <key>`; create a key with `yiju keys add`"
                )
            row = await self._store.read(lambda session: check_key(session, key.strip(), scope))
            if seconds := self._pace.wait(row.id, 1, self._clock()):
                raise TooMany("requests", self._pace.per_second, seconds)
            return row

        return enter
