"""The tables of this package: documents with versions and passages, what was learned of them, a change counter."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from knowledge.visibility import EVERYONE


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
    visibility: str = Field(default=EVERYONE, sa_column_kwargs={"server_default": EVERYONE})


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


class LikelyRow(SQLModel, table=True):
    """Questions that a passage answers, as a language model put them, or why it has none yet."""

    __tablename__: ClassVar[Any] = "knowledge_likely_question"

    passage_id: str = Field(primary_key=True, foreign_key="knowledge_passage.id")
    version_id: str = Field(foreign_key="knowledge_document_version.id", index=True)
    questions: str = ""
    """One a line."""
    model: str = ""
    failed: str = ""
    """Why the last try brought nothing; empty where it was answered, with or without questions."""
    tries: int = 1
    tried_at: datetime = Field(sa_type=Instant, index=True)


class StateRow(SQLModel, table=True):
    """One row: how often documents changed, so that every process notices that its index is behind."""

    __tablename__: ClassVar[Any] = "knowledge_state"

    id: int = Field(default=1, primary_key=True)
    generation: int = 0


class ThingRow(SQLModel, table=True):
    """Something of the industry's graph that a document names: proposed by ingestion, judged by a trainer."""

    __tablename__: ClassVar[Any] = "knowledge_thing"

    id: str = Field(primary_key=True)
    subject: str
    kind: str = Field(index=True)
    name: str
    unit: str = ""
    document_id: str = Field(index=True)
    title: str
    line: str
    status: str = Field(index=True)
    found_at: datetime = Field(sa_type=Instant)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_by: str = ""


class SayingRow(SQLModel, table=True):
    """What this company's customers say for what its documents write, added by a trainer."""

    __tablename__: ClassVar[Any] = "knowledge_saying"

    say: str = Field(primary_key=True)
    written: str
    """One term a line."""
    added_at: datetime = Field(sa_type=Instant)
    added_by: str = ""


class GapRow(SQLModel, table=True):
    """Questions that found no answer, counted by what they ask for. Words are masked before they come here."""

    __tablename__: ClassVar[Any] = "knowledge_gap"

    id: str = Field(primary_key=True)
    example: str
    reason: str
    times: int
    first_at: datetime = Field(sa_type=Instant)
    last_at: datetime = Field(sa_type=Instant, index=True)


class GapAskingRow(SQLModel, table=True):
    """In which turns a gap was met: whoever looks at the count can open what was counted."""

    __tablename__: ClassVar[Any] = "knowledge_gap_asking"

    gap: str = Field(primary_key=True)
    asked_in: str = Field(primary_key=True)


class FileRow(SQLModel, table=True):
    """A version of the company's own industry graph or weights; the highest number is in force, no row is changed."""

    __tablename__: ClassVar[Any] = "knowledge_file"
    __table_args__ = (UniqueConstraint("kind", "number"),)

    id: str = Field(default_factory=lambda: uuid.uuid4().hex, primary_key=True)
    kind: str
    """`industry` or `weights`."""
    number: int
    """Rises by one from 1: of two people who save at once, one is told."""
    text: str
    """YAML or JSON; empty for what ships with the product, whatever that is by then."""
    at: datetime = Field(sa_type=Instant)
    by: str
    why: str
    restores: int | None = None
    """The earlier version that this one brought back."""
