"""CloudEvents 1.0 as they arrive over HTTP or a broker: structured, batch or binary. The one place that knows the library."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import orjson
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent

from crm_bridge.events.model import EventUnreadable, Incoming

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
MOST_IN_BATCH = 1000
LONGEST = 500
"""Characters of an id, source, type or subject."""


def split(content_type: str, headers: Mapping[str, str], body: bytes) -> list[dict[str, Any]]:
    """The events of one request, each as a plain JSON object that was not looked into yet.

    Raises `EventUnreadable` where the whole request is none: no JSON, no event headers, too many at once.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media == BATCH:
        found = _json(body)
        if not isinstance(found, list):
            raise EventUnreadable("a batch is a JSON array of events")
        if len(found) > MOST_IN_BATCH:
            raise EventUnreadable(f"{len(found)} events in one batch; send at most {MOST_IN_BATCH}")
        return [one if isinstance(one, dict) else {"": one} for one in found]
    if media == STRUCTURED:
        found = _json(body)
        if not isinstance(found, dict):
            raise EventUnreadable("an event is a JSON object")
        return [found]
    named = {name.lower(): value for name, value in headers.items()}
    attributes = {name[3:]: unquote(value) for name, value in named.items() if name.startswith("ce-")}
    if not attributes:
        raise EventUnreadable(f"send {STRUCTURED}, {BATCH}, or ce-* headers with the data as body")
    if media:
        attributes["datacontenttype"] = content_type
    return [attributes | _data(media, body)]


def read(event: Mapping[str, Any]) -> Incoming:
    """One event. Without an id it gets one from its content, so that the same again is the same. Raises `EventUnreadable`."""
    if "" in event:
        raise EventUnreadable(f"an event is a JSON object, found {type(event['']).__name__}")
    attributes = {
        name: value
        for name, value in event.items()
        if name not in {"data", "data_base64"} and value is not None
    }
    data = _payload(event)
    if attributes.get("id") in (None, ""):
        attributes["id"] = content_id(attributes, data)
    attributes["id"] = _text(attributes["id"])
    written = attributes.pop("time", None)
    if attributes.get("specversion", "1.0") != "1.0":
        raise EventUnreadable(f"specversion {attributes['specversion']!r}; expected 1.0")
    checked: dict[str, Any] = {name: _text(value) for name, value in attributes.items()}
    checked["specversion"] = "1.0"
    for name in ("id", "source", "type", "subject"):
        if len(checked.get(name, "")) > LONGEST:
            raise EventUnreadable(f"{name} is longer than {LONGEST} characters")
    if isinstance(written, str) and (at := _instant(written)) is not None and at.tzinfo is not None:
        checked["time"] = at
    try:
        CloudEvent(dict(checked), data)
    except CloudEventValidationError as error:
        reasons = [str(one) for many in error.errors.values() for one in many]
        raise EventUnreadable("; ".join(reasons)) from error
    return Incoming(
        id=checked["id"],
        source=checked["source"],
        type=checked["type"],
        time=written,
        subject=checked.get("subject", ""),
        sequence=checked.get("sequence", ""),
        causation=checked.get("causationid", ""),
        correlation=checked.get("correlationid", ""),
        data=data,
    )


def content_id(attributes: Mapping[str, Any], data: Any) -> str:
    """Of an event without an id: equal content is the same event."""
    said = {name: value for name, value in attributes.items() if name not in {"id", "traceparent"}}
    raw = orjson.dumps([said, data], option=orjson.OPT_SORT_KEYS, default=str)
    return f"sha256:{hashlib.sha256(raw).hexdigest()[:32]}"


def _payload(event: Mapping[str, Any]) -> Any:
    if "data" in event or "data_base64" not in event:
        return event.get("data")
    try:
        raw = base64.b64decode(event["data_base64"], validate=True)
    except (ValueError, TypeError) as error:
        raise EventUnreadable("data_base64 is not base64") from error
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")


def _data(media: str, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    if not media or media == "application/json" or media.endswith("+json"):
        return {"data": _json(body)}
    return {"data_base64": base64.b64encode(body).decode()}


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise EventUnreadable(f"the body is no JSON: {error}") from error


def _instant(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | str):
        return str(value)
    raise EventUnreadable(f"an attribute is a text or a number, found {type(value).__name__}")
