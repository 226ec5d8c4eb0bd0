"""The rows of `bot`. Three of them are queues (deliveries in, messages out, actions to carry out)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.store import UtcDateTime


def instant(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(sa_type=UtcDateTime, nullable=nullable, index=index, default=None if nullable else ...)


class UserRow(SQLModel, table=True):
    __tablename__ = "bot_user"
    id: str = Field(primary_key=True)
    name: str
    role: str
    manager: str | None = None
    wecom: str | None = Field(default=None, unique=True)
    dingtalk: str | None = Field(default=None, unique=True)
    active: bool = True
    tone: str = "warm"
    last_channel: str | None = None


class ApiKeyRow(SQLModel, table=True):
    __tablename__ = "bot_api_key"
    id: str = Field(primary_key=True)
    name: str
    digest: str = Field(unique=True)
    scopes: str
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)


class PasswordRow(SQLModel, table=True):
    """How somebody signs in to the console where no platform says who they are: an argon2 hash."""

    __tablename__ = "bot_password"
    person: str = Field(primary_key=True, foreign_key="bot_user.id")
    hash: str
    changed_at: datetime = instant()


class ConsoleSessionRow(SQLModel, table=True):
    """A browser that is signed in to the console; `id` is the hash of what its cookie holds."""

    __tablename__ = "bot_console_session"
    id: str = Field(primary_key=True)
    person: str = Field(foreign_key="bot_user.id", index=True)
    by: str
    """How: password, wecom, dingtalk."""
    created_at: datetime = instant()
    seen_at: datetime = instant()
    until: datetime = instant(index=True)


class ConnectionRow(SQLModel, table=True):
    """How a channel or the customer system fared when it was last called (bot/connections.py)."""

    __tablename__ = "bot_connection"
    name: str = Field(primary_key=True)
    worked_at: datetime | None = instant(nullable=True)
    failed_at: datetime | None = instant(nullable=True)
    kind: str = ""
    """Of the last failure: the platform's code, or the kind of error."""
    error: str = ""
    """As the other system said it."""


class LeaseRow(SQLModel, table=True):
    """Who works a lane (or leads the scheduler) until when. A dead owner's lease runs out by itself."""

    __tablename__ = "bot_lease"
    name: str = Field(primary_key=True)
    owner: str
    until: datetime = instant(index=True)


class QueueRow(SQLModel):
    """A row to be worked once: rows of one lane in order of `seq`, different lanes side by side."""

    seq: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    lane: str
    state: str = "waiting"
    attempts: int = 0
    next_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = ""


class DeliveryRow(QueueRow, table=True):
    """One thing a platform (or feed, or page) brought; `payload` is the outcome as its channel opened it."""

    __tablename__ = "bot_delivery"
    __table_args__ = (Index("ix_bot_delivery_work", "state", "lane", "seq"),)
    channel: str
    kind: str
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class OutboxRow(QueueRow, table=True):
    """One thing to send. A card is rendered when it is sent, from the decision as it is then."""

    __tablename__ = "bot_outbox"
    __table_args__ = (Index("ix_bot_outbox_work", "state", "lane", "seq"),)
    channel: str
    recipient: str
    kind: str
    decision: str | None = None
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class SharedTokenRow(SQLModel, table=True):
    """A platform's access token that processes share, encrypted with the installation's secret."""

    __tablename__ = "bot_shared_token"
    name: str = Field(primary_key=True)
    sealed: str
    until: datetime = instant()


class AllowanceRow(SQLModel, table=True):
    """How much of a platform's limit is used up: a leaky bucket's level and when it was last filled."""

    __tablename__ = "bot_allowance"
    name: str = Field(primary_key=True)
    level: float
    at: datetime = instant()


class BotAddressRow(SQLModel, table=True):
    """Where WeCom's AI bot may answer, once: a `response_url`, or the response that a callback waits for (`body`)."""

    __tablename__ = "bot_answer_address"
    key: str = Field(primary_key=True)
    kind: str
    recipient: str = Field(index=True)
    at: datetime = instant()
    until: datetime = instant()
    taken_by: str | None = None
    body: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class ConversationRow(SQLModel, table=True):
    """What the bot remembers of a thread: the customer it is about, and a question it asked and waits for."""

    __tablename__ = "bot_conversation"
    id: str = Field(primary_key=True)
    channel: str
    rep: str
    customer: str | None = None
    customer_name: str = ""
    pending: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    greeted_on: date | None = None
    updated_at: datetime = instant()


