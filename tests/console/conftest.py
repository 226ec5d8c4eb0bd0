"""The core on each database, and the demo company for what needs all parts."""

from __future__ import annotations

import pytest

from bot.store import Store
from tests.fakes.clock import Clock
from tests.fakes.demo import demo, parts
from tests.fakes.office import Office

__all__ = ["demo", "parts"]


@pytest.fixture
def office(store: Store, clock: Clock) -> Office:
    return Office(store, clock)
