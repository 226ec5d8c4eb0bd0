"""HubSpot's CRM API: a fixed or a renewed token, searches at their own slower pace, errors with policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from crm_bridge.calling import (
    Auth,
    BearerAuth,
    Caller,
    Kind,
    Limit,
    Manner,
    Problem,
    SignInAuth,
    by_status,
    checked_address,
    wait_asked,
)
from crm_bridge.errors import CrmUnavailable

BASE = "https://api.hubapi.com"
BATCH = 100
SEARCH_PAGE = 200
_WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""`Retry-After` is not promised; the policy says which window is full."""
_TAKEN = ("already exists", "already has that value")
_RETRY = 477
"""HubSpot's own: the account is being moved, come back later."""


class HubSpotApi:
    """With an app's id and secret the token is a refresh token; without them it is used as it is."""

    def __init__(
        self,
        token: str,
        base_url: str = "",
        client_id: str = "",
        client_secret: str = "",
        prefix: str = "crm/v3",
        timeout_s: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = checked_address(base_url or BASE)
        self._refresh = {"client_id": client_id, "client_secret": client_secret, "refresh_token": token}
        self._prefix = prefix
        auth: Auth = SignInAuth(self._renew) if client_id else BearerAuth(token)
        calls = Manner(timeout_s=timeout_s, limits=(Limit(95, 10),), side_by_side=8)
        searches = Manner(timeout_s=timeout_s, limits=(Limit(4, 1),))
        self.caller = Caller("hubspot", self._base, auth, judge, calls, transport=transport)
        self._searcher = Caller("hubspot-search", self._base, auth, judge, searches, transport=transport)

    async def get(self, path: str, **params: Any) -> Any:
        return _body(await self.caller.call("GET", f"{self._prefix}/{path}", params=params))

    async def send(self, method: str, path: str, body: Any = None, repeatable: bool = False) -> Any:
        content = {} if body is None else {"json": body}
        answer = await self.caller.call(method, f"{self._prefix}/{path}", repeatable=repeatable, **content)
        return _body(answer) if answer.content else None

    async def associations(self, kind: str, to: str, path: str, body: Any = None) -> Any:
        """Only the fourth version knows which label an association has."""
        method, content = ("GET", {}) if body is None else ("POST", {"json": body})
        return _body(
            await self.caller.call(
                method, f"crm/v4/associations/{kind}/{to}/{path}", repeatable=True, **content
            )
        )

    async def read_batch(
        self, kind: str, ids: Sequence[str], properties: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rows by id; those that are gone are left out."""
        found: list[dict[str, Any]] = []
        for at in range(0, len(ids), BATCH):
            body = {"properties": list(properties), "inputs": [{"id": one} for one in ids[at : at + BATCH]]}
            found += (await self.send("POST", f"objects/{kind}/batch/read", body, repeatable=True))["results"]
        return found

    async def search(
        self, kind: str, filters: Sequence[Mapping[str, Any]], properties: Sequence[str]
    ) -> list[dict[str, Any]]:
        """All rows that fit, by id from page to page: offsets shift when a row is modified in between, and end at 10,000."""
        found: list[dict[str, Any]] = []
        last = "0"
        while True:
            beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": last}
            body = {
                "filterGroups": [{"filters": [*filters, beyond]}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": list(properties),
                "limit": SEARCH_PAGE,
            }
            path = f"{self._prefix}/objects/{kind}/search"
            rows = _body(await self._searcher.call("POST", path, json=body, repeatable=True))["results"]
            found += rows
            if len(rows) < SEARCH_PAGE:
                return found
            last = rows[-1]["id"]

    async def close(self) -> None:
        await self.caller.close()
        await self._searcher.close()

    async def _renew(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        form = {"grant_type": "refresh_token", **self._refresh}
        try:
            answer = await client.post(f"{self._base}/oauth/v1/token", data=form)
        except httpx.HTTPError as error:
            raise CrmUnavailable(
                f"hubspot cannot be reached at {self._base}: {type(error).__name__}"
            ) from error
        said = _json(answer)
        if answer.status_code != 200 or "access_token" not in said:
            raise CrmUnavailable(f"hubspot gives no token: {said.get('message') or answer.status_code}")
        return {"Authorization": f"Bearer {said['access_token']}"}


def judge(response: httpx.Response) -> Problem | None:
    """207 is a success of the call: what failed inside it, who sent the batch has to look at."""
    problem = by_status(response)
    if problem is None:
        return None
    said, status = _json(response), response.status_code
    words = str(said.get("message") or problem.words)[:200]
    if status == 429:
        policy = str(said.get("policyName", ""))
        if policy == "DAILY":
            return Problem(Kind.STOPPED, words)
        return Problem(Kind.THROTTLED, words, wait_asked(response) or _WAITS.get(policy, 10.0))
    if status == 423:
        return Problem(Kind.BUSY, words, 2.0)
    if status == _RETRY:
        return Problem(Kind.BUSY, words, wait_asked(response))
    if status in (400, 409) and any(taken in words for taken in _TAKEN):
        return Problem(Kind.DUPLICATE, words)
    return Problem(problem.kind, words, problem.wait)


def _json(response: httpx.Response) -> Any:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _body(response: httpx.Response) -> Any:
    found = _json(response)
    if not found:
        raise CrmUnavailable(f"hubspot answered {response.url.path} with something that is no JSON object")
    return found
