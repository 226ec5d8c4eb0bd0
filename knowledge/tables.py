"""The tables of this package: documents, their versions, the passages of each version, and a change counter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """Aware UTC on both sides; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DocumentRow(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "knowledge_document"

    id: str = Field(primary_key=True)
    kind: str
    title: str = Field(index=True)
    customer: str | None = Field(default=None, index=True)
    owner: str | None = None
    current: str
    """Id of the version that answers; the others are kept for old citations."""


class VersionRow(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "knowledge_document_version"

    id: str = Field(primary_key=True)
    document_id: str = Field(foreign_key="knowledge_document.id", index=True)
    label: str
    content_hash: str = Field(index=True)
    file_name: str
    size: int
    valid_from: date | None = None
    valid_until: date | None = None
    added_at: datetime = Field(sa_type=Instant)


class PassageRow(SQLModel, table=True):
    __tablename__: ClassVar[Any] = "knowledge_passage"

    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="knowledge_document_version.id", index=True)
    position: int
    text: str
    heading: str = ""
    page: int | None = None
    clause: str | None = None
    products: str = ""
    """Model names, one a line."""
    superseded: bool = False
    is_table: bool = False


class StateRow(SQLModel, table=True):
    """One row: how often documents changed, so that every process notices that its index is behind."""

    __tablename__: ClassVar[Any] = "knowledge_state"

    id: int = Field(default=1, primary_key=True)
    generation: int = 0
