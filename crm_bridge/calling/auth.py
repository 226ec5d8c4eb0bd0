"""Who we are to a system: nothing, a fixed header, or a session that is opened once and renewed when it ends."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import httpx

Headers = Mapping[str, str]


class Auth(Protocol):
    """Headers for a call. `renews`: whether forgetting them and asking again can help after a 401."""

    renews: bool

    async def headers(self, client: httpx.AsyncClient) -> Headers: ...

    def forget(self, used: Headers) -> None:
        """These did not work any more."""


class NoAuth:
    renews = False

    async def headers(self, client: httpx.AsyncClient) -> Headers:
        return {}

    def forget(self, used: Headers) -> None: ...


class BearerAuth(NoAuth):
    """A fixed key in a header: `Authorization: Bearer …` unless said otherwise."""

    def __init__(self, token: str, header: str = "Authorization", scheme: str = "Bearer") -> None:
        self._headers = {header: f"{scheme} {token}".strip()}

    async def headers(self, client: httpx.AsyncClient) -> Headers:
        return self._headers


class BasicAuth(BearerAuth):
    def __init__(self, user: str, password: str) -> None:
        super().__init__(base64.b64encode(f"{user}:{password}".encode()).decode(), scheme="Basic")


class SignInAuth:
    """A session: `sign_in` is called once for many waiting calls, and again after one was told that it ended.

    `sign_in` gets the bare client and may raise `CrmUnavailable`.
    """

    renews = True

    def __init__(self, sign_in: Callable[[httpx.AsyncClient], Awaitable[Headers]]) -> None:
        self._sign_in = sign_in
        self._held: Headers | None = None
        self._lock: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    async def headers(self, client: httpx.AsyncClient) -> Headers:
        if self._held is None:
            async with self._single():
                if self._held is None:
                    self._held = await self._sign_in(client)
        return self._held

    def forget(self, used: Headers) -> None:
        """Only what is still held: of many calls told at once the first one counts."""
        if self._held is used:
            self._held = None

    def _single(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if self._lock is None or self._lock[0] is not loop:
            self._lock = loop, asyncio.Lock()
        return self._lock[1]
