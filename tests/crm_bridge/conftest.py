"""The embedded CRM with two customers, on a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.adapters.embedded import EmbeddedCrm
from tests.fakes.clock import Clock
from tests.fakes.embedded_crm import open_crm


@pytest.fixture
def crm(tmp_path: Path, clock: Clock) -> Iterator[EmbeddedCrm]:
    crm, engine = open_crm(tmp_path, clock)
    yield crm
    engine.dispose()
