"""Endpoints of a mapping file as values, and how their blanks are filled."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crm_bridge.mapping import MappingUnusable, ObjectMap


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Paging(_Strict):
    """How the next page is asked for: `page` and `offset` count, `cursor` and `link` are told, `range` is a header."""

    style: Literal["none", "page", "offset", "cursor", "link", "range"] = "none"
    size: int = Field(100, ge=1, le=5000)
    first: int = 1
    """The number of the first page."""
    next: str = ""
    """Where an answer tells the cursor or link of the next page."""
    most: int = Field(200, ge=1)
    """Pages; more of them means that the paging is misunderstood."""


class Endpoint(_Strict):
    """One request. Blanks: {id} {account} {key} {since} {page} {offset} {size} {cursor} and {tenant} {database}
    {user} of the settings; `{id:int}` for a number."""

    method: str = "GET"
    path: str
    query: dict[str, Any] = Field(default_factory=dict)
    body: Any = None
    """Of a write: what is sent, with `{values}` where the fields go; without it the fields themselves."""
    headers: dict[str, str] = Field(default_factory=dict)
    items: str = ""
    """Where the rows stand in the answer; empty: the answer itself."""
    columns: str = ""
    """Where the names of columns stand, for gateways that answer rows without names."""
    id: str = ""
    """Of a creation: where the answer tells the new id."""
    if_match: str = ""
    """Of a change: the field whose value, sent as If-Match, keeps us from overwriting somebody else; without it the
    record is looked at just before."""
    paging: Paging = Paging()


class Moves(Endpoint):
    """How a field is changed whose values are not written but reached: by calls, `{to}` being the name of each."""

    to: dict[str, list[str]]
    """Their value → the calls that lead there; what is missing here cannot be reached from outside."""
    out_of: dict[str, list[str]] = Field(default_factory=dict)
    """Their value now → the calls that come first."""


class Errors(_Strict):
    """An answer of HTTP 200 that is none: `code` at that path, not among `ok`. `busy`: a pattern of words with which the
    system refuses what it rolled back and would take a moment later."""

    code: str = ""
    ok: list[Any] = Field(default_factory=lambda: [0, "0"])
    message: str = ""
    auth_expired: list[Any] = Field(default_factory=list)
    throttled: list[Any] = Field(default_factory=list)
    busy: str = ""

    @field_validator("busy")
    @classmethod
    def _is_a_pattern(cls, busy: str) -> str:
        try:
            re.compile(busy)
        except re.error as error:
            raise ValueError(f"{busy!r} is no pattern: {error}") from error
        return busy


class AuthWay(_Strict):
    """`header`: the token in a header of that name. `oauth2`: client credentials at `token_path`. `login`: user and
    password posted to `token_path` as `body`, the token found at `token`."""

    type: Literal["none", "bearer", "basic", "header", "oauth2", "login"] = "bearer"
    header: str = "Authorization"
    scheme: str = "Bearer"
    token_path: str = ""
    token: str = "access_token"
    body: dict[str, Any] = Field(default_factory=dict)


class RestOptions(_Strict):
    auth: AuthWay = AuthWay()
    errors: Errors = Errors()
    headers: dict[str, Any] = Field(default_factory=dict)
    per_second: float = Field(10, gt=0)
    per_minute: float = Field(0, ge=0)
    side_by_side: int = Field(4, ge=1)
    attempts: int = Field(3, ge=1)
    """How often a call is made that was surely not done: unreachable, throttled, busy."""
    instants: Literal["iso", "epoch_ms", "epoch_s", "local", "typed"] = "iso"
    """The form in which times are written; `local` is the system's zone without saying so, `typed` JSON objects with
    a `__class__` (Tryton), for amounts too."""
    amounts: Literal["number", "text"] = "number"


ENDPOINTS = ("list", "of", "since", "get", "find", "create", "update", "cancel")


def endpoints(kind: str, mapped: ObjectMap) -> dict[str, Endpoint]:
    """`list`: all of a kind, `of`: those of one customer, `since`: those that changed, oldest first. Raises `MappingUnusable`."""
    made: dict[str, Endpoint] = {}
    for name in ENDPOINTS:
        if name not in mapped.options:
            continue
        try:
            made[name] = Endpoint.model_validate(mapped.options[name])
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in ("options", name, *first["loc"]))
            raise MappingUnusable(f"{kind}.{place}: {first['msg']}") from error
    return made


def moves(kind: str, mapped: ObjectMap) -> dict[str, Moves]:
    """By field. Raises `MappingUnusable`."""
    try:
        return {name: Moves.model_validate(how) for name, how in mapped.options.get("moves", {}).items()}
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("options", "moves", *first["loc"]))
        raise MappingUnusable(f"{kind}.{place}: {first['msg']}") from error


_BLANK = re.compile(r"\{(\w+)(:int)?\}")


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its blanks filled; a text that is nothing but one blank becomes that value itself.

    `{b64json: …}` is that value as base64url-encoded JSON, which some interfaces want for conditions.
    """
    if isinstance(template, Mapping):
        if set(template) == {"b64json"}:
            inner = json.dumps(filled(template["b64json"], values))
            return base64.urlsafe_b64encode(inner.encode()).decode()
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(one, values) for one in template]
    if not isinstance(template, str):
        return template
    whole = _BLANK.fullmatch(template)
    if whole and whole[1] in values:
        return int(values[whole[1]]) if whole[2] else values[whole[1]]
    return _BLANK.sub(lambda blank: str(values.get(blank[1], blank[0])), template)


def path_filled(template: str, values: Mapping[str, Any]) -> str:
    """Values are quoted: an id with a slash stays one step of the path."""
    return _BLANK.sub(lambda blank: quote(str(values.get(blank[1], blank[0])), safe=""), template)
