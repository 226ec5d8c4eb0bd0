"""The store's tables as lines, whichever database they live in: what backups are made of, and how data moves on.

Tables are read and written as the database itself describes them, so a snapshot of an older schema loads into that
schema first and is migrated afterwards.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Integer, MetaData, Table, func, insert, select, text

AT_ONCE = 500
PASSING = frozenset({"bot_lease", "bot_shared_token", "bot_allowance", "knowledge_state"})
"""Tables that say nothing about the company."""
_VERSION_TABLE = "alembic_version"
_MODULUS = 1 << 256


@dataclass(frozen=True)
class Content:
    """What a table holds: how many rows, and the sum of their hashes, which no order of rows changes."""

    rows: int
    digest: str


class Digest:
    """Adds rows up."""

    def __init__(self) -> None:
        self._rows, self._sum = 0, 0

    def add(self, line: bytes) -> None:
        self._rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest())) % _MODULUS

    @property
    def content(self) -> Content:
        return Content(self._rows, f"{self._sum:064x}")


def tables_of(connection: Connection) -> list[Table]:
    """Every table but the schema's own revision, those that others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != _VERSION_TABLE]


def begin_snapshot(engine: Engine) -> Connection:
    """A connection that sees one moment of the store, whatever is written meanwhile. To be closed."""
    if engine.dialect.name == "sqlite":
        connection = engine.connect().execution_options(yiju_reads=True)
        connection.execute(text("SELECT 1 FROM sqlite_master"))  # the moment is that of the first read
        return connection
    return engine.connect().execution_options(isolation_level="REPEATABLE READ")


def lines_of(connection: Connection, table: Table) -> Iterator[bytes]:
    """A table's rows, each as one JSON line."""
    result = connection.execution_options(stream_results=True).execute(select(table))
    for rows in result.mappings().partitions(AT_ONCE):
        for row in rows:
            yield to_line(row)


def to_line(row: Mapping[Any, Any]) -> bytes:
    plain = {str(name): _plain(value) for name, value in row.items()}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def from_line(line: bytes) -> dict[str, Any]:
    return {name: _value(value) for name, value in orjson.loads(line).items()}


def load(connection: Connection, table: Table, lines: Iterable[bytes]) -> None:
    """Insert rows into an empty table, in the caller's transaction; counters go on after the highest."""
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append(from_line(line))
        if len(batch) == AT_ONCE:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    _count_on(connection, table)


def content_of(connection: Connection, table: Table) -> Content:
    digest = Digest()
    for line in lines_of(connection, table):
        digest.add(line)
    return digest.content


def empty(connection: Connection, tables: list[Table]) -> None:
    for table in reversed(tables):
        connection.execute(table.delete())


def is_empty(connection: Connection, tables: list[Table]) -> bool:
    """Whether nothing was ever kept here, apart from what a running process leaves by itself."""
    return not any(
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables
        if table.name not in PASSING
    )


def _count_on(connection: Connection, table: Table) -> None:
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        if not isinstance(column.type, Integer):
            continue
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": f'"{table.name}"', "column": column.name},
        ).scalar()
        if sequence:
            highest = connection.execute(select(func.max(column))).scalar()
            connection.execute(
                text("SELECT setval(:sequence, :value, :used)"),
                {"sequence": sequence, "value": highest or 1, "used": highest is not None},
            )


def _plain(value: Any) -> Any:
    """JSON for a value as a driver gives it; what JSON has no word for is tagged."""
    match value:
        case datetime():
            aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            return {"$at": aware.isoformat()}
        case date():
            return {"$on": value.isoformat()}
        case Decimal():
            return {"$number": str(value)}
        case bytes() | memoryview():
            return {"$bytes": base64.b64encode(bytes(value)).decode()}
        case dict() | list():
            return {"$json": value}
    return value


def _value(plain: Any) -> Any:
    if not isinstance(plain, dict):
        return plain
    ((tag, value),) = plain.items()
    match tag:
        case "$at":
            return datetime.fromisoformat(value)
        case "$on":
            return date.fromisoformat(value)
        case "$number":
            return Decimal(value)
        case "$bytes":
            return base64.b64decode(value)
    return value
