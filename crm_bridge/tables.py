"""The rows of lineage and identity: every value a field had, by whom; which records of which systems are one customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from crm_bridge.adapters.embedded.tables import Instant


class ValueRow(SQLModel, table=True):
    """A value that one system gave for a field of an account. Append-only; a value that did not change adds none."""

    __tablename__ = "crm_value"
    __table_args__ = (Index("ix_crm_value_field", "account", "field", "system"),)
    seq: int | None = Field(default=None, primary_key=True)
    account: str
    field: str
    label: str
    value: Any = Field(sa_column=Column(JSON))
    shown: str
    system: str
    object: str
    source_field: str
    at: datetime = Field(sa_type=Instant)
    precision: str
    event: str = Field(default="", index=True)
    """Empty: it was read."""
    read_at: datetime = Field(sa_type=Instant)
    contract: str = ""


class IdentityRow(SQLModel, table=True):
    """A record of another system that is one of our accounts."""

    __tablename__ = "crm_identity"
    system: str = Field(primary_key=True)
    external: str = Field(primary_key=True)
    account: str = Field(index=True)
    by: str
    """credit_code, phone, domain, name or person."""
    confidence: float
    confirmed_by: str = ""
    at: datetime = Field(sa_type=Instant)


class IdentityMoveRow(SQLModel, table=True):
    """What was ever decided of a record's identity. Append-only."""

    __tablename__ = "crm_identity_move"
    __table_args__ = (Index("ix_crm_identity_move_record", "system", "external"),)
    seq: int | None = Field(default=None, primary_key=True)
    system: str
    external: str
    what: str
    """linked, confirmed, merged or split."""
    before: str = ""
    after: str
    why: str = ""
    who: str = ""
    at: datetime = Field(sa_type=Instant)
