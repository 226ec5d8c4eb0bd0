"""A schema as a later release may leave it while this one is still serving: what its migrations added, and its number."""

from __future__ import annotations

from sqlalchemy import Connection, text

from bot import schema

ADDED = (
    "ALTER TABLE bot_delivery ADD COLUMN later_note VARCHAR",
    "ALTER TABLE bot_decision ADD COLUMN later_count INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE later_thing (id VARCHAR NOT NULL PRIMARY KEY, decision VARCHAR REFERENCES bot_decision (id))",
)


def following(mark: str = "") -> str:
    """The revision after the newest that is known; `mark` is what a breaking one is called besides."""
    return f"{int(schema.head()[:4]) + 1:04}{mark}"


def put_ahead(connection: Connection, revision: str = "") -> str:
    """Migrate as a later release would, in the caller's transaction; returns the revision."""
    revision = revision or following()
    for statement in ADDED:
        connection.execute(text(statement))
    connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    return revision
