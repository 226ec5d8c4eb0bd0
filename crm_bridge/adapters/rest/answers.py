"""What stands in an answer: its rows, wherever an endpoint says they are."""

from __future__ import annotations

from typing import Any

import httpx

from crm_bridge.adapters.rest.endpoints import Endpoint
from crm_bridge.adapters.tryton.rpc import read
from crm_bridge.errors import CrmUnavailable
from crm_bridge.mapping import Row, pick


def content(response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return read(response.content)
    except ValueError as error:
        raise CrmUnavailable(f"an answer that is no JSON from {response.url.path}") from error


def items(response: httpx.Response, endpoint: Endpoint) -> list[Row]:
    body = content(response)
    found = pick(body, endpoint.items) if endpoint.items else body
    if endpoint.columns and isinstance(found, list):
        names = [str(name) for name in pick(body, endpoint.columns) or ()]
        return [dict(zip(names, row, strict=True)) for row in found]
    if isinstance(found, dict):
        return [found]
    return [row for row in found or () if isinstance(row, dict)]


def has(row: Any, place: str) -> bool:
    """Whether the place exists, be it empty."""
    head, _, rest = place.partition(".")
    if isinstance(row, list):
        return not row or any(has(one, place) for one in row)
    if not isinstance(row, dict):
        return row is None
    return place in row or (head in row and (not rest or has(row[head], rest)))
