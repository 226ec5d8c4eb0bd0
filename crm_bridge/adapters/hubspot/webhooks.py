"""HubSpot's webhooks: batches of hints that something changed, signed (version 3), repeated, late and in no order.

A hint says which record to look at; what it claims of values is not used. An event that cannot be read keeps none of the
others back. Run against a fake only; facts from HubSpot's documentation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from crm_bridge.events import EventUnreadable
from crm_bridge.feed import Hint
from crm_bridge.mapping import Mapping

WINDOW_MS = 300_000
"""An older request may have been recorded and sent again."""
MOST = 100
"""Events of one request, as HubSpot promises."""
_OBJECTS = {
    "company": "companies", "contact": "contacts", "deal": "deals", "ticket": "tickets",
    "0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets",
}  # fmt: skip
"""By the older name and by the number of the newer `object.*` subscriptions."""
_DELETIONS = frozenset({"deletion", "privacyDeletion"})
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")", "%2A": "*",
    "%2C": ",", "%3B": ";",
}  # fmt: skip
"""In the query; what else is encoded stays so in what is signed."""


class NotFromHubSpot(Exception):
    """The request proves no knowledge of the app's secret, or is too old; the message says which."""


class NoHints(EventUnreadable):
    """The body, or one event of it, is not what HubSpot sends."""


@dataclass(frozen=True)
class Batch:
    """What one request came to."""

    hints: tuple[Hint, ...]
    """One for each record that the mapping knows, the latest."""
    broken: tuple[tuple[Any, str], ...]
    """Events that cannot be read, each with its reason."""


def check(secret: str, url: str, headers: Dict[str, str], body: bytes, now: datetime) -> None:
    """Raises `NotFromHubSpot`. `url`: as HubSpot calls it, with its query; `headers` by lower-case name."""
    given, at = headers.get("x-hubspot-signature-v3", ""), headers.get("x-hubspot-request-timestamp", "")
    if not (given and at):
        raise NotFromHubSpot("X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp are needed")
    if not (at.isascii() and at.isdecimal()) or abs(int(now.timestamp() * 1000) - int(at[:16])) > WINDOW_MS:
        raise NotFromHubSpot("X-HubSpot-Request-Timestamp must be milliseconds within five minutes of now")
    if not hmac.compare_digest(sign(secret, url, body, at).encode(), given.encode()):
        raise NotFromHubSpot("X-HubSpot-Signature-v3 does not fit; is YIJU_CRM__CLIENT_SECRET the app's?")


def sign(secret: str, url: str, body: bytes, at: str) -> str:
    """What HubSpot puts into `X-HubSpot-Signature-v3`."""
    signed = f"POST{_as_signed(url)}".encode() + body + at.encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def read(body: bytes, mapping: Mapping) -> Batch:
    """Raises `NoHints` where the whole request is none."""
    try:
        told = json.loads(body)
    except ValueError as error:
        raise NoHints(f"the body is no JSON: {error}") from error
    if not isinstance(told, list) or len(told) > MOST:
        raise NoHints(f"expected a list of at most {MOST} events")
    found: dict[tuple[str, str, bool], Hint] = {}
    broken = []
    for one in told:
        try:
            hints = hints_of(one, mapping)
        except NoHints as error:
            broken.append((one, str(error)))
            continue
        for hint in hints:
            same = (hint.kind, hint.record, hint.deleted)
            found[same] = max(hint, found.get(same, hint), key=lambda each: each.at)
    return Batch(tuple(found.values()), tuple(broken))


def hints_of(one: Any, mapping: Mapping) -> tuple[Hint, ...]:
    """Of one event; none for an object that nobody asks for: HubSpot must not send it again and again. Raises `NoHints`."""
    return tuple(_hints(one, mapping))


def _hints(one: Any, mapping: Mapping) -> Iterator[Hint]:
    try:
        of, _, what = str(one["subscriptionType"]).partition(".")
        name = _OBJECTS.get(str(one.get("objectTypeId")) if of == "object" else of, "")
        number, at = str(int(one["objectId"])), datetime.fromtimestamp(int(one["occurredAt"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise NoHints(
            f"{type(error).__name__} {error}: subscriptionType, objectId (a number) and occurredAt (milliseconds) are needed"
        ) from error
    # eventId is not unique by HubSpot's own words
    parts = ("portalId", "subscriptionId", "objectId", "occurredAt", "propertyName", "propertyValue")
    told = json.dumps([one["subscriptionType"], *(one.get(part) for part in parts)], default=str)
    key = hashlib.sha256(told.encode()).hexdigest()[:24]
    for kind, mapped in mapping.objects():
        if mapped.object == name and kind != "contact":
            yield Hint(f"hubspot:{kind}:{key}", kind, number, at, what in _DELETIONS)


def _as_signed(url: str) -> str:
    parts = urlsplit(url)
    query = parts.query
    for encoded, plain in _DECODED.items():
        query = query.replace(encoded, plain).replace(encoded.lower(), plain)
    return parts._replace(query=query).geturl()
