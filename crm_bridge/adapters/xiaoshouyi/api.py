"""Xiaoshouyi's REST API: a token that names the pod to call, questions in XOQL, codes that are numbers or texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from crm_bridge.calling import Caller, Kind, Limit, Manner, Problem, SignInAuth, by_status, checked_address
from crm_bridge.errors import CrmUnavailable

LOGIN = "https://login.xiaoshouyi.com"
_DATA = "rest/data/v2.0"
_BATCH = 2000
LIMITS = (Limit(5, 1),)
"""What a tenant may call is in its contract; this is what all of them bear."""
_SAYS = (
    ("token", Kind.AUTH_EXPIRED),
    ("频率", Kind.THROTTLED),
    ("频繁", Kind.THROTTLED),
    ("重复", Kind.DUPLICATE),
    ("权限", Kind.FORBIDDEN),
)
"""Codes differ between releases, so the words have to do; everything else is for the rep to read."""


class XiaoshouyiApi:
    """Calls one tenant as one user. `password` ends with the user's security token, where the tenant asks for it."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        user: str,
        password: str,
        redirect_uri: str,
        base_url: str = "",
        timeout_s: float = 10.0,
        bearer: bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._form = {
            "grant_type": "password", "client_id": client_id, "client_secret": client_secret, "redirect_uri": redirect_uri,
            "username": user, "password": password,
        }  # fmt: skip
        self._login = checked_address(base_url or LOGIN)
        self._bearer = bearer
        manner = Manner(timeout_s=timeout_s, limits=LIMITS, side_by_side=4)
        self.caller = Caller(
            "xiaoshouyi", self._login, SignInAuth(self._sign_in), judge, manner, transport=transport
        )

    async def some(self, xoql: str) -> list[dict[str, Any]]:
        """What a question with a limit of its own finds."""
        answer = await self._asked("POST", "query/xoql", data={"xoql": xoql})
        return list((answer.get("data") or {}).get("records") or ())

    async def all(self, xoql: str) -> list[dict[str, Any]]:
        """Everything, batch by batch: the place to go on from stands beside the data, not in it."""
        found: list[dict[str, Any]] = []
        locator = ""
        while True:
            form = {"xoql": xoql, "batchCount": str(_BATCH), "queryLocator": locator}
            answer = await self._asked("POST", "query/xoqlScroll", data=form)
            found += (answer.get("data") or {}).get("records") or ()
            told = str(answer.get("queryLocator") or "")
            if not told:
                return found
            if told == locator:
                raise CrmUnavailable("xiaoshouyi sends the same batch again and again")
            locator = told

    async def describe(self, name: str) -> list[dict[str, Any]]:
        answer = await self._asked("GET", f"xobjects/{name}/description")
        return list((answer.get("data") or {}).get("fields") or ())

    async def record_types(self, name: str) -> list[dict[str, Any]]:
        answer = await self._asked("GET", f"xobjects/{name}/busiType")
        return list((answer.get("data") or {}).get("records") or ())

    async def create(self, name: str, values: Mapping[str, Any]) -> str | None:
        answer = await self._sent("POST", f"xobjects/{name}", {"data": dict(values)})
        number = (answer.get("data") or {}).get("id")
        return None if number is None else str(number)

    async def update(self, name: str, number: str, values: Mapping[str, Any]) -> None:
        await self._sent("PATCH", f"xobjects/{name}/{number}", {"data": dict(values)})

    async def delete(self, name: str, number: str) -> None:
        await self._sent("DELETE", f"xobjects/{name}/{number}", None)

    async def close(self) -> None:
        await self.caller.close()

    async def _asked(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        return _parsed(await self.caller.call(method, f"{_DATA}/{path}", repeatable=True, **request))

    async def _sent(self, method: str, path: str, body: Any) -> dict[str, Any]:
        content = {} if body is None else {"json": body}
        return _parsed(await self.caller.call(method, f"{_DATA}/{path}", repeatable=False, **content))

    async def _sign_in(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        try:
            answer = await client.post(f"{self._login}/auc/oauth2/token", data=self._form)
        except httpx.HTTPError as error:
            raise CrmUnavailable(
                f"xiaoshouyi cannot be reached at {self._login}: {type(error).__name__}"
            ) from error
        said = _json(answer)
        if answer.status_code != 200 or not said.get("access_token"):
            why = said.get("error_description") or said.get("message") or said.get("error")
            raise CrmUnavailable(
                f"xiaoshouyi gives no token at {self._login}: {why or f'HTTP {answer.status_code}'};"
                " look at the app, the user, and the password with the security token behind it"
            )
        self.caller.base_url = self._pod(str(said.get("instance_uri") or ""))
        token = str(said["access_token"])
        return {"Authorization": f"Bearer {token}" if self._bearer else token}

    def _pod(self, uri: str) -> str:
        """Where the tenant lives: a host, mostly without a scheme. A token is not carried from https to http."""
        ours = urlsplit(self._login).scheme
        if not uri:
            return self._login
        url = uri if "://" in uri else f"{ours}://{uri}"
        if ours == "https" and urlsplit(url).scheme != "https":
            raise CrmUnavailable(f"xiaoshouyi names a pod without TLS ({uri}); not called")
        return checked_address(url)


def judge(response: httpx.Response) -> Problem | None:
    """`code` is 200 or "200" where it worked; older services say `error_code` and `message`."""
    said, problem = _json(response), by_status(response)
    code = said.get("code", said.get("error_code"))
    if problem is None and str(code) == "200":
        return None
    words = str(said.get("msg") or said.get("message") or said.get("errorInfo") or "")
    if problem is not None:
        return Problem(problem.kind, words or problem.words, problem.wait)
    if code is None:
        return Problem(Kind.BROKEN, "the answer carries no code")
    kind = next((kind for part, kind in _SAYS if part in words.lower()), Kind.INVALID)
    return Problem(kind, f"{words or '没有说明原因'} (code {code})")


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(response.content, parse_float=Decimal)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(response: httpx.Response) -> dict[str, Any]:
    return _json(response)  # `judge` made sure that there is something in it
