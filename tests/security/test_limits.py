"""Before every route: bodies have an end, other sites change nothing, answers are hardened."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.web.limits import LARGEST
from tests.web.conftest import Site

HARDENED = ("content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options")
DOORS = ("/api/v1/utterances", "/d/whatever", "/sim/api/say", "/nowhere", "/healthz")


async def endless() -> AsyncIterator[bytes]:
    """A chunked body that never says how long it is."""
    for _ in range(LARGEST // 65536 + 2):
        yield b"x" * 65536


@pytest.mark.parametrize("door", ["/api/v1/utterances", "/sim/say"])
async def test_a_chunked_body_is_cut_off_at_the_limit_with_words(site: Site, door: str) -> None:
    headers = {"Content-Type": "application/json"} | site.key("utterances")
    answer = await site.http.post(door, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert "larger than" in answer.json()["message"]


@pytest.mark.parametrize("door", DOORS)
async def test_a_length_beyond_the_limit_is_refused_before_anything_is_read(site: Site, door: str) -> None:
    answer = await site.http.post(door, content=b"x" * (LARGEST + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "door", ["/", "/healthz", "/metrics", "/api/openapi.json", "/nowhere", "/sim", "/d/x", "/static/page.css"]
)
async def test_every_answer_is_hardened(site: Site, door: str) -> None:
    answer = await site.http.get(door)
    for name in HARDENED:
        assert name in answer.headers, (door, name)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    if not door.startswith("/static"):
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "told",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_sites_page_changes_nothing_with_a_reps_cookie(
    site: Site, told: dict[str, str]
) -> None:
    site.sign_in("zhangsan")
    answer = await site.http.post("/sim/say", json={"text": "你好", "key": "a-key-of-ours"}, headers=told)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "told", [{}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}]
)
async def test_our_own_page_may(site: Site, told: dict[str, str]) -> None:
    site.sign_in("zhangsan")
    answer = await site.http.post("/sim/say", json={"text": "你好", "key": "a-key-of-ours"}, headers=told)
    assert answer.status_code == 200, answer.text
