"""The schema: history and tables agree on both databases, go up and down, and a wrong one is told with what to do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlmodel import Session

from bot import schema
from bot.conversation import UserId
from bot.decision import State
from bot.decisions import columns, read
from bot.errors import ForeignSchema
from bot.tables import ConfirmationRow, DecisionRow
from eval.bench.later_schema import following, put_ahead
from tests.fakes.clock import START
from tests.fakes.decisions import a_decision
from tests.fakes.empty_database import engine, postgres_engine, run

__all__ = ["engine", "postgres_engine"]


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def to_revision_0019(engine: Engine) -> None:
    with engine.begin() as connection:
        known = MigrationContext.configure(connection).get_current_revision()
        move = command.downgrade if known else command.upgrade
        move(schema.config(connection), "0019")


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


def test_who_confirmed_what_was_undone_is_found_again_in_the_confirmations(engine: Engine) -> None:
    to_revision_0019(engine)
    undone = replace(a_decision().confirm(UserId("lisi"), START + timedelta(hours=1)), state=State.UNDONE)
    body = {name: value for name, value in columns(undone)["body"].items() if not name.startswith("undone_")}
    given = {"decision": "d1", "version": 0, "content_hash": "", "changes": {}}
    with Session(engine) as session:
        session.add(DecisionRow(**columns(undone) | {"body": body}))
        session.flush()
        session.add(ConfirmationRow(**given, id="c1", kind="confirmed", person="zhangsan", at=START))
        session.add(
            ConfirmationRow(**given, id="c2", kind="undo", person="lisi", at=START + timedelta(hours=1))
        )
        session.commit()

    def kept() -> tuple[object, ...]:
        with Session(engine) as session:
            row = session.get_one(DecisionRow, "d1")
            found = read(row)
            assert (row.decided_by, row.decided_at) == (found.decided_by, found.decided_at)
            return found.decided_by, found.decided_at, found.undone_by, found.undone_at

    to(engine, "head")
    assert kept() == ("zhangsan", START, "lisi", START + timedelta(hours=1))
    to_revision_0019(engine)
    assert kept() == ("lisi", START + timedelta(hours=1), None, None)


def test_an_empty_database_is_a_problem_that_says_what_to_run(engine: Engine) -> None:
    assert problem(engine) == f"schema is at nothing, expected {schema.head()}; run `yiju migrate`"


def test_an_older_database_is_a_problem_that_says_what_to_run(engine: Engine) -> None:
    to(engine, "0019")
    assert problem(engine) == f"schema is at 0019, expected {schema.head()}; run `yiju migrate`"
    assert schema.ahead(engine) == ""


@pytest.mark.parametrize("mark", ["", f"_from_{schema.head()[:4]}", "_from_0007"])
def test_a_database_that_a_later_release_migrated_is_served_as_it_is(engine: Engine, mark: str) -> None:
    schema.migrate(engine)
    with engine.begin() as connection:
        later = put_ahead(connection, following(mark))
    assert problem(engine) == ""
    assert schema.migrate(engine) is False
    assert schema.ahead(engine) == later


@pytest.mark.parametrize("revision", ["later", "0000", following(f"_from_{following()}"), "0022_by_hand"])
def test_a_database_that_needs_another_program_is_refused_and_left_alone(
    engine: Engine, revision: str
) -> None:
    schema.migrate(engine)
    run(engine, f"UPDATE alembic_version SET version_num = '{revision}'")
    assert problem(engine).startswith(
        f"schema is at {revision}, and this version, which knows {schema.head()},"
    )
    with pytest.raises(ForeignSchema, match="use the version that migrated it"):
        schema.migrate(engine)
    with engine.connect() as connection:
        assert schema.current(connection) == revision


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


def change(event: str, subject: str, kind: str | None) -> str:
    told = f"'{kind}'" if kind else "NULL"
    return (
        "INSERT INTO crm_event_change (event, field, subject, kind, value, at, second, precision, sequence, source)"
        f" VALUES ('{event}', 'tier', '{subject}', {told}, '\"A\"', '2026-11-26 07:00:00+00:00', 1, 's', '', '/x')"
    )


def value(subject: str, tier: str, second: int) -> str:
    return (
        "INSERT INTO crm_event_value (subject, field, kind, value, event, second)"
        f" VALUES ('{subject}', 'tier', '{subject.partition(':')[0]}', '\"{tier}\"', '{tier}', {second})"
    )


def test_events_and_polls_of_a_customer_become_one_history_and_every_change_has_its_kind(
    engine: Engine,
) -> None:
    to(engine, "0019")
    for statement in (
        change("e1", "order:SO-1", None),  # of a process from before 0017
        change("e2", "customer:C-1", "customer"),
        change("e3", "account:C-1", "account"),
        value("customer:C-1", "B", 20),
        value("account:C-1", "A", 10),
        value("customer:C-2", "C", 10),
        value("account:C-2", "VIP", 20),
        value("tier:C-3", "B", 10),
        value("order:SO-1", "x", 10),
    ):
        run(engine, statement)
    to(engine, "head")
    with engine.connect() as connection:
        changes = connection.execute(
            text("SELECT event, subject, kind FROM crm_event_change ORDER BY event")
        ).all()
        values = connection.execute(
            text("SELECT subject, kind, event FROM crm_event_value ORDER BY subject")
        ).all()
    assert [tuple(row) for row in changes] == [
        ("e1", "order:SO-1", "order"),
        ("e2", "account:C-1", "account"),
        ("e3", "account:C-1", "account"),
    ]
    assert [tuple(row) for row in values] == [
        ("account:C-1", "account", "B"),
        ("account:C-2", "account", "VIP"),
        ("account:C-3", "account", "B"),
        ("order:SO-1", "order", "x"),
    ]
