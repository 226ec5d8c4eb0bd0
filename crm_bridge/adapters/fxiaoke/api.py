"""Fxiaoke's open API: one token for all, POST for everything, HTTP 200 whatever happened, codes that count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import stamina

from crm_bridge.calling import Caller, Kind, Limit, Manner, Problem, SignInAuth, by_status
from crm_bridge.errors import CrmUnavailable

HOST = "https://open.fxiaoke.com"
LIMITS = (Limit(50, 20),)
"""100 calls in 20 s are allowed of each endpoint: a burst of 50 and what flows in meanwhile stay below that."""
_CODES = {
    20016: Kind.AUTH_EXPIRED,
    20005: Kind.AUTH_EXPIRED,
    30004: Kind.THROTTLED,
    14001: Kind.THROTTLED,
    30002: Kind.STOPPED,
    30003: Kind.STOPPED,
    15003: Kind.FORBIDDEN,
    -1: Kind.BROKEN,
    50009: Kind.BROKEN,
}
"""The published table is not reliable: whatever is not listed is for the rep to read."""


class _Busy(Exception):
    """The token endpoint takes no two calls at once, and another of our processes was there."""


class FxiaokeApi:
    """Calls one company as one CRM employee, who decides what is seen."""

    def __init__(
        self,
        app_id: str,
        secret: str,
        permanent_code: str,
        employee: str,
        base_url: str = "",
        timeout_s: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = {"appId": app_id, "appSecret": secret, "permanentCode": permanent_code}
        self._employee = employee
        manner = Manner(timeout_s=timeout_s, limits=LIMITS, side_by_side=4)
        self.caller = Caller(
            "fxiaoke", base_url or HOST, SignInAuth(self._sign_in), judge, manner, transport=transport
        )

    async def describe(self, name: str) -> dict[str, dict[str, Any]]:
        """Field → how it is described."""
        body = {"includeDetail": False, "data": {"apiName": name}}
        answer = await self._call("cgi/crm/v2/object/describe", body, repeatable=True)
        fields: dict[str, dict[str, Any]] = answer["data"]["describe"]["fields"]
        return fields

    async def query(self, name: str, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        body = {
            "dataObjectApiName": name,
            "find_explicit_total_num": False,
            "search_query_info": dict(question),
        }
        answer = await self._call(_path(name, "query"), {"data": body}, repeatable=True)
        found = (answer.get("data") or {}).get("dataList") or []
        return [found] if isinstance(found, dict) else list(found)  # one row alone may come as itself

    async def write(self, name: str, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Without their workflows and approvals: what a rep confirmed here needs no second round there."""
        body = {"triggerApprovalFlow": False, "triggerWorkFlow": False, "data": dict(data)}
        return await self._call(_path(name, action), body, repeatable=False)

    async def close(self) -> None:
        await self.caller.close()

    async def _call(self, path: str, body: Any, repeatable: bool) -> dict[str, Any]:
        trace = {"thirdTraceId": str(uuid4())}
        answer = await self.caller.call("POST", path, params=trace, json=body, repeatable=repeatable)
        return _parsed(answer)

    async def _sign_in(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        try:
            async for attempt in stamina.retry_context(on=_Busy, attempts=4, timeout=None, wait_initial=0.5):
                with attempt:
                    said = await self._token(client)
        except _Busy as busy:
            raise CrmUnavailable(f"fxiaoke gives no token just now: {busy}") from busy
        bearer = {"authorization": f"Bearer {said['accessToken']}", "x-fs-ea": str(said["ea"])}
        return bearer | {"x-fs-userid": self._employee}

    async def _token(self, client: httpx.AsyncClient) -> dict[str, Any]:
        url, trace = f"{self.caller.base_url}/oauth2.0/token", {"thirdTraceId": str(uuid4())}
        try:
            answer = await client.post(url, params=trace, json=self._client | {"grantType": "app_secret"})
        except httpx.HTTPError as error:
            raise CrmUnavailable(
                f"fxiaoke cannot be reached at {self.caller.base_url}: {type(error).__name__}"
            ) from error
        problem = judge(answer)
        if problem is None:
            return _parsed(answer)
        if problem.kind is Kind.THROTTLED:
            raise _Busy(problem.words)
        raise CrmUnavailable(
            f"fxiaoke gives no token: {problem.words}; look at the app's id, secret and code"
        )


def judge(response: httpx.Response) -> Problem | None:
    """Never by the message: only the code is meant for programs."""
    if problem := by_status(response):
        return problem
    try:
        said = json.loads(response.content)
        code = int(said["errorCode"])
    except (ValueError, TypeError, KeyError):
        return Problem(Kind.BROKEN, "the answer carries no errorCode")
    if code == 0:
        return None
    words = f"{said.get('errorMessage') or '没有说明原因'} (errorCode {code}, traceId {said.get('traceId')})"
    return Problem(_CODES.get(code, Kind.INVALID), words)


def _path(name: str, action: str) -> str:
    """Objects that a company made itself have an entrance of their own."""
    return f"cgi/crm/{'custom/' if name.endswith('__c') else ''}v2/data/{action}"


def _parsed(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.content)  # `judge` read it before
    return found
