"""The demo company for tests that are no stories: loaded once a process, parts over a copy of it for each test.

A conftest takes the fixtures by importing them; whichever folder asks first pays for the loading.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.app import Parts, assemble
from tests.fakes.clock import Clock
from tests.fakes.product import DemoCompany, load_demo_company, settings_for


@cache
def demo_company() -> DemoCompany:
    folder = Path(tempfile.mkdtemp(prefix="yiju-demo-"))
    loaded, parts = load_demo_company(folder / "var", Clock())

    def forget() -> None:
        parts.store.close()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(forget)
    return loaded


@pytest.fixture(scope="session")
def demo() -> DemoCompany:
    return demo_company()


@pytest.fixture
def parts(demo: DemoCompany, tmp_path: Path, clock: Clock) -> Iterator[Parts]:
    """All parts over a copy of the demo company, no channel on."""
    opened = assemble(settings_for(demo.copy_to(tmp_path / "var")), clock, channels={}, library=demo.library)
    yield opened
    opened.store.close()


@pytest.fixture(scope="session")
def quiet_parts(demo: DemoCompany, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The same for tests that write nothing: one copy for all of them."""
    folder = tmp_path_factory.mktemp("quiet") / "var"
    opened = assemble(settings_for(demo.copy_to(folder)), Clock(), channels={}, library=demo.library)
    yield opened
    opened.store.close()
