"""The app's access token: one request at a time asks for it, everybody shares the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
from pydantic import BaseModel, Field

from bot.channels import ChannelBusy, UntrustedEnvelope
from bot.channels.dingtalk import problems
from bot.channels.dingtalk.payload import shaped
from bot.settings import DingTalkSettings
from bot.sharing import SharedToken, TokenShelf

RENEW_BEFORE = timedelta(minutes=5)
"""A token is renewed this long before its end; asking early returns the same one and extends it."""
WARM_BEFORE = timedelta(minutes=15)


class _Granted(BaseModel):
    access_token: str = Field(alias="accessToken", min_length=1)
    expire_in: int = Field(alias="expireIn", gt=0)


class Tokens:
    def __init__(
        self,
        settings: DingTalkSettings,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime],
        shelf: TokenShelf | None = None,
    ) -> None:
        """`shelf`: where other processes of ours leave the token they fetched."""
        self._shelf, self._name = shelf, f"dingtalk:{settings.client_id}"
        self._rejected = ""
        self._settings = settings
        self._http = http
        self._clock = clock
        self._token = ""
        self._until: datetime | None = None
        self._asking: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """A token good for some minutes. Raises `ChannelBusy`, `ChannelRefused`."""
        return self._token if self._lasts(RENEW_BEFORE) else await self._ask()

    async def warm(self) -> None:
        """For a scheduler, every few minutes: no message has to wait for a new token."""
        if not self._lasts(WARM_BEFORE):
            await self._ask()

    def forget(self, token: str) -> None:
        """The platform rejects it. A newer one that came meanwhile is kept."""
        if token == self._token:
            self._until, self._rejected = None, token

    def _lasts(self, needed: timedelta) -> bool:
        return self._until is not None and self._clock() + needed < self._until

    async def _ask(self) -> str:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._fetch())
            self._asking.add_done_callback(_seen)
        return await asyncio.shield(
            self._asking
        )  # one waiter that is cancelled does not cancel it for the others

    async def _fetch(self) -> str:
        """Page "obtain-the-access-token-of-an-internal-app"."""
        if found := await self._shared():
            self._token, self._until = found
            return self._token
        secret = self._settings.client_secret.get_secret_value()
        body = {"appKey": self._settings.client_id, "appSecret": secret}
        try:
            response = await self._http.post(f"{self._settings.api_base}/v1.0/oauth2/accessToken", json=body)
        except httpx.RequestError as error:
            raise problems.of_transport(error) from error
        if problem := problems.of_response(response):
            raise problem
        try:
            granted = shaped(_Granted, response.json())
        except UntrustedEnvelope as error:
            raise ChannelBusy("DingTalk answered without a token", "shape", 5.0) from error
        self._token, self._until = granted.access_token, self._clock() + timedelta(seconds=granted.expire_in)
        if self._shelf:
            await self._shelf.put(self._name, SharedToken(self._token, self._until))
        return self._token

    async def _shared(self) -> SharedToken | None:
        """What another process fetched, unless it was rejected or is about to end."""
        found = await self._shelf.get(self._name) if self._shelf else None
        usable = found and found.value not in {self._rejected, self._token}
        return found if found and usable and found.until - RENEW_BEFORE > self._clock() else None


def _seen(task: asyncio.Task[str]) -> None:
    """Waiters get the error; a task whose waiters are all gone must not complain at collection."""
    if not task.cancelled():
        task.exception()
