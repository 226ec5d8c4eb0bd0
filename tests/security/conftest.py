"""The web application over the demo company with everything on that has a door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import Parts, assemble
from bot.settings import Settings
from tests.fakes.clock import Clock
from tests.fakes.demo import demo
from tests.fakes.product import DemoCompany, settings_for
from tests.web.conftest import site

__all__ = ["demo", "parts", "site"]


def open_settings(data: Path) -> Settings:
    return settings_for(data).model_copy(update={"simulator": True})


@pytest.fixture
def parts(demo: DemoCompany, tmp_path: Path, clock: Clock) -> Iterator[Parts]:
    """All parts over a copy of the demo company, the simulator on."""
    opened = assemble(open_settings(demo.copy_to(tmp_path / "var")), clock, library=demo.library)
    yield opened
    opened.store.close()
