"""A chat platform as the bot sees it: envelopes in, cards and words out. It verifies and translates; it decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, runtime_checkable

from sqlmodel import Session

from bot.card import Card, Notice

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
    "Happened",
    "Heard",
    "Hinted",
    "Inquired",
    "KeepsAddresses",
    "Outcome",
    "ReplyAddress",
    "ScansIn",
    "Signalled",
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


@dataclass(frozen=True)
class Happened:
    """Another system reports a change (bot/events/); the owner of the account gets a card. Nobody said anything."""

    key: str
    conversation: str
    event: str
    """Address of the event in the ledger."""
    means: str
    """Canonical type: order.cancelled."""
    customer: str
    """As the source names it, or the account id."""
    entity: str
    system: str
    at: datetime
    current: Mapping[str, Any] = field(default_factory=dict)
    """Fields that the event made newest, and `before`: what they were."""
    before: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    sender: str = ""


@dataclass(frozen=True)
class Signalled:
    """A customer's score crossed its threshold, or another system asks for an offer (bot/signals/); the owner gets a card."""

    key: str
    conversation: str
    customer: str
    """Account id."""
    sheet: str
    """signals or risk."""
    score: float
    reasons: tuple[Mapping[str, Any], ...]
    """The score's contributions, most telling first (bot/signals/watch.py)."""
    at: datetime
    product: str = ""
    note: str = ""
    asked_by: str = ""
    """The name of the API key that asked for an offer; empty: the clock found it."""
    sender: str = ""


@dataclass(frozen=True)
class Inquired:
    """A web form's inquiry (`POST /api/v1/inquiries`); the card goes to the account's owner, or to who assigns new leads."""

    key: str
    conversation: str
    company: str
    text: str
    """What is asked, in one text, as it is read and shown."""
    at: datetime
    contact: str = ""
    budget: str = ""
    """Beside the text: neither is a question, and no reply repeats them."""
    sender: str = ""


@dataclass(frozen=True)
class Hinted:
    """The customer system says unasked that a record changed (a webhook); it is looked at, and what it is now counts."""

    key: str
    conversation: str
    kind: str
    record: str
    """The system's own id."""
    at: datetime
    deleted: bool = False
    sender: str = ""


Outcome = (
    Heard
    | CardReply
    | Entered
    | Unsupported
    | FileSent
    | Fed
    | Expiring
    | Happened
    | Signalled
    | Inquired
    | Hinted
)


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
        """Where to send the browser; it comes `back` with `code` (DingTalk: `authCode`) and `state` (letters and digits)."""

    async def who(self, code: str) -> str | None:
        """The platform's user id behind a code, which holds once. None for somebody outside the company.

        Raises `ChannelError`."""


@runtime_checkable
class ScansIn(Protocol):
    """A channel whose people sign in from any browser by scanning a code with its app; `SignsIn.who` reads what comes back."""

    def scan_url(self, back: str, state: str) -> str:
        """Where to send the browser; it comes `back` with `code` and `state`."""


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


@runtime_checkable
class KeepsAddresses(Protocol):
    """A channel that can only answer, and must remember where."""

    def keep(self, session: Session, outcome: Outcome) -> None:
        """Called in the transaction that stores what arrived."""


class Channel(Protocol):
    """One chat platform. Sending takes a `key` that makes a repetition harmless where the platform allows it."""

    name: str

    def open(self, envelope: Envelope) -> Handshake | Outcome | None:
        """Check, decrypt, say what arrived (None: nothing we serve). Raises `UntrustedEnvelope`. No I/O."""

    async def say(self, words: str, to: str, key: str, reply_to: ReplyAddress | None = None) -> None:
        """Send markdown words to one person; a table in them as the platform can show it (bot/markdown_table.py).

        Raises `ChannelBusy`, `ChannelRefused`."""

    async def show(self, card: Card, to: str, key: str) -> CardRef:
        """Send a card to one person. Raises `ChannelBusy`, `ChannelRefused`."""

    async def notify(self, notice: Notice, to: str, key: str) -> None:
        """Send a card that only tells, with its page one tap away. Raises `ChannelBusy`, `ChannelRefused`."""

    async def refresh(
        self, card: Card, to: str, ref: CardRef, reply_to: ReplyAddress | None = None
    ) -> CardRef:
        """Change a card that was sent, or send what it says now where it cannot be changed any more."""

    async def book(self, meeting: Mapping[str, Any], organizer: str, key: str) -> str:
        """Put a meeting into the organizer's calendar, once per key; returns the platform's id.

        `meeting`: summary, description, start and end (aware datetimes), location, attendees (platform user ids).
        Raises `ChannelRefused` where the channel has no calendar."""
