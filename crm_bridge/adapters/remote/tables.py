"""What we remember of a remote system: which key wrote what, and how its customers are called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from crm_bridge.adapters.embedded.tables import Instant


class ReceiptRow(SQLModel, table=True):
    """A write key: committed before the call, completed after it. Without `receipt` the write is under way or unknown."""

    __tablename__ = "crm_receipt"
    key: str = Field(primary_key=True)
    system: str
    operation: str
    kind: str
    account: str
    record: str = ""
    """What is changed, where nothing is made."""
    wanted: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """What a change should lead to, and what a new record is given once it is there; recognises it after a time-out."""
    before: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    shown: str = ""
    """The rep's words, with `{id}` where the id goes that is not known yet, and `{stage}` for what is set afterwards."""
    started_at: datetime = Field(sa_type=Instant)
    """Or, with the stamp `missed`, since when its answer is known to be missing."""
    unsure: bool = True
    """It was sent, and nobody knows yet whether it was done."""
    receipt: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    stamp: str = ""
    """Time and content of the record right after the write: who finds others there was not the last to change it."""


class DirectoryRow(SQLModel, table=True):
    """A customer's names as last read, so that customers are recognised while the system sleeps."""

    __tablename__ = "crm_directory"
    id: str = Field(primary_key=True)
    system: str
    account: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    read_at: datetime = Field(sa_type=Instant)
