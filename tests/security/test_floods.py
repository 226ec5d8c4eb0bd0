"""More than is let in: a key that calls too often, more requests at once than a process takes in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.app import Parts
from bot.serving import app_of
from bot.settings import ApiSettings
from bot.web.in_hand import ALWAYS, InHand
from bot.web.pace import BURST_S
from tests.fakes.clock import Clock
from tests.fakes.product import PUBLIC_URL
from tests.web.conftest import Site

PER_SECOND = 1


@pytest.fixture
async def slow(site: Site, parts: Parts, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """The same company, behind a door that lets in one request a second."""
    settings = parts.settings.model_copy(update={"api": ApiSettings(per_second=PER_SECOND)})
    app = app_of(replace(parts, settings=settings, clock=clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as web:
        yield web


async def test_a_key_that_calls_too_often_waits_and_another_does_not(
    site: Site, slow: httpx.AsyncClient, clock: Clock
) -> None:
    site.save()
    hasty, other = site.key("read"), site.key("read")
    for _ in range(PER_SECOND * BURST_S):
        assert (await slow.get("/api/v1/decisions/d1", headers=hasty)).status_code == 200
    slowed = await slow.get("/api/v1/quality", headers=hasty)
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "1")
    assert slowed.json() == {
        "error": "TooMany",
        "message": "more than 1 requests a second; try again in 1 s",
    }
    assert (await slow.get("/api/v1/decisions/d1", headers=other)).status_code == 200
    clock.advance(seconds=1)
    assert (await slow.get("/api/v1/decisions/d1", headers=hasty)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/utterances"),
        ("POST", "/api/v1/inquiries"),
        ("POST", "/api/v1/events"),
        ("GET", "/api/v1/events/e1"),
        ("POST", "/api/v1/customers/ACC-1/offers"),
        ("GET", "/api/v1/customers/ACC-1/facts"),
        ("GET", "/api/v1/decisions/d1"),
        ("GET", "/api/v1/quality"),
    ],
)
async def test_every_route_counts(site: Site, slow: httpx.AsyncClient, method: str, path: str) -> None:
    key = site.key("read", "utterances", "inquiries", "events", "offers")
    answers = [
        (await slow.request(method, path, headers=key)).status_code for _ in range(PER_SECOND * BURST_S + 1)
    ]
    assert 429 not in answers[:-1]
    assert answers[-1] == 429


class Busy:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.taken = asyncio.Semaphore(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in ALWAYS:
            self.taken.release()
            await self.may_answer.wait()
        await PlainTextResponse("answered")(scope, receive, send)


async def test_a_process_takes_so_many_in_hand_and_tells_the_rest_to_come_again() -> None:
    busy = Busy()
    transport = httpx.ASGITransport(InHand(busy, 2))
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as web:
        waiting = [asyncio.create_task(web.post("/wecom/callback")) for _ in range(2)]
        for _ in waiting:
            await busy.taken.acquire()
        beyond = await web.post("/wecom/callback")
        assert (beyond.status_code, beyond.headers["Retry-After"]) == (503, "1")
        assert "2 requests are in hand" in beyond.json()["message"]
        assert (await web.get("/healthz")).status_code == 200
        busy.may_answer.set()
        assert [(await one).status_code for one in waiting] == [200, 200]
        assert (await web.post("/wecom/callback")).status_code == 200
