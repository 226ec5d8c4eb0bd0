"""Databases with nothing in them, for tests of the schema itself. A test module takes the fixtures by importing them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from bot.store import open_engine
from tests.conftest import POSTGRES


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Once on each database."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgres_engine")
        return
    opened = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    yield opened
    opened.dispose()


@pytest.fixture
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    """A schema of its own in the test database; skips where there is no server."""
    name = f"migrate_{uuid.uuid4().hex}"
    server = open_engine(POSTGRES)
    run(server, f"CREATE SCHEMA {name}")
    opened = open_engine(f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{name}")
    yield opened
    opened.dispose()
    run(server, f"DROP SCHEMA {name} CASCADE")
    server.dispose()


def run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))
