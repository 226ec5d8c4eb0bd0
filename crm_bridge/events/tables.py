"""The rows of events: the inbox, each change of a field, and which of them counts now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from crm_bridge.adapters.embedded.tables import Instant

ODD = text("(reason <> '' OR seen > 1 OR at > received_at)")
"""Events that were not understood, came again, or are from a clock ahead of ours: few, and counted on every quality board."""


class EventRow(SQLModel, table=True):
    """One event as it came; `uid` stands for its source and id, so the same event has one row."""

    __tablename__ = "crm_event"
    __table_args__ = (
        Index("ix_crm_event_entity", "kind", "entity"),
        Index("ix_crm_event_state", "state", "due_at"),
        Index("ix_crm_event_source", "source", "received_at"),
        Index("ix_crm_event_odd", "source", "received_at", sqlite_where=ODD, postgresql_where=ODD),
    )
    uid: str = Field(primary_key=True)
    id: str = Field(index=True)
    source: str
    type: str
    state: str
    reason: str = ""
    received_at: datetime = Field(sa_type=Instant, index=True)
    at: datetime | None = Field(default=None, sa_type=Instant)
    precision: str = ""
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    """When a held event counts."""
    means: str = ""
    """The canonical type."""
    kind: str = ""
    entity: str = ""
    account: str = ""
    causation: str = Field(default="", index=True)
    correlation: str = Field(default="", index=True)
    echo_of: str = ""
    """The key of our own write that came back as this event."""
    seen: int = 1
    """How often it arrived."""
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class EventChangeRow(SQLModel, table=True):
    """One field that one event set. Append-only: which one counts is worked out of all of them."""

    __tablename__ = "crm_event_change"
    __table_args__ = (
        Index("ix_crm_event_change_order", "subject", "field", "second"),
        Index("ix_crm_event_change_source", "source", "kind", "field", "at"),
    )
    event: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    subject: str
    """kind:entity."""
    kind: str | None = None
    """None where a process from before the update wrote it."""
    value: Any = Field(sa_column=Column(JSON))
    at: datetime = Field(sa_type=Instant)
    second: int = Field(sa_column=Column(BigInteger, nullable=False))
    """`at` in whole seconds: what events with clocks of any precision can be compared by."""
    precision: str
    sequence: str = ""
    source: str


class EventStateRow(SQLModel, table=True):
    """The change of a field that counts now."""

    __tablename__ = "crm_event_value"
    subject: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    kind: str = Field(index=True)
    value: Any = Field(sa_column=Column(JSON))
    event: str = ""
    second: int = Field(default=-1, sa_column=Column(BigInteger, nullable=False))


class PollRow(SQLModel, table=True):
    """Up to where a customer system has been asked what changed; set with the events that were made of the answer."""

    __tablename__ = "crm_poll"
    system: str = Field(primary_key=True)
    cursor: str = ""
    at: datetime = Field(sa_type=Instant)
