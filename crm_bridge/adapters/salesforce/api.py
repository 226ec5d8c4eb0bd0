"""Salesforce's REST API: a token for the integration user, queries page by page, errors as arrays."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from crm_bridge.calling import Caller, Kind, Manner, Problem, SignInAuth, by_status, checked_address
from crm_bridge.errors import CrmUnavailable

VERSION = "v63.0"
POLLING_STOPS_AT = 0.8
"""Of the day's calls: the rest is kept for people who wait for a card."""
_CODES = {
    "INVALID_SESSION_ID": Kind.AUTH_EXPIRED,
    "REQUEST_LIMIT_EXCEEDED": Kind.STOPPED,
    "SERVER_UNAVAILABLE": Kind.BUSY,
    "UNABLE_TO_LOCK_ROW": Kind.BUSY,
    "DUPLICATE_VALUE": Kind.DUPLICATE,
    "DUPLICATES_DETECTED": Kind.DUPLICATE,
    "ENTITY_IS_DELETED": Kind.NOT_FOUND,
    "NOT_FOUND": Kind.NOT_FOUND,
}
"""A row lock that was not got in time rolls everything back: it may be tried again."""
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class SalesforceApi:
    """Calls one org as the connected app's run-as user (client credentials flow)."""

    def __init__(
        self,
        my_domain: str,
        client_id: str,
        client_secret: str,
        manner: Manner = Manner(),  # noqa: B008 - frozen
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._my_domain = my_domain.rstrip("/")
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self.used = 0.0
        """The share of the day's calls that is gone, as the last answer said."""
        # `client` comes back in change events and tells our own writes from others'
        headers = {"Sforce-Call-Options": "client=crm_bridge"}
        self.caller = Caller(
            "salesforce", my_domain, SignInAuth(self._sign_in), self._judge, manner, headers, transport
        )

    async def query(self, soql: str, deleted_too: bool = False) -> list[dict[str, Any]]:
        """All rows, page by page. Salesforce keeps the pages of one query as they were at its start."""
        found: list[dict[str, Any]] = []
        page = await self.get("queryAll" if deleted_too else "query", params={"q": soql})
        found += page["records"]
        while not page["done"]:
            page = _body(await self.caller.call("GET", page["nextRecordsUrl"]))
            found += page["records"]
        return found

    async def get(self, path: str, **request: Any) -> Any:
        return _body(await self.caller.call("GET", f"services/data/{VERSION}/{path}", **request))

    async def send(self, method: str, path: str, body: Any = None, **request: Any) -> Any:
        content = {} if body is None else {"json": body}
        answer = await self.caller.call(method, f"services/data/{VERSION}/{path}", **content, **request)
        return _body(answer) if answer.content else None

    async def composite(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """All parts or none. The answer is 200 whatever happened inside: each part is looked at by the caller."""
        whole = [one | {"url": f"/services/data/{VERSION}/{one['url']}"} for one in parts]
        answer = await self.send("POST", "composite", {"allOrNone": True, "compositeRequest": whole})
        responses: list[dict[str, Any]] = answer["compositeResponse"]
        return responses

    async def close(self) -> None:
        await self.caller.close()

    async def _sign_in(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        form = {"grant_type": "client_credentials", **self._client}
        try:
            answer = await client.post(f"{self._my_domain}/services/oauth2/token", data=form)
        except httpx.HTTPError as error:
            raise CrmUnavailable(
                f"salesforce cannot be reached at {self._my_domain}: {type(error).__name__}"
            ) from error
        said = _json(answer)
        if answer.status_code != 200 or "access_token" not in said:
            why = said.get("error_description") or said.get("error") or f"HTTP {answer.status_code}"
            raise CrmUnavailable(f"salesforce gives no token at {self._my_domain}: {why}")
        self.caller.base_url = self._instance(str(said.get("instance_url") or self._my_domain))
        return {"Authorization": f"Bearer {said['access_token']}"}

    def _instance(self, url: str) -> str:
        """Where the org lives. A token is not carried from https to http."""
        if urlsplit(self._my_domain).scheme == "https" and urlsplit(url).scheme != "https":
            raise CrmUnavailable(f"salesforce names an instance without TLS ({url}); not called")
        return checked_address(url)

    def _judge(self, response: httpx.Response) -> Problem | None:
        if found := _USAGE.search(response.headers.get("Sforce-Limit-Info", "")):
            self.used = int(found[1]) / max(1, int(found[2]))
        if response.status_code == 300:
            return Problem(Kind.DUPLICATE, "several records carry this key")
        problem = by_status(response)
        if problem is None:
            return None
        return problem_of(_json(response), problem.kind) or problem


def problem_of(errors: Any, otherwise: Kind) -> Problem | None:
    """The first of an array of errors; a code that is not listed means what the status said."""
    first = errors[0] if isinstance(errors, list) and errors else {}
    code, message = str(first.get("errorCode", "")), str(first.get("message", ""))
    if not code:
        return None
    places = "、".join(first.get("fields") or ())
    return Problem(_CODES.get(code, otherwise), f"{message} ({code}{f' {places}' if places else ''})"[:200])


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content, parse_float=Decimal)
    except ValueError:
        return {}


def _body(response: httpx.Response) -> Any:
    found = _json(response)
    if found == {}:
        raise CrmUnavailable(f"salesforce answered {response.url.path} with something that is no JSON")
    return found
