"""A chat platform as the bot sees it: envelopes in, cards and words out. It verifies and translates; it decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from bot.card import Card

__all__ = [
    "CardRef",
    "CardReply",
    "Channel",
    "ChannelBusy",
    "ChannelError",
    "ChannelRefused",
    "Downloaded",
    "Downloads",
    "Entered",
    "Envelope",
    "Expiring",
    "Fed",
    "FileSent",
    "Handshake",
    "Heard",
    "Outcome",
    "ReplyAddress",
    "SignsIn",
    "Unsupported",
    "UntrustedEnvelope",
]


@dataclass(frozen=True)
class Envelope:
    """A platform's raw request: header names lower-case, query values decoded once, body as received."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class Handshake:
    """A URL check: answer with these bytes and nothing else."""

    answer: bytes


@dataclass(frozen=True)
class ReplyAddress:
    """Where an answer to this very message may go (DingTalk's sessionWebhook); plain data, stored with the delivery."""

    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """Words of a person. `key` recognises redeliveries; `quoted` is a message the words reply to."""

    key: str
    sender: str
    conversation: str
    text: str
    at: datetime
    quoted: str = ""
    reply_to: ReplyAddress = ReplyAddress()
    sender_name: str = ""


@dataclass(frozen=True)
class CardReply:
    """A tap on a card. `shown` is what the platform carried for us: decision id, version, content hash."""

    key: str
    sender: str
    conversation: str
    decision: str
    button: str
    at: datetime
    version: int | None = None
    content_hash: str | None = None
    selected: Mapping[str, str] = field(default_factory=dict)
    reply_to: ReplyAddress = ReplyAddress()
    """Carries WeCom's ResponseCode, which updates this very card once."""


@dataclass(frozen=True)
class Entered:
    """Somebody opened the chat (or was added): a greeting is due, at most once a day."""

    key: str
    sender: str
    conversation: str
    at: datetime


@dataclass(frozen=True)
class Unsupported:
    """A kind of message that is not served (`kind` in the platform's word): a kind sentence is due, not silence."""

    key: str
    sender: str
    conversation: str
    kind: str
    at: datetime
    reply_to: ReplyAddress = ReplyAddress()


@dataclass(frozen=True)
class FileSent:
    """A file that a person sent. Its bytes stay with the platform until it is known that this person may bring it.

    `ref` is what the channel fetches it by; `name` is empty where only the download tells it.
    """

    key: str
    sender: str
    conversation: str
    name: str
    ref: Mapping[str, str]
    at: datetime
    reply_to: ReplyAddress = ReplyAddress()


@dataclass(frozen=True)
class Fed:
    """Words of a customer through an authorised feed (`POST /api/v1/utterances`); the card goes to the account's owner."""

    key: str
    conversation: str
    customer: str
    """Account id, or a name as the feed has it."""
    text: str
    at: datetime
    said_by: str = ""

    @property
    def sender(self) -> str:
        return self.said_by


@dataclass(frozen=True)
class Expiring:
    """A customer's contract ends soon (bot/renewals.py); the card goes to the account's owner. Nobody said anything."""

    key: str
    conversation: str
    customer: str
    """Account id."""
    document: str
    title: str
    ends: date
    at: datetime
    sender: str = ""


Outcome = Heard | CardReply | Entered | Unsupported | FileSent | Fed | Expiring


@dataclass(frozen=True)
class CardRef:
    """What a platform needs to change a card later (message id, response code, outTrackId); plain data, stored."""

    data: Mapping[str, Any] = field(default_factory=dict)


class UntrustedEnvelope(Exception):
    """The envelope proves nothing: wrong signature, receiver, shape, size or clock. `reason` is a short counted label."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class ChannelError(Exception):
    """A platform did not do what was asked. `code` is the platform's own."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class ChannelBusy(ChannelError):
    """Try again later (`after` seconds): rate limit, busy system, time-out. The outcome may be unknown."""

    def __init__(self, message: str, code: str = "", after: float = 1.0) -> None:
        super().__init__(message, code)
        self.after = after


class ChannelRefused(ChannelError):
    """Trying again will not help: unknown user, missing permission, bad configuration. `alert` asks for an operator."""

    def __init__(self, message: str, code: str = "", alert: bool = False) -> None:
        super().__init__(message, code)
        self.alert = alert


class SignsIn(Protocol):
    """A channel that can say who opened a page in its own app."""

    name: str

    def sign_in_url(self, back: str, state: str) -> str:
        """Where to send the browser; it comes `back` with `code` and `state` (letters and digits)."""

    async def who(self, code: str) -> str | None:
        """The platform's user id behind a code, which holds once. None for somebody outside the company.

        Raises `ChannelError`."""


@dataclass(frozen=True)
class Downloaded:
    """A file's bytes, with its name where the platform tells it with them."""

    content: bytes
    name: str = ""


class Downloads(Protocol):
    """A channel that can fetch a file somebody sent."""

    name: str

    async def download(self, ref: Mapping[str, str], most: int) -> Downloaded:
        """The file behind a `FileSent.ref`, from the platform's own addresses only.

        Raises `ChannelBusy`, `ChannelRefused` (code `too_large` beyond `most` bytes, `gone` where it is kept no more).
        """


class Channel(Protocol):
    """One chat platform. Sending takes a `key` that makes a repetition harmless where the platform allows it."""

    name: str

    def open(self, envelope: Envelope) -> Handshake | Outcome | None:
        """Check, decrypt, say what arrived (None: nothing we serve). Raises `UntrustedEnvelope`. No I/O."""

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        """Send markdown words to one person. Raises `ChannelBusy`, `ChannelRefused`."""

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        """Send a card to one person. Raises `ChannelBusy`, `ChannelRefused`."""

    async def refresh(
        self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None = None
    ) -> CardRef:
        """Change a card that was sent, or send what it says now where it cannot be changed any more."""

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        """Put a meeting into the organizer's calendar, once per key; returns the platform's id.

        `meeting`: summary, description, start and end (aware datetimes), location, attendees (platform user ids).
        Raises `ChannelRefused` where the channel has no calendar."""
