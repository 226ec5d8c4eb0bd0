"""Calls DingTalk's two APIs: token, limits, errors. What a call means is said elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx
from aiolimiter import AsyncLimiter

from bot.channels import ChannelBusy, ChannelError
from bot.channels.bodies import within
from bot.channels.dingtalk import problems
from bot.channels.dingtalk.tokens import Tokens
from bot.settings import DingTalkSettings
from bot.sharing import Allowance, TokenShelf

PER_SECOND = 20
"""Calls of one API in a second; what the standard edition allows (page "call-frequency-limit")."""


class Client:
    """Raises `ChannelBusy` or `ChannelRefused`, whatever goes wrong. A rejected token is renewed once."""

    def __init__(
        self,
        settings: DingTalkSettings,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime],
        per_second: float = PER_SECOND,
        shelf: TokenShelf | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """`shelf` and `allowance`: what is shared with other processes that send for the same app."""
        self.http = http
        self.tokens = Tokens(settings, http, clock, shelf)
        self._settings = settings
        self._allowance, self._per_second = allowance, per_second
        self._limits: defaultdict[str, AsyncLimiter] = defaultdict(lambda: AsyncLimiter(per_second, 1))

    async def call(
        self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The new API: token in a header, errors as `code` with an HTTP status."""

        async def attempt(token: str) -> httpx.Response:
            marked = {"x-acs-dingtalk-access-token": token, **(headers or {})}
            return await self._request(method, f"{self._settings.api_base}{path}", json=body, headers=marked)

        return await self._with_token(path, attempt, problems.of_response)

    async def call_old(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The old API: token in the query, errors as `errcode` with HTTP 200."""

        async def attempt(token: str) -> httpx.Response:
            url = f"{self._settings.oapi_base}{path}"
            return await self._request("POST", url, json=body, params={"access_token": token})

        return await self._with_token(path, attempt, _old_problem)

    async def as_person(
        self, method: str, path: str, token: str = "", body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The new API with the token of somebody who signs in, or with none; the app's own stays out of it."""
        headers = {"x-acs-dingtalk-access-token": token} if token else {}
        response = await self._request(method, f"{self._settings.api_base}{path}", json=body, headers=headers)
        if problem := problems.of_response(response):
            raise problem
        return _body(response)

    async def post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """An address that carries its own right (a session webhook); errors as in the old API."""
        response = await self._request("POST", url, json=body)
        if problem := _old_problem(response):
            raise problem
        return _body(response)

    async def fetch(self, url: str, most: int) -> bytes:
        """A file at an address that carries its own right; no redirect is followed."""
        try:
            async with self.http.stream("GET", url, follow_redirects=False) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise problems.of_file(response.status_code)
                return await within(response, most)
        except httpx.RequestError as error:
            raise problems.of_transport(error) from error

    async def _with_token(
        self,
        path: str,
        attempt: Callable[[str], Any],
        problem_of: Callable[[httpx.Response], ChannelError | None],
    ) -> dict[str, Any]:
        api = "/".join(path.split("/")[:4])
        async with self._limits[api]:
            await self._shared_room(api)
            token = await self.tokens.get()
            response = await attempt(token)
        problem = problem_of(response)
        if problems.is_token_problem(problem):
            self.tokens.forget(token)
            response = await attempt(await self.tokens.get())
            problem = problem_of(response)
        if problem and problems.is_token_problem(problem):
            raise ChannelBusy(f"a new token is rejected too: {problem}", problem.code, 30.0)
        if problem:
            raise problem
        return _body(response)

    async def _shared_room(self, api: str) -> None:
        """Room in the quota that all our processes have together, or `ChannelBusy` that says when there will be."""
        if self._allowance is None:
            return
        name, most = f"dingtalk:{self._settings.client_id}:{api}", max(1, int(self._per_second))
        if after := await self._allowance.take(name, 1, most, most / self._per_second):
            raise ChannelBusy(f"{api} was called as often as DingTalk allows", "pace", after)

    async def _request(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return await self.http.request(method, url, **options)
        except httpx.RequestError as error:
            raise problems.of_transport(error) from error


def _old_problem(response: httpx.Response) -> ChannelError | None:
    return problems.of_response(response) or problems.of_errcode(response.json())


def _body(response: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    return body
