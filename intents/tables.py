"""What the loop keeps in the store: models, which of them serves since when, labels, and who marked them how."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Engine, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Session, SQLModel


class Moment(TypeDecorator[datetime]):
    """Aware UTC with microseconds; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> str:
    return uuid.uuid4().hex[:20]


class ModelRow(SQLModel, table=True):
    """A trained model; its file is `models/<id>.npz` in the data dir."""

    __tablename__ = "intents_model"
    id: str = Field(primary_key=True)
    """Content hash."""
    created_at: datetime = Field(sa_type=Moment, index=True)
    trained_by: str = ""
    card: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class PromotionRow(SQLModel, table=True):
    """From `at` on this model serves; the latest row counts, none is ever changed."""

    __tablename__ = "intents_promotion"
    id: str = Field(default_factory=new_id, primary_key=True)
    number: int = Field(index=True, unique=True)
    """Rises by one: two promotions at once cannot both be the latest."""
    model_id: str = Field(foreign_key="intents_model.id")
    at: datetime = Field(sa_type=Moment)
    by: str
    why: str = ""
    rolled_back: bool = False
    """Whether this undid the promotion before it."""


class LabelRow(SQLModel, table=True):
    """An utterance that a trainer looks at or has settled. The text is masked before it gets here."""

    __tablename__ = "intents_label"
    id: str = Field(default_factory=new_id, primary_key=True)
    source: str = Field(index=True)
    """`correction`, `decline`, `abstained`, `mined`, `asked` …"""
    source_id: str = Field(default="", index=True)
    """The decision or file it came from."""
    key: str = Field(unique=True)
    """The same words from the same source are queued once."""
    text: str
    speaker: str
    industry: str = ""
    context: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    read_as: str = ""
    """What the model read, empty where it abstained."""
    confidence: float = 0.0
    proposed: str = ""
    """What the rep's correction or the sandbox suggests."""
    note: str = ""
    state: str = Field(default="proposed", index=True)
    """`proposed`, `settled` or `dropped`."""
    intent: str = ""
    secondary: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    tags: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    entities: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    """What a trainer marked in the text: `Entity` as JSON objects; positions count code points."""
    created_at: datetime = Field(sa_type=Moment)
    settled_at: datetime | None = Field(default=None, sa_type=Moment, index=True)
    settled_by: str = ""
    flag: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Why a trainer left it to somebody else: `unsure` or `wrong`; empty for none. It waits on."""
    flag_note: str = Field(default="", sa_column_kwargs={"server_default": ""})
    flagged_by: str = Field(default="", sa_column_kwargs={"server_default": ""})


class MarkRow(SQLModel, table=True):
    """What one trainer thought an utterance wants: agreement is read from these."""

    __tablename__ = "intents_mark"
    id: str = Field(default_factory=new_id, primary_key=True)
    label_id: str = Field(foreign_key="intents_label.id", index=True)
    trainer: str
    intent: str
    at: datetime = Field(sa_type=Moment)


class CueRow(SQLModel, table=True):
    """A phrase that a trainer accepted as signalling an intent in this company's chats. A removed one stays, for the record."""

    __tablename__ = "intents_cue"
    __table_args__ = (UniqueConstraint("text", "intent"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    text: str
    """Normalised."""
    intent: str
    strength: int
    hits: int = 0
    """Labelled utterances of that intent in which it stood when it was mined."""
    support: int = 0
    """Labelled utterances in which it stood."""
    accepted_at: datetime = Field(sa_type=Moment)
    accepted_by: str
    removed_at: datetime | None = Field(default=None, sa_type=Moment)
    removed_by: str = ""


class DatasetRow(SQLModel, table=True):
    """The settled labels that a model learned."""

    __tablename__ = "intents_dataset"
    model_id: str = Field(primary_key=True, foreign_key="intents_model.id")
    labels: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Id of the example → intent."""


class FileRow(SQLModel, table=True):
    """A version of the company's own taxonomy or graph; the highest number is in force, no row is ever changed."""

    __tablename__ = "intents_file"
    __table_args__ = (UniqueConstraint("kind", "number"),)
    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str
    """`taxonomy` or `graph`."""
    number: int
    """Rises by one from 1: of two trainers who save at once, one is told."""
    text: str
    """YAML; empty for the file that ships with the product, whatever it says by then."""
    shipped: str
    """Hash of the shipped file at that time."""
    at: datetime = Field(sa_type=Moment)
    by: str
    why: str
    restores: int | None = None
    """The earlier version that this one brought back."""


ROWS = (ModelRow, PromotionRow, LabelRow, MarkRow, CueRow, DatasetRow, FileRow)
TABLES = [SQLModel.metadata.tables[row.__tablename__] for row in ROWS]


def reading(engine: Engine) -> Session:
    """A session that only looks: a host whose engine knows the option (SQLite) then takes no write lock for it."""
    return Session(engine.execution_options(yiju_reads=True))
