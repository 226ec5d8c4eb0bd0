"""The schema: history and tables agree on both databases, go up and down, and a wrong one is told with what to do."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session

from bot import schema
from bot.store import open_engine
from tests.conftest import POSTGRES


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        opened = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        yield opened
        opened.dispose()
        return
    request.getfixturevalue("postgres_url")  # skips where there is no server
    name = f"migrate_{uuid.uuid4().hex}"
    server = open_engine(POSTGRES)
    _run(server, f"CREATE SCHEMA {name}")
    opened = open_engine(f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{name}")
    yield opened
    opened.dispose()
    _run(server, f"DROP SCHEMA {name} CASCADE")
    server.dispose()


def _run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def differences(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, schema.metadata()))


def to(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        move = command.downgrade if revision == "base" else command.upgrade
        move(schema.config(connection), revision)


def problem(engine: Engine) -> str:
    with Session(engine) as session:
        return schema.problem(session)


def test_the_history_makes_exactly_the_tables_that_the_code_knows(engine: Engine) -> None:
    assert schema.migrate(engine)
    assert tables(engine) == set(schema.metadata().tables)
    assert differences(engine) == []


def test_a_second_migration_has_nothing_to_do(engine: Engine) -> None:
    schema.migrate(engine)
    assert schema.migrate(engine) is False
    assert problem(engine) == ""


def test_the_history_goes_up_and_down_and_up_again(engine: Engine) -> None:
    schema.migrate(engine)
    to(engine, "base")
    assert tables(engine) == set()
    to(engine, "head")
    assert differences(engine) == []
    assert problem(engine) == ""


def test_an_empty_database_is_a_problem_that_says_what_to_run(engine: Engine) -> None:
    assert problem(engine) == f"schema is at nothing, expected {schema.head()}; run `yiju migrate`"


def test_a_database_of_another_program_is_a_problem_that_says_what_to_run(engine: Engine) -> None:
    schema.migrate(engine)
    _run(engine, "UPDATE alembic_version SET version_num = 'later'")
    assert problem(engine) == f"schema is at later, expected {schema.head()}; run `yiju migrate`"


def test_processes_that_start_together_migrate_once(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        schema.migrate(engine)  # one process at a time owns the file; on PostgreSQL the lock decides
    done: list[bool] = []
    threads = [threading.Thread(target=lambda: done.append(schema.migrate(engine))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 3
    assert sum(done) == (0 if engine.dialect.name == "sqlite" else 1)
    assert problem(engine) == ""


def test_the_newest_revision_is_the_one_that_alembic_knows() -> None:
    from alembic.script import ScriptDirectory

    assert schema.head() == ScriptDirectory.from_config(schema.config()).get_current_head()


def test_every_time_is_stored_with_its_zone_or_as_utc() -> None:
    naive = [
        f"{table.name}.{column.name}"
        for table in schema.metadata().tables.values()
        for column in table.columns
        if type(column.type).__name__ in {"DateTime", "TIMESTAMP"}
        and not getattr(column.type, "timezone", False)
    ]
    assert naive == []
