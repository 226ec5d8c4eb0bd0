"""Whether a request was signed by somebody who knows the secret, and just now: `webhook-*` headers, HMAC-SHA256."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from bot.errors import NotAuthenticated

WINDOW_S = 300
"""How far a signature's time may be from ours: what is older may have been recorded and sent again."""


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raises `NotAuthenticated` with what is wrong. `headers` by lower-case name."""
    message, at, signature = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message and at and signature):
        raise NotAuthenticated(
            "send webhook-id, webhook-timestamp and webhook-signature: v1,<base64 HMAC-SHA256>"
        )
    if not at.isdecimal() or len(at) > 12 or abs(now.timestamp() - int(at)) > WINDOW_S:
        raise NotAuthenticated(f"webhook-timestamp must be seconds within {WINDOW_S} s of now")
    wanted = sign(secret, message, at, body)
    given = [one.strip() for one in signature.split(" ")]
    if not any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given):
        raise NotAuthenticated(
            "webhook-signature does not fit; sign `id.timestamp.body` with the shared secret"
        )


def sign(secret: str, message: str, at: str, body: bytes) -> str:
    """What a sender puts into `webhook-signature`."""
    signed = f"{message}.{at}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
