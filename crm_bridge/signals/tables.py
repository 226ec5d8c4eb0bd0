"""The rows of signals: which occurrences were looked at, what each said, and each customer's window."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from crm_bridge.adapters.embedded.tables import Instant


class SignalReadRow(SQLModel, table=True):
    """An occurrence that was looked at, whatever it said: it is not looked at again."""

    __tablename__ = "crm_signal_read"
    ref: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant, index=True)


class SignalRow(SQLModel, table=True):
    """One fact. It holds no words: `ref` leads to them for as long as they are kept."""

    __tablename__ = "crm_signal"
    __table_args__ = (Index("ix_crm_signal_account", "account", "sheet", "at"),)
    ref: str = Field(primary_key=True)
    sheet: str = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    account: str
    at: datetime = Field(sa_type=Instant)
    strength: float
    what: str = ""


class SignalWindowRow(SQLModel, table=True):
    """A customer's window by one sheet, and the score as it was last worked out."""

    __tablename__ = "crm_signal_window"
    account: str = Field(primary_key=True)
    sheet: str = Field(primary_key=True)
    is_open: bool = False
    waiting: bool = False
    score: float = 0.0
    since: datetime | None = Field(default=None, sa_type=Instant)
    told_at: datetime | None = Field(default=None, sa_type=Instant)
    counted_at: datetime = Field(sa_type=Instant)


class QualityAlertRow(SQLModel, table=True):
    """A threshold of the quality board that is broken, or was, and what the admins heard of it."""

    __tablename__ = "crm_quality_alert"
    key: str = Field(primary_key=True)
    since: datetime = Field(sa_type=Instant)
    told_at: datetime = Field(sa_type=Instant)
    cleared_at: datetime | None = Field(default=None, sa_type=Instant)
    """Since when it has not been seen; None: it is broken."""
    over_at: datetime | None = Field(default=None, sa_type=Instant)
    """When they heard that it is over; None: they believe it broken."""
