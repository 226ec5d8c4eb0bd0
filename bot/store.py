"""The engine and its sessions: one transaction a step, on SQLite (default) or PostgreSQL.

The database is the truth; whatever is published or sent is a committed row first.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import DateTime, Engine, Insert, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel, create_engine

T = TypeVar("T")
ADDED_TO = "queues added to"
"""Key of `Session.info` under which a queue notes that this transaction added to it."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both sides; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} given to the store; pass an aware one")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Store:
    """Gives out transactions. Handlers are async; each step's database work runs as one function in a thread."""

    def __init__(self, url: str, threads: int = 6) -> None:
        self.engine = open_engine(url)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")
        # SQLite lets one writer in; queueing here is fair, its own busy handler sleeps and polls.
        self._writer: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()
        self.announce: Callable[[frozenset[str]], None] = lambda names: None
        """Called after a commit with the names of the queues that it added to: the wake-up of their workers."""

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back on any exception."""
        with self._writer, Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            added = frozenset(session.info.get(ADDED_TO, ()))
        if added:
            self.announce(added)

    @contextmanager
    def look(self) -> Iterator[Session]:
        """A read-only session; nothing in it is saved."""
        with Session(self.engine.execution_options(yiju_reads=True), expire_on_commit=False) as session:
            yield session

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run one write transaction in a thread."""

        def transaction() -> T:
            with self.begin() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._threads, transaction)

    async def read(self, work: Callable[[Session], T]) -> T:
        def reading() -> T:
            with self.look() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._threads, reading)

    def insert_new(self, table: type[SQLModel], **values: Any) -> Insert:
        """An insert that does nothing where a unique key is there already (`rowcount` tells which)."""
        dialect = sqlite if self.is_sqlite else postgresql
        statement: Insert = dialect.insert(table).values(**values).on_conflict_do_nothing()
        # Without the option psycopg's rowcount is -1, which reads as "new".
        return statement.execution_options(preserve_rowcount=True)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self.engine.dispose()


def open_engine(url: str) -> Engine:
    """`sqlite:///path` or `postgresql://…` (psycopg 3)."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=12)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=12, pool_pre_ping=True
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is DEFERRED and deadlocks two upgrading writers.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    reads = connection.get_execution_options().get("yiju_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
