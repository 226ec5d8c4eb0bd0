"""Migrations only add, so that programs of the release before go on working while and after they run.

What each revision does is read off the database itself, before and after: however a migration words it, it is seen.
Changes of rows are not judged here: whoever writes one says beside it how an older program reads the new rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from bot import schema
from tests.fakes.empty_database import engine, postgres_engine

__all__ = ["engine", "postgres_engine"]


class Shape(NamedTuple):
    """What an older program relies on: columns by table, and what the database refuses."""

    columns: Mapping[str, Mapping[str, Any]]
    refusals: Mapping[str, frozenset[str]]


def shape(connection: Connection) -> Shape:
    seen = inspect(connection)
    tables = {name for _, name in seen.get_multi_columns()}
    columns = {
        table: {one["name"]: one for one in found} for (_, table), found in seen.get_multi_columns().items()
    }
    refusals: dict[str, set[str]] = {table: set() for table in tables}
    for (_, table), indexes in seen.get_multi_indexes().items():
        refusals[table] |= {f"unique {one['column_names']}" for one in indexes if one["unique"]}
    for (_, table), uniques in seen.get_multi_unique_constraints().items():
        refusals[table] |= {f"unique {one['column_names']}" for one in uniques}
    for (_, table), keys in seen.get_multi_foreign_keys().items():
        refusals[table] |= {f"{one['constrained_columns']} in {one['referred_table']}" for one in keys}
    for (_, table), checks in seen.get_multi_check_constraints().items():
        refusals[table] |= {one["sqltext"] for one in checks}
    return Shape(columns, {table: frozenset(found) for table, found in refusals.items()})


def harms(before: Shape, after: Shape) -> Iterator[str]:
    """What a program that knows `before` would stumble over in `after`."""
    for table, columns in before.columns.items():
        if table not in after.columns:
            yield f"{table} is gone"
            continue
        now = after.columns[table]
        for name, column in columns.items():
            if name not in now:
                yield f"{table}.{name} is gone"
            elif str(column["type"]) != str(now[name]["type"]):
                yield f"{table}.{name} has another type"
            elif column["nullable"] and not now[name]["nullable"]:
                yield f"{table}.{name} must be filled now"
            elif column["default"] and not now[name]["default"]:
                yield f"{table}.{name} lost its default"
        for name in now.keys() - columns.keys():
            if not now[name]["nullable"] and now[name]["default"] is None:
                yield f"{table}.{name} is new and must be filled"
        for refused in after.refusals[table] - before.refusals[table]:
            yield f"{table} refuses more: {refused}"


def unmarked(revisions: Sequence[str]) -> list[str]:
    """Of the revisions in their order: those that do not keep the mark of one before them."""
    lost, oldest = [], ""
    for revision in revisions:
        found = schema.oldest_program(revision)
        if found < oldest:
            lost.append(revision)
        oldest = max(oldest, found)
    return lost


def test_each_revision_only_adds_or_says_which_program_it_needs(engine: Engine) -> None:
    with engine.begin() as connection:
        before = shape(connection)
        for revision in sorted(schema.revisions()):
            schema.upgrade(connection, revision)
            after = shape(connection)
            if not schema.oldest_program(revision):
                assert list(harms(before, after)) == [], f"revision {revision}"
            before = after


def test_revisions_are_numbered_in_their_order_and_keep_the_mark() -> None:
    ordered = sorted(schema.revisions())
    assert [revision[:4] for revision in ordered] == [f"{number + 1:04}" for number in range(len(ordered))]
    assert schema.head() == ordered[-1]
    assert unmarked(ordered) == []


def test_a_mark_that_is_not_kept_is_found() -> None:
    assert unmarked(["0001", "0002", "0003_from_0002", "0004_from_0002", "0005_from_0004"]) == []
    assert unmarked(["0001", "0002_from_0001", "0003", "0004_from_0001"]) == ["0003"]


HARMFUL = {
    "bot_user.tone is gone": ["ALTER TABLE bot_user DROP COLUMN tone"],
    "bot_user.name is gone": ["ALTER TABLE bot_user RENAME COLUMN name TO called"],
    "bot_shared_token is gone": ["ALTER TABLE bot_shared_token RENAME TO bot_token"],
    "bot_allowance is gone": ["DROP TABLE bot_allowance"],
    "bot_user refuses more: unique ['name']": ["CREATE UNIQUE INDEX one_name ON bot_user (name)"],
}


@pytest.mark.parametrize("said", HARMFUL)
def test_a_change_that_an_older_program_stumbles_over_is_found(engine: Engine, said: str) -> None:
    assert said in changed(engine, HARMFUL[said])


@pytest.mark.service
@pytest.mark.parametrize(
    ("said", "statement"),
    [
        ("bot_user.age is new and must be filled", "ALTER TABLE bot_user ADD COLUMN age INTEGER NOT NULL"),
        ("bot_user.wecom must be filled now", "ALTER TABLE bot_user ALTER COLUMN wecom SET NOT NULL"),
        ("bot_user.name has another type", "ALTER TABLE bot_user ALTER COLUMN name TYPE VARCHAR(8)"),
        (
            "bot_user refuses more: ['manager'] in bot_user",
            "ALTER TABLE bot_user ADD FOREIGN KEY (manager) REFERENCES bot_user (id)",
        ),
    ],
)
def test_what_sqlite_cannot_even_say_is_found_on_postgresql(
    postgres_engine: Engine, said: str, statement: str
) -> None:
    assert said in changed(postgres_engine, [statement])


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE bot_user ADD COLUMN age INTEGER",
        "ALTER TABLE bot_user ADD COLUMN age INTEGER NOT NULL DEFAULT 0",
        "CREATE TABLE later (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL UNIQUE)",
        "CREATE INDEX by_name ON bot_user (name)",
    ],
)
def test_what_only_adds_harms_nobody(engine: Engine, statement: str) -> None:
    assert changed(engine, [statement]) == []


def changed(engine: Engine, statements: Sequence[str]) -> list[str]:
    schema.migrate(engine)
    with engine.connect() as connection:
        before = shape(connection)
        for statement in statements:
            connection.execute(text(statement))
        found = list(harms(before, shape(connection)))
        connection.rollback()
    return found
