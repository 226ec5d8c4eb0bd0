"""Calls of the WeCom API: with a token, a limit on how many at once, and an exception that says what to do next."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.channels import ChannelBusy, ChannelRefused, Downloaded
from bot.channels.bodies import within
from bot.channels.wecom import media
from bot.channels.wecom.errcodes import STALE_TOKEN, error_for
from bot.channels.wecom.tokens import Token, Tokens
from bot.settings import WeComSettings
from bot.sharing import TokenShelf

TIMEOUT = httpx.Timeout(5.0, connect=3.0)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_SECRET = re.compile(r"((?:access_token|corpsecret)=)[^&\s\"]+")


class OutcomeUnknown(ChannelBusy):
    """The request may have reached WeCom, its answer did not reach us."""


class Client:
    def __init__(
        self,
        settings: WeComSettings,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime],
        parallel: int = 8,
        jitter: Callable[[], float] = random.random,
        shelf: TokenShelf | None = None,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._free = asyncio.Semaphore(parallel)
        self._jitter = jitter
        self.tokens = Tokens(self._fetch_token, clock, shelf, f"wecom:{settings.corp_id}:{settings.agent_id}")
        logging.getLogger("httpx").addFilter(hide_secrets)

    async def call(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """POST to `/cgi-bin/<path>`; the answer, where its errcode is 0. A refused token is renewed once.

        Raises `ChannelBusy` (`OutcomeUnknown` where it may have worked) and `ChannelRefused`.
        """
        return await self._authorised("POST", path, {}, json=dict(body))

    async def get(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """The same for what is asked by GET."""
        return await self._authorised("GET", path, params)

    async def media(self, media_id: str, most: int) -> Downloaded:
        """ "获取临时素材", path/90254: the file itself, or JSON where it cannot be had."""
        token = await self.tokens.get()
        got = await self._file(token, media_id, most)
        if not isinstance(got, Downloaded) and _code(got) in STALE_TOKEN:
            got = await self._file(await self.tokens.renew(token), media_id, most)
        if isinstance(got, Downloaded):
            return got
        self._checked(got, "media/get")
        raise ChannelRefused("WeCom answered media/get with JSON that is no file", "no_file")

    async def _file(self, token: str, media_id: str, most: int) -> Downloaded | Mapping[str, Any]:
        url = f"{self._settings.api_base.rstrip('/')}/cgi-bin/media/get"
        params = {"access_token": token, "media_id": media_id}
        try:
            async with (
                self._free,
                self._http.stream(
                    "GET", url, params=params, timeout=TIMEOUT, follow_redirects=False
                ) as response,
            ):
                if media.is_file(response):
                    return Downloaded(await within(response, most), media.name_of(response))
                await response.aread()
                return _body(response, "media/get")
        except httpx.TransportError as error:
            raise ChannelBusy(f"WeCom did not give the file: {type(error).__name__}") from error

    async def _authorised(
        self, method: str, path: str, params: Mapping[str, str], **options: Any
    ) -> Mapping[str, Any]:
        token = await self.tokens.get()
        answer = await self._exchange(method, path, params={"access_token": token, **params}, **options)
        if _code(answer) in STALE_TOKEN:
            token = await self.tokens.renew(token)
            answer = await self._exchange(method, path, params={"access_token": token, **params}, **options)
        return self._checked(answer, path)

    async def _fetch_token(self) -> Token:
        """ "获取access_token", path/91039."""
        secret = self._settings.secret.get_secret_value()
        params = {"corpid": self._settings.corp_id, "corpsecret": secret}
        asked_at = self._clock()
        answer = self._checked(await self._exchange("GET", "gettoken", params=params), "gettoken")
        if not answer.get("access_token"):
            raise ChannelBusy("WeCom answered gettoken without a token; try again", after=5.0)
        lasts = timedelta(seconds=float(answer.get("expires_in", 7200)))
        return Token(str(answer["access_token"]), asked_at + lasts)

    async def _exchange(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        url = f"{self._settings.api_base.rstrip('/')}/cgi-bin/{path}"
        try:
            async with self._free:
                response = await self._http.request(method, url, timeout=TIMEOUT, **options)
        except _NEVER_SENT as error:
            raise ChannelBusy(f"WeCom cannot be reached for {path}: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise OutcomeUnknown(f"WeCom did not answer {path}: {type(error).__name__}") from error
        return _body(response, path)

    def _checked(self, answer: Mapping[str, Any], path: str) -> Mapping[str, Any]:
        if (code := _code(answer)) == 0:
            return answer
        error = error_for(code, str(answer.get("errmsg", "")), path)
        if isinstance(error, ChannelBusy):
            error.after *= 1 + self._jitter()  # so that all who were turned away do not come back together
        raise error


def _body(response: httpx.Response, path: str) -> Mapping[str, Any]:
    """WeCom answers 200 with an errcode even to errors; anything else is a gateway on the way."""
    if response.status_code >= 500:
        raise OutcomeUnknown(
            f"WeCom answered HTTP {response.status_code} to {path}", str(response.status_code)
        )
    if response.status_code == 429:
        raise ChannelBusy(f"WeCom answered HTTP 429 to {path}", "429", after=60.0)
    if response.status_code != 200:
        message = f"WeCom answered HTTP {response.status_code} to {path}; check YIJU_WECOM__API_BASE"
        raise ChannelRefused(message, str(response.status_code), alert=True)
    try:
        body = response.json()
    except ValueError as error:
        raise OutcomeUnknown(f"WeCom answered {path} with something that is not JSON") from error
    if not isinstance(body, dict):
        raise OutcomeUnknown(f"WeCom answered {path} with JSON that is no object")
    return body


def _code(answer: Mapping[str, Any]) -> int:
    return int(answer.get("errcode", 0))


def hide_secrets(record: logging.LogRecord) -> bool:
    """httpx logs the address of every call, and WeCom's addresses carry the token and the secret."""
    if isinstance(record.args, tuple):
        record.args = tuple(_hidden(value) for value in record.args)
    return True


def _hidden(value: object) -> object:
    return _SECRET.sub(r"\1***", str(value)) if isinstance(value, httpx.URL | str) else value
