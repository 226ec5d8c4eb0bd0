"""An installation in several processes: a database of its own on a PostgreSQL server, a NATS server, roles apart."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import make_url

from bot.store import open_engine

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
NATS = "nats://127.0.0.1:4222"


@dataclass(frozen=True)
class Spread:
    """`workers` processes that work turns beside a gateway and a scheduler."""

    database: str
    bus: str
    workers: int

    @property
    def settings(self) -> dict[str, str]:
        return {"YIJU_DATABASE_URL": self.database, "YIJU_BUS_URL": self.bus}

    @property
    def roles(self) -> list[str]:
        """The gateway comes last: it is the one that is asked whether all is ready."""
        return [*(["worker"] * self.workers), "scheduler", "gateway"]


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """The address of a new, empty database on this PostgreSQL server, gone at the end."""
    name = f"yiju_bench_{secrets.token_hex(6)}"
    engine = open_engine(server)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
