"""A server answers before it is put together, and what comes early waits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from bot.starting import Starting


class Building:
    """An application that is put together when the test says so."""

    def __init__(self, error: Exception | None = None) -> None:
        self.may_end = threading.Event()
        self.error = error
        self.lived: list[str] = []

    def __call__(self) -> FastAPI:
        assert self.may_end.wait(20)
        if self.error is not None:
            raise self.error
        app = FastAPI(lifespan=self._lifespan)
        app.get("/healthz")(lambda: {"status": "alive", "by": "the application"})
        app.post("/wecom/callback")(lambda: "kept")
        return app

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        self.lived.append("started")
        yield
        self.lived.append("stopped")


@asynccontextmanager
async def served(front: Starting) -> AsyncIterator[httpx.AsyncClient]:
    """As a server drives it: its lifespan around the requests."""
    messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    answers: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    living = asyncio.create_task(front({"type": "lifespan"}, messages.get, answers.put))
    await messages.put({"type": "lifespan.startup"})
    assert (await answers.get())["type"] == "lifespan.startup.complete"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://yiju") as http:
        yield http
    await messages.put({"type": "lifespan.shutdown"})
    assert (await answers.get())["type"] == "lifespan.shutdown.complete"
    await living


async def test_it_lives_and_is_not_ready_while_it_is_put_together() -> None:
    building = Building()
    async with served(Starting(building)) as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")
        building.may_end.set()
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert ready.status_code == 503
    assert list(ready.json()["problems"]) == ["starting"]


async def test_a_callback_that_comes_early_is_answered_by_the_application() -> None:
    building = Building()
    async with served(Starting(building)) as http:
        early = asyncio.create_task(http.post("/wecom/callback"))
        assert (await http.get("/healthz")).json() == {"status": "alive"}
        assert not early.done()
        building.may_end.set()
        assert (await early).json() == "kept"
        assert (await http.get("/healthz")).json()["by"] == "the application"
        assert building.lived == ["started"]
    assert building.lived == ["started", "stopped"]


async def test_a_server_that_cannot_be_put_together_gives_up_and_keeps_the_reason() -> None:
    building, given_up = Building(RuntimeError("no such encoder")), asyncio.Event()
    front = Starting(building)
    front.give_up = given_up.set
    async with served(front) as http:
        early = asyncio.create_task(http.post("/wecom/callback"))
        building.may_end.set()
        await asyncio.wait_for(given_up.wait(), 20)
        assert (await early).status_code == 503
    with pytest.raises(RuntimeError, match="no such encoder"):
        raise front.failed or AssertionError("no reason kept")


async def test_stopped_while_it_is_put_together_nothing_is_started() -> None:
    building = Building()
    async with served(Starting(building)):
        threading.Timer(0.05, building.may_end.set).start()
    assert building.lived == []


def test_what_answers_first_reads_in_little() -> None:
    """In a process of its own: here everything is imported already."""
    heavy = ("sqlalchemy", "fastapi", "numpy", "intents", "knowledge", "crm_bridge", "nicegui", "rich")
    asked = (
        f"import sys, bot.cli, bot.starting, uvicorn; print([one for one in {heavy} if one in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"
