"""Tryton's JSON-RPC: a session, the user's context at the end of every call, values with a `__class__`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from crm_bridge.calling import Caller, Kind, Manner, Problem, SignInAuth, by_status
from crm_bridge.errors import CrmUnavailable

READS = frozenset(
    {"search", "search_read", "search_count", "read", "fields_get", "get_preferences", "history_revisions"}
)
SIGN_IN_TIMEOUT = 40.0
"""After wrong passwords the server makes everybody wait, twice as long each time."""


class TrytonRpc:
    """Calls methods of one database's models as one user."""

    def __init__(
        self,
        base_url: str,
        database: str,
        user: str,
        password: str,
        manner: Manner = Manner(),  # noqa: B008 - frozen
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._user, self._password = user, password
        self._base, self._path = base_url, f"{database}/rpc/"
        self._context: dict[str, Any] | None = None
        self.caller = Caller(
            "tryton", base_url, SignInAuth(self._sign_in), _judge, manner, transport=transport
        )

    async def context(self) -> dict[str, Any]:
        """What Tryton knows of the user: company, employee, language. Part of every call."""
        if self._context is None:
            self._context = await self._post("model.res.user.get_preferences", [True, {}], repeatable=True)
        return self._context

    def forget_context(self) -> None:
        """The user's company or employee changed."""
        self._context = None

    async def model(
        self, model: str, method: str, *params: Any, locks: Mapping[str, str] | None = None
    ) -> Any:
        """`locks`: record → the `_timestamp` it was read with; a newer one there refuses the write."""
        context = await self.context() | ({"_timestamp": dict(locks)} if locks else {})
        return await self._post(f"model.{model}.{method}", [*params, context], method in READS)

    async def rows(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        order: Sequence[Any] = (("id", "ASC"),),
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """All rows that fit, page by page; sorted by the id at last, so that pages neither overlap nor miss any."""
        found: list[dict[str, Any]] = []
        page = min(limit or _PAGE, _PAGE)
        while True:
            some = await self.model(model, "search_read", domain, len(found), page, list(order), list(fields))
            found += some
            if len(some) < page or (limit and len(found) >= limit):
                return found

    async def close(self) -> None:
        await self.caller.close()

    async def _post(self, method: str, params: Sequence[Any], repeatable: bool) -> Any:
        answer = await self.caller.call(
            "POST",
            self._path,
            content=json.dumps({"id": 1, "method": method, "params": params}, default=spell),
            headers={"Content-Type": "application/json"},
            repeatable=repeatable,
        )
        return read(answer.content)["result"]

    async def _sign_in(self, client: httpx.AsyncClient) -> Mapping[str, str]:
        self._context = None
        body = {
            "id": 1,
            "method": "common.db.login",
            "params": [self._user, {"password": self._password}, "en"],
        }
        try:
            answer = await client.post(f"{self._base}/{self._path}", json=body, timeout=SIGN_IN_TIMEOUT)
        except httpx.HTTPError as error:
            raise CrmUnavailable(
                f"tryton cannot be reached at {self._base}: {type(error).__name__}"
            ) from error
        said = read(answer.content) if answer.status_code == 200 else {}
        if not said.get("result"):
            why = said.get("error") or f"HTTP {answer.status_code}"
            raise CrmUnavailable(f"tryton does not sign in {self._user} at {self._path.split('/')[0]}: {why}")
        number, token = said["result"][:2]
        session = base64.b64encode(f"{self._user}:{number}:{token}".encode()).decode()
        return {"Authorization": f"Session {session}"}


_PAGE = 500
_LOST_RACE = re.compile(r"^The (?:number|code) on .+ must be unique")
"""Two writers drew the same number, which the server draws and we never set: nothing was written, the next one is free."""
_DATETIME = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def read(content: bytes) -> Any:
    return json.loads(content, object_hook=_value, parse_float=Decimal)


def spell(value: Any) -> Any:
    """For `json.dumps`: values that JSON has no form for."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": format(value, "f")}
        case datetime():
            at = value.astimezone(UTC) if value.tzinfo else value
            return {"__class__": "datetime"} | {name: getattr(at, name) for name in _DATETIME}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case timedelta():
            return {"__class__": "timedelta", "seconds": value.total_seconds()}
        case _:
            raise TypeError(f"Tryton has no form for {type(value).__name__}")


def _value(found: dict[str, Any]) -> Any:
    match found.get("__class__"):
        case "datetime":
            return datetime(**{name: found[name] for name in _DATETIME}, tzinfo=UTC)
        case "date":
            return date(found["year"], found["month"], found["day"])
        case "Decimal":
            return Decimal(found["decimal"])
        case "timedelta":
            return timedelta(seconds=float(found["seconds"]))
        case "bytes":
            return base64.b64decode(found["base64"])
        case _:
            return found


def _judge(response: httpx.Response) -> Problem | None:
    """Errors come inside HTTP 200; a lost race for a row comes as 503."""
    if problem := by_status(response):
        return problem
    error = read(response.content).get("error")
    if error is None:
        return None
    name, rest = error[0], error[1] if len(error) > 1 else ""
    if name == "ConcurrencyException":
        return Problem(Kind.CONFLICT, _words(rest))
    if name == "UserError":
        words = _words(rest)
        if _LOST_RACE.search(words):
            return Problem(Kind.BUSY, words)
        return Problem(Kind.NOT_FOUND if "don't exist" in words else Kind.INVALID, words)
    if name == "UserWarning":
        return Problem(Kind.INVALID, f"需要在 Tryton 里人工确认:{_words(rest[1:])}")
    if "database is locked" in str(error):
        return Problem(Kind.BUSY, "database is locked")
    return Problem(Kind.INVALID, f"{name} {_words(rest)}".strip())


def _words(said: Any) -> str:
    """A message, or the message in front of its details."""
    return str(said[0] if isinstance(said, list) and said else said)[:200]
