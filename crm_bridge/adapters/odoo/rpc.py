"""Two doors to the same methods: JSON-2 with real status codes, and JSON-RPC whose errors come inside a 200."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx

from crm_bridge.calling import BearerAuth, Caller, CallRefused, Kind, Limit, Manner, Problem, by_status
from crm_bridge.errors import CrmUnavailable

READS = frozenset({"search", "search_read", "search_count", "read", "fields_get", "name_search"})
JSON_2 = 19
"""The first major version that has it."""
_PAGE = 500
_NAMES = (
    ("AccessDenied", Kind.AUTH_EXPIRED),
    ("SessionExpired", Kind.AUTH_EXPIRED),
    ("Unauthorized", Kind.AUTH_EXPIRED),
    ("AccessError", Kind.FORBIDDEN),
    ("MissingError", Kind.NOT_FOUND),
    ("LockError", Kind.BUSY),
    ("SerializationFailure", Kind.BUSY),
    ("UserError", Kind.INVALID),
    ("ValidationError", Kind.INVALID),
    ("RedirectWarning", Kind.INVALID),
    ("UniqueViolation", Kind.DUPLICATE),
)
_CONCURRENT = ("could not serialize", "concurrent update", "deadlock detected")
"""Odoo tried five times before it said so; everything was rolled back."""


class OdooRpc:
    """Calls models' methods with named arguments, whichever door the server has."""

    def __init__(
        self,
        base_url: str,
        database: str,
        token: str,
        user: str = "",
        timeout_s: float = 10.0,
        context: Mapping[str, Any] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._database, self._user, self._key = database, user, token
        # `load` reads instants in the user's zone: there must be no doubt which one that is
        self._context = {"tz": "UTC", **(context or {})}
        self._major: int | None = None
        self._uid: int | None = None
        self._calls = itertools.count(1)
        manner = Manner(timeout_s=timeout_s, attempts=4, limits=(Limit(20, 1),), side_by_side=6)
        auth = BearerAuth(token, scheme="bearer")
        headers = {"X-Odoo-Database": database}
        self.caller = Caller("odoo", base_url, auth, judge, manner, headers, transport)
        self._old = Caller("odoo", base_url, judge=judge, manner=manner, transport=transport)

    async def call(
        self, model: str, method: str, ids: Sequence[int] | None = None, *, repeatable: bool | None = None,
        archived: bool = False, **named: Any,
    ) -> Any:  # fmt: skip
        """`archived`: rows that are hidden otherwise count too."""
        safe = method in READS if repeatable is None else repeatable
        context = self._context | ({"active_test": False} if archived else {})
        if await self.major() < JSON_2:
            place = [list(ids)] if ids is not None else []
            arguments = [self._database, await self._signed_in(), self._key, model, method, place, {**named, "context": context}]  # fmt: skip
            return await self._service("object", "execute_kw", arguments, safe)
        body = {**named, "context": context} | ({"ids": list(ids)} if ids is not None else {})
        return _json(await self.caller.call("POST", f"json/2/{model}/{method}", json=body, repeatable=safe))

    async def rows(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], archived: bool = False
    ) -> list[dict[str, Any]]:
        """All that fit, by id from page to page: offsets would shift with rows that come and go."""
        found: list[dict[str, Any]] = []
        last = 0
        while True:
            page = await self.call(
                model, "search_read", domain=[*domain, ["id", ">", last]], fields=list(fields), order="id",
                limit=_PAGE, archived=archived,
            )  # fmt: skip
            found += page
            if len(page) < _PAGE:
                return found
            last = page[-1]["id"]

    async def major(self) -> int:
        if self._major is None:
            try:
                told = _json(await self.caller.call("GET", "web/version"))["version"]
            except CallRefused as error:
                if error.kind is not Kind.NOT_FOUND:
                    raise CrmUnavailable(f"odoo does not tell its version: {error.words}") from error
                told = (await self._service("common", "version", [], True))["server_version"]
            number = str(told).removeprefix("saas~").partition(".")[0]
            if not number.isdecimal():
                raise CrmUnavailable(f"odoo tells a version that is none: {told!r}")
            self._major = int(number)
        return self._major

    async def close(self) -> None:
        await self.caller.close()
        await self._old.close()

    async def _signed_in(self) -> int:
        if self._uid is None:
            if not self._user:
                raise CrmUnavailable(
                    "odoo before 19 wants the login that the API key belongs to; set YIJU_CRM__USER"
                )
            arguments = [self._database, self._user, self._key, {}]
            uid = await self._service("common", "authenticate", arguments, True)
            if not uid:
                raise CrmUnavailable(f"odoo does not sign in {self._user} at {self._database}")
            self._uid = int(uid)
        return self._uid

    async def _service(self, service: str, method: str, arguments: list[Any], safe: bool) -> Any:
        params = {"service": service, "method": method, "args": arguments}
        body = {"jsonrpc": "2.0", "method": "call", "id": next(self._calls), "params": params}
        return _json(await self._old.call("POST", "jsonrpc", json=body, repeatable=safe))["result"]


def judge(response: httpx.Response) -> Problem | None:
    """A call is a transaction: whichever exception it names, nothing was done. Its traceback in `debug` goes nowhere."""
    problem = by_status(response)
    said = _said(response)
    if problem is None:
        error = said.get("error") if "jsonrpc" in said else None
        if error is None:
            return None
        data = error.get("data") or {}
        return _named(
            str(data.get("name", "")), str(data.get("message") or error.get("message", "")), Kind.INVALID
        )
    if "name" in said:
        kind = Kind.INVALID if problem.kind is Kind.BROKEN else problem.kind
        return _named(str(said["name"]), str(said.get("message", "")), kind, problem.wait)
    return Problem(problem.kind, f"HTTP {response.status_code}", problem.wait)


def _named(name: str, message: str, otherwise: Kind, wait: float | None = None) -> Problem:
    words = " ".join(message.split())[:200]
    if any(one in message for one in _CONCURRENT):
        return Problem(Kind.BUSY, words, wait)
    if "psycopg2" in name and "unique" in message.lower() or "duplicate key value" in message:
        return Problem(Kind.DUPLICATE, words)
    kind = next((kind for part, kind in _NAMES if name.endswith(part)), otherwise)
    return Problem(kind, words, wait)


def _said(response: httpx.Response) -> dict[str, Any]:
    try:
        found = json.loads(response.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content, parse_float=Decimal)
    except ValueError as error:
        raise CrmUnavailable(f"odoo answered {response.url.path} with something that is no JSON") from error
