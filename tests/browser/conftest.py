"""A real server and the system's Chromium, on the demo company."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.serving import demo_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
expect.set_options(timeout=15_000)  # the server, the browser and other tests share two cores
REQUIRED = os.environ.get("YIJU_TEST_REQUIRE_SERVICES") == "1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's data dir. Each file has its own: words of one customer that come close together are one card."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture
def password(server: str, data: Path) -> str:
    """Of all demo people, for the console."""
    return (data / "demo_password").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[str]:
    with demo_server(data) as url:
        yield url


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        message = "no Chromium on this machine; install it (Debian: apt-get install chromium) to run the browser tests"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        await opened.close()
