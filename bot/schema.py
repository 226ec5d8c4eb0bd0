"""The database's schema: one Alembic history for the tables of all packages.

A program also serves on a schema that a later release migrated, because migrations only add. One that does otherwise says
in its name which programs can live with it: `0031_from_0029` needs one that knows 0029, and what follows it keeps the mark.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlmodel import Session, SQLModel

import bot.tables
import crm_bridge.adapters.embedded.tables
import crm_bridge.adapters.remote.tables
import crm_bridge.events.tables
import crm_bridge.signals.tables
import crm_bridge.tables
import intents.tables
import knowledge.tables
from bot.errors import ForeignSchema

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
_NUMBERED = re.compile(r"\d{4}(_from_(?P<oldest>\d{4}))?")
_LOCK = 0x59494A56  # any constant; two processes that start together migrate one after the other
_OWNERS = (
    bot.tables,
    crm_bridge.adapters.embedded.tables,
    crm_bridge.adapters.remote.tables,
    crm_bridge.events.tables,
    crm_bridge.signals.tables,
    crm_bridge.tables,
    intents.tables,
    knowledge.tables,
)
"""Imported so that their tables are part of the metadata."""


class Standing(StrEnum):
    """How a database's schema stands to the one that this program knows."""

    SAME = "same"
    BEHIND = "behind"
    """Older, or none yet: `migrate` brings it up to date."""
    AHEAD = "ahead"
    """A later release's, and one on which this program can work."""
    FOREIGN = "foreign"
    """A later release's that needs a later program, or nobody's that we know."""


def metadata() -> MetaData:
    assert all(_OWNERS)
    return SQLModel.metadata


@cache
def _history() -> dict[str, str | None]:
    """Revision → the one before it, read off the files: importing Alembic for it would cost a third of a second."""
    found: dict[str, str | None] = {}
    for path in (MIGRATIONS / "versions").glob("*.py"):
        words = path.read_text(encoding="utf-8")
        down = re.search(r"^down_revision[^=]*= *(?:\"(\w+)\"|None)", words, re.MULTILINE)
        revision = re.search(r"^revision[^=]*= *\"(\w+)\"", words, re.MULTILINE)
        if down is None or revision is None:
            raise RuntimeError(f"{path.name} names no revision")
        found[revision[1]] = down[1]
    return found


def head() -> str:
    """The newest revision."""
    history = _history()
    (newest,) = set(history) - set(history.values())
    return newest


def revisions() -> frozenset[str]:
    """Every revision this program knows."""
    return frozenset(_history())


def current(connection: Connection) -> str:
    """The revision the database is at; empty for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def standing(found: str) -> Standing:
    """Of the revision that a database is at."""
    if found == head():
        return Standing.SAME
    if not found or found in revisions():
        return Standing.BEHIND
    ours = head()[:4]
    later = _NUMBERED.fullmatch(found) is not None and found[:4] > ours
    return Standing.AHEAD if later and oldest_program(found) <= ours else Standing.FOREIGN


def oldest_program(revision: str) -> str:
    """The revision that a program must know to work on this one; empty where any can."""
    named = _NUMBERED.fullmatch(revision)
    return (named and named["oldest"]) or ""


def problem(session: Session) -> str:
    """Empty where this program can work on the schema as it is; otherwise what to do."""
    found = current(session.connection())
    match standing(found):
        case Standing.BEHIND:
            return f"schema is at {found or 'nothing'}, expected {head()}; run `yiju migrate`"
        case Standing.FOREIGN:
            return str(ForeignSchema(found, head()))
    return ""


def ahead(engine: Engine) -> str:
    """The later revision that the database is at; empty where it is at none."""
    with engine.connect() as connection:
        found = current(connection)
    return found if standing(found) is Standing.AHEAD else ""


def migrate(engine: Engine) -> bool:
    """Bring the schema up to date; one that is ahead stays. Returns whether there was anything to do.

    Raises `ForeignSchema`.
    """
    with engine.connect() as connection:
        if not _is_behind(connection):
            return False
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if not _is_behind(connection):
            return False
        upgrade(connection, "head")
    return True


def _is_behind(connection: Connection) -> bool:
    found = current(connection)
    if standing(found) is Standing.FOREIGN:
        raise ForeignSchema(found, head())
    return standing(found) is Standing.BEHIND


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the schema to a revision, in the caller's transaction."""
    from alembic import command

    command.upgrade(config(connection), revision)


def drop_all(connection: Connection) -> None:
    """Take away every table, to start from another revision."""
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["connection"] = connection
    return made
