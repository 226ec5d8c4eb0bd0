"""The app's access token: fetched once for all who wait, ahead of its end, and never in a loop.

"获取access_token" (path/91039): calling it often gets the caller blocked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.channels import ChannelBusy, ChannelRefused
from bot.sharing import SharedToken, TokenShelf

AHEAD = timedelta(minutes=5)
"""A token that ends sooner is renewed by whoever needs one."""
WARM_AHEAD = timedelta(minutes=10)
"""`warm` renews earlier, so that no message waits for a token."""
PAUSE = timedelta(minutes=1)
"""Between two fetches ahead of time (WeCom may hand out the old token again), and after a refusal."""


class Token(NamedTuple):
    value: str
    until: datetime


class Tokens:
    """`fetch` asks WeCom for a token; it raises `ChannelBusy` and `ChannelRefused`, which come through from here."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Token]],
        clock: Callable[[], datetime],
        shelf: TokenShelf | None = None,
        name: str = "wecom",
    ) -> None:
        """`shelf`: where other processes of ours leave the token they fetched."""
        self._fetch = fetch
        self._shelf, self._name = shelf, name
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._rest_until: datetime | None = None
        self._refused: ChannelRefused | None = None

    async def get(self) -> str:
        """A token that is good now."""
        return await self._good_for(AHEAD)

    async def warm(self) -> None:
        """Renew ahead of time; for a scheduler, every few minutes."""
        await self._good_for(WARM_AHEAD)

    async def renew(self, stale: str) -> str:
        """Another token than the one that WeCom just refused; whoever comes second gets the first one's."""
        async with self._lock:
            if self._token and self._token.value != stale:
                return self._token.value
            self._token = None
            return (await self._fetched(stale)).value

    async def _good_for(self, ahead: timedelta) -> str:
        if token := self._fresh(ahead):
            return token.value
        async with self._lock:
            token = self._fresh(ahead) or await self._fetched_or_still_good()
            return token.value

    def _fresh(self, ahead: timedelta) -> Token | None:
        """The token at hand, unless it ends within `ahead` and it is time to ask for another."""
        now, token = self._clock(), self._token
        if token is None or token.until <= now:
            return None
        return token if token.until - ahead > now or self._rests(now) else None

    def _rests(self, now: datetime) -> bool:
        """Not after the clock was put back: a rest lasts no longer than it was meant to."""
        return self._rest_until is not None and now < self._rest_until <= now + PAUSE

    async def _fetched_or_still_good(self) -> Token:
        try:
            return await self._fetched()
        except ChannelBusy:
            if self._token and self._token.until > self._clock():
                return self._token
            raise

    async def _fetched(self, stale: str = "") -> Token:
        now = self._clock()
        if shared := await self._shared(stale, now):
            self._token = shared
            return shared
        if self._refused and self._rests(now):
            raise self._refused
        self._rest_until, self._refused = now + PAUSE, None
        try:
            self._token = await self._fetch()
        except ChannelRefused as refused:
            self._refused = refused
            raise
        if self._shelf:
            await self._shelf.put(self._name, SharedToken(*self._token))
        return self._token

    async def _shared(self, stale: str, now: datetime) -> Token | None:
        """What another process fetched, unless it is the one that was refused or about to end."""
        found = await self._shelf.get(self._name) if self._shelf else None
        held = self._token.value if self._token else ""
        usable = found and found.value not in {stale, held} and found.until - AHEAD > now
        return Token(*found) if found and usable else None
