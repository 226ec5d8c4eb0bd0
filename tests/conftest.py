"""What tests of every package share: a store on each database, a clock, the people of the demo company."""

from __future__ import annotations

import os
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from bot import people
from bot.conversation import UserId
from bot.people import Person, Role
from bot.store import Store, open_engine
from tests.fakes.clock import Clock

POSTGRES = os.environ.get("YIJU_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test")
NATS = os.environ.get("YIJU_TEST_NATS_URL", "nats://127.0.0.1:4222")
REQUIRED = os.environ.get("YIJU_TEST_REQUIRE_SERVICES") == "1"
MISSED: set[str] = set()
"""Why tests were skipped for want of a server; printed at the end, under xdist by each worker's skip reason."""
COUNTED = (
    "routes × people × somebody else's id",
    "console pages × people",
    "console pages × somebody else's id",
)
"""Properties that tests record; their sums are printed at the end, for `eval/RESULTS.md`."""
CHENJING = UserId("chenjing")


PEOPLE = (
    Person(CHENJING, "陈静", Role.MANAGER, wecom="ChenJing", dingtalk="chenjing"),
    Person(UserId("zhangsan"), "张三", Role.REP, CHENJING, wecom="ZhangSan", dingtalk="zhangsan"),
    Person(UserId("lisi"), "李四", Role.REP, CHENJING, wecom="LiSi", dingtalk="lisi"),
    Person(UserId("sunli"), "孙莉", Role.TRAINER, wecom="SunLi"),
    Person(UserId("admin"), "管理员", Role.ADMIN, dingtalk="admin"),
)


@pytest.fixture(autouse=True, scope="session")
def _plain_logs() -> None:
    """Rich tracebacks with every local variable take seconds each; a test that fails has pytest's own."""
    processors = structlog.processors
    structlog.configure(processors=[processors.format_exc_info, processors.KeyValueRenderer()])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with all tables and the demo people, once on each database."""
    on_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'yiju.db'}" if on_sqlite else request.getfixturevalue("postgres_url")
    opened = Store(url)
    try:
        _empty(opened.engine)
        with opened.begin() as session:
            for person in PEOPLE:
                people.add(session, person)
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a schema of its own in the test database, gone when the run ends."""
    name = f"test_{uuid.uuid4().hex}"
    server = open_engine(POSTGRES)
    try:
        _run(server, f"CREATE SCHEMA {name}")
    except OperationalError as error:
        server.dispose()
        _no_service(f"no PostgreSQL at {POSTGRES}: {error.orig}")
    try:
        options = f"-csearch_path%3D{name}%20-csynchronous_commit%3Doff"
        url = f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options={options}"
        yield url
    finally:
        _run(server, f"DROP SCHEMA {name} CASCADE")
        server.dispose()


@pytest.fixture(scope="session")
def nats_url() -> str:
    """The address of a NATS server; tests use subjects and streams of their own there."""
    parts = urlsplit(NATS)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 4222), timeout=2).close()
    except OSError as error:
        _no_service(f"no NATS at {NATS}: {error}")
    return NATS


@pytest.fixture
def team() -> dict[str, Person]:
    """The demo people by id, as the store holds them."""
    return {person.id: person for person in PEOPLE}


def _empty(engine: Engine) -> None:
    """Make missing tables; in PostgreSQL's shared schema also delete what the test before left (faster than TRUNCATE)."""
    SQLModel.metadata.create_all(engine)
    with engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())


def _run(server: Engine, statement: str) -> None:
    with server.begin() as connection:
        connection.execute(text(statement))


def _no_service(why: str) -> NoReturn:
    if REQUIRED:
        pytest.fail(f"{why}; YIJU_TEST_REQUIRE_SERVICES=1 asks for it")
    MISSED.add(why.splitlines()[0])
    pytest.skip(why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for why in sorted(MISSED):
        terminalreporter.write_line(f"NOT TESTED ON A SERVER: {why}", yellow=True, bold=True)
    counted: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        counted.update(
            {str(name): int(str(value)) for name, value in report.user_properties if name in COUNTED}
        )
    for name, number in counted.items():
        terminalreporter.write_line(f"{number} {name}")
