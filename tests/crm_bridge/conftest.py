"""The embedded CRM with two customers, on a clock that stands still; and a store of our own for remote systems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel

from bot.store import Store
from crm_bridge.adapters.embedded import EmbeddedCrm
from tests.fakes.clock import Clock
from tests.fakes.embedded_crm import open_crm


@pytest.fixture
def crm(tmp_path: Path, clock: Clock) -> Iterator[EmbeddedCrm]:
    crm, engine = open_crm(tmp_path, clock)
    yield crm
    engine.dispose()


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Callable[[], AbstractContextManager[Session]]]:
    """What adapters of remote systems keep with us: their keys and names. Empty."""
    store = Store(f"sqlite:///{tmp_path / 'yiju.db'}")
    SQLModel.metadata.create_all(store.engine)
    yield store.begin
    store.close()