class TurnRow(SQLModel, table=True):
    """Words that were worked, raw, under retention; `delivery` is the key of what brought them."""

    __tablename__ = "bot_turn"
    id: str = Field(primary_key=True)
    conversation: str = Field(index=True)
    delivery: str = Field(unique=True)
    rep: str
    speaker: str
    text: str
    customer: str | None = None
    at: datetime = instant(index=True)
    outcome: str
    answer: str = ""


class DecisionRow(SQLModel, table=True):
    """A decision: `body` holds the whole value, the columns what lists and rules look at."""

    __tablename__ = "bot_decision"
    __table_args__ = (
        Index("ix_bot_decision_open", "state", "expires_at"),
        # a conversation's open cards: without it SQLite walks through all open ones there are
        Index("ix_bot_decision_thread", "conversation", "state", "created_at"),
        # what lists and the board count is read from here, without the wide rows
        Index(
            "ix_bot_decision_counted",
            "rep",
            "created_at",
            "state",
            "intent",
            "decided_by",
            "decided_at",
            "id",
        ),
    )
    id: str = Field(primary_key=True)
    turn: str = Field(index=True)
    conversation: str
    channel: str
    rep: str = Field(index=True)
    customer: str | None = Field(default=None, index=True)
    intent: str | None = None
    confidence: float
    state: str
    version: int
    content_hash: str
    created_at: datetime = instant(index=True)
    expires_at: datetime = instant()
    decided_by: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    body_version: int = 1


class CardRow(SQLModel, table=True):
    """Where a decision's card was shown, and what the platform needs to change it."""

    __tablename__ = "bot_card"
    decision: str = Field(primary_key=True, foreign_key="bot_decision.id")
    recipient: str = Field(primary_key=True)
    channel: str
    ref: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    shown_version: int
    shown_at: datetime = instant()


class OpeningRow(SQLModel, table=True):
    """Somebody opened a card's page or one of its sources; when they did first."""

    __tablename__ = "bot_opening"
    decision: str = Field(primary_key=True, foreign_key="bot_decision.id")
    person: str = Field(primary_key=True)
    at: datetime = instant()


class ContentRow(SQLModel, table=True):
    """What a card said before it changed; what it says now stands in the decision itself."""

    __tablename__ = "bot_content"
    decision: str = Field(primary_key=True, foreign_key="bot_decision.id")
    content_hash: str = Field(primary_key=True)
    version: int
    """The last one with this content."""
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """The decision as it was."""


class ConfirmationRow(SQLModel, table=True):
    """A named person's yes, bound to what was shown: decision, version and content hash."""

    __tablename__ = "bot_confirmation"
    __table_args__ = (
        UniqueConstraint("decision", "version", "kind"),
        Index("ix_bot_confirmation_counted", "kind", "opened", "decision"),
    )
    id: str = Field(primary_key=True)
    decision: str = Field(foreign_key="bot_decision.id", index=True)
    version: int
    content_hash: str
    kind: str
    person: str
    at: datetime = instant()
    changes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    opened: bool | None = None
    """Whether the person had opened the card's page or a source before; None where nobody noted that yet."""


class ActionRow(QueueRow, table=True):
    """One write to carry out; `key` is the write key. There is none without a confirmation."""

    __tablename__ = "bot_action"
    __table_args__ = (Index("ix_bot_action_work", "state", "lane", "seq"),)
    decision: str = Field(foreign_key="bot_decision.id", index=True)
    confirmation: str = Field(
        sa_column=Column(String, ForeignKey("bot_confirmation.id"), nullable=False, index=True)
    )
    kind: str
    params: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    receipt: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class CorrectionRow(SQLModel, table=True):
    """What a rep said it should have been: a proposed label until a trainer settles it."""

    __tablename__ = "bot_correction"
    id: str = Field(primary_key=True)
    decision: str = Field(foreign_key="bot_decision.id", index=True)
    person: str
    at: datetime = instant(index=True)
    kind: str
    proposed: str | None = None
    corrected: str | None = None
    note: str = ""
    changes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class JournalRow(SQLModel, table=True):
    """One line of the append-only journal; `hash` covers the line and the hash before it."""

    __tablename__ = "bot_journal"
    seq: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    at: str
    who: str
    what: str
    subject: str = Field(index=True)
    body: str
    previous: str
    hash: str


class SimMessageRow(SQLModel, table=True):
    """What a simulated phone shows."""

    __tablename__ = "bot_sim_message"
    seq: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    person: str = Field(index=True)
    kind: str
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime = instant()
    changed: int = 0
