"""Who may call us over HTTP: DingTalk's two signatures (pages "receive-message" and "register-card-callback-address").

Neither covers the body, so both prove only that a request is recent and comes from somebody who knows the secret:
TLS, the delivery key and the rules of confirmation do the rest.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from bot.channels import Envelope, UntrustedEnvelope

TOLERANCE = timedelta(hours=1)
"""How far the platform's clock and ours may be apart; DingTalk's own number for robots."""
CARD_SIGNATURE = "x-ddpaas-signature"
_CARD_TIME = "x-ddpaas-signature-timestamp"


def robot_signature(secret: str, timestamp: str) -> str:
    """Of a robot's callback (header `sign`)."""
    return _hmac(secret, f"{timestamp}\n{secret}")


def card_signature(secret: str, timestamp: str) -> str:
    """Of a card's callback, with the secret the callback address was registered with."""
    return _hmac(secret, timestamp)


def card_secret(client_secret: str) -> str:
    """The secret we register for card callbacks: made from the app's own, so nothing more is to be set or kept."""
    return hashlib.sha256(f"card callback:{client_secret}".encode()).hexdigest()[:32]


def check_robot(envelope: Envelope, client_secret: str) -> None:
    """Raises `UntrustedEnvelope` where header `sign` or `timestamp` is missing, wrong or too far from our clock."""
    timestamp = envelope.headers.get("timestamp", "")
    _check(
        envelope,
        timestamp,
        envelope.headers.get("sign", ""),
        robot_signature(client_secret, timestamp),
        client_secret,
    )


def check_card(envelope: Envelope, client_secret: str) -> None:
    """The same for a card's callback."""
    timestamp = envelope.headers.get(_CARD_TIME, "")
    expected = card_signature(card_secret(client_secret), timestamp)
    _check(envelope, timestamp, envelope.headers.get(CARD_SIGNATURE, ""), expected, client_secret)


def _check(envelope: Envelope, timestamp: str, given: str, expected: str, secret: str) -> None:
    if not secret or not hmac.compare_digest(given.encode(), expected.encode()):
        raise UntrustedEnvelope("signature")
    if abs(envelope.received_at - _instant(timestamp)) > TOLERANCE:
        raise UntrustedEnvelope("clock")


def _instant(timestamp: str) -> datetime:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 14):
        raise UntrustedEnvelope("clock")
    return datetime.fromtimestamp(int(timestamp) / 1000, UTC)


def _hmac(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()
