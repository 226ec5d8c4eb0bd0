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
from functools import cache, partial
from typing import Any, TypeVar

from sqlalchemy import DateTime, Engine, Insert, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel, create_engine

from bot.group_commit import GroupCommit

T = TypeVar("T")
ADDED_TO = "queues added to"
"""Key of `Session.info` under which a queue notes that this transaction added to it."""


CUT_OFF = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Of libpq. Without them a query over a cut network waits a quarter of an hour, and its thread with it."""
LEFT_BEHIND = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
"""Of the server, for each of our sessions: a client that was cut off would keep its locks for hours, the journal's too."""
AWAY = (OperationalError, InterfaceError)
"""What a database raises that is away, full or busy: nothing was saved, and later it may well be."""


def why_away(error: DBAPIError) -> str:
    """Its own first line, without the statement and its values."""
    return f"{type(error.orig).__name__}: {error.orig}".splitlines()[0]


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
        self._reading = self.engine.execution_options(yiju_reads=True)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")
        # SQLite lets one writer in; queueing here is fair, its own busy handler sleeps and polls.
        self._writer: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()
        self._next: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()
        self._door = GroupCommit(partial(self.begin, first=True), AWAY)
        self.announce: Callable[[frozenset[str]], None] = lambda names: None
        """Called after a commit with the names of the queues that it added to: the wake-up of their workers."""

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self, *, first: bool = False) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back on any exception.

        `first`: it waits for the one that is open, not for all that wait for that.
        """
        with self._place(first), self._writer, Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            added = frozenset(session.info.get(ADDED_TO, ()))
        if added:
            self.announce(added)

    @contextmanager
    def _place(self, first: bool) -> Iterator[None]:
        if first:
            yield
        else:
            with self._next:
                self._door.give_way()
                yield

    @contextmanager
    def look(self) -> Iterator[Session]:
        """A read-only session; nothing in it is saved."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run one write transaction in a thread."""

        def transaction() -> T:
            with self.begin() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._threads, transaction)

    async def admit(self, work: Callable[[Session], T]) -> T:
        """Like `write`, before all that wait to write, and together with what else arrives: short work only."""
        return await self._door.write(work)

    async def read(self, work: Callable[[Session], T]) -> T:
        def reading() -> T:
            self._door.give_way()
            with self.look() as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._threads, reading)

    def insert_new(self, table: type[SQLModel], **values: Any) -> Insert:
        """An insert that does nothing where a unique key is there already (`rowcount` tells which)."""
        dialect = sqlite if self.is_sqlite else postgresql
        statement: Insert = dialect.insert(table).values(**values).on_conflict_do_nothing()
        # Without the option psycopg's rowcount is -1, which reads as "new".
        return statement.execution_options(preserve_rowcount=True)

    def new_row(self, table: type[SQLModel]) -> Insert:
        """The same, built once, for values that are given when it is executed: building costs more than running it."""
        return _new_row(table, sqlite if self.is_sqlite else postgresql)

    def newest_row(self, table: type[SQLModel]) -> Insert:
        """An insert that takes the place of a row with the same primary key; its values are given when it is executed."""
        return _newest_row(table, sqlite if self.is_sqlite else postgresql)

    def close(self) -> None:
        self._door.close()
        self._threads.shutdown(wait=True)
        self.engine.dispose()


@cache
def _new_row(table: Any, dialect: Any) -> Insert:
    plain: Insert = dialect.insert(table.__table__).on_conflict_do_nothing()
    return plain.execution_options(preserve_rowcount=True)


@cache
def _newest_row(table: Any, dialect: Any) -> Insert:
    rows = table.__table__
    plain = dialect.insert(rows)
    told = {one.name: plain.excluded[one.name] for one in rows.columns if not one.primary_key}
    replacing: Insert = plain.on_conflict_do_update(index_elements=list(rows.primary_key), set_=told)
    return replacing


def open_engine(url: str) -> Engine:
    """`sqlite:///path` or `postgresql://…` (psycopg 3)."""
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=12)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=12,
        pool_pre_ping=True,
        connect_args=CUT_OFF,
    )
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _prepare_postgres(connection: Any, _record: Any) -> None:
    """The server gives up a client that it cannot reach or that stopped within a transaction; NULs are left out of words.

    PostgreSQL refuses text with a NUL in it, where SQLite keeps it: somebody's words must not stop for that.
    """
    from psycopg.types.string import StrDumperUnknown

    class WithoutNul(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "") if "\0" in obj else obj)

    connection.adapters.register_dumper(str, WithoutNul)
    with connection.cursor() as cursor:
        for name, value in LEFT_BEHIND.items():
            cursor.execute(f"SET {name} = '{value}'")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is DEFERRED and deadlocks two upgrading writers.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    if connection.get_execution_options().get("yiju_reads"):
        # takes no lock: nothing to translate, ten a turn
        connection.connection.dbapi_connection.execute("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
