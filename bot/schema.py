"""The database's schema: one Alembic history for the tables of all packages."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlmodel import Session, SQLModel

import bot.tables
import crm_bridge.adapters.embedded.tables
import intents.tables
import knowledge.tables

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x59494A56  # any constant; two processes that start together migrate one after the other
_OWNERS = (bot.tables, crm_bridge.adapters.embedded.tables, intents.tables, knowledge.tables)
"""Imported so that their tables are part of the metadata."""


def metadata() -> MetaData:
    assert all(_OWNERS)
    return SQLModel.metadata


@cache
def head() -> str:
    """The newest revision, read off the files: importing Alembic for it would cost a third of a second."""
    found = {}
    for path in (MIGRATIONS / "versions").glob("*.py"):
        words = path.read_text(encoding="utf-8")
        down = re.search(r"^down_revision[^=]*= *(?:\"(\w+)\"|None)", words, re.MULTILINE)
        revision = re.search(r"^revision[^=]*= *\"(\w+)\"", words, re.MULTILINE)
        if down is None or revision is None:
            raise RuntimeError(f"{path.name} names no revision")
        found[revision[1]] = down[1]
    (newest,) = set(found) - set(found.values())
    return newest


def current(connection: Connection) -> str:
    """The revision the database is at; empty for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def problem(session: Session) -> str:
    """Empty where the schema is what this program expects; otherwise what to do."""
    found = current(session.connection())
    return (
        "" if found == head() else f"schema is at {found or 'nothing'}, expected {head()}; run `yiju migrate`"
    )


def migrate(engine: Engine) -> bool:
    """Bring the schema up to date. Returns whether there was anything to do."""
    with engine.connect() as connection:
        if current(connection) == head():
            return False
    from alembic import command

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if current(connection) == head():
            return False
        command.upgrade(config(connection), "head")
    return True


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["connection"] = connection
    return made
