"""Secrets are put into the settings; then whatever talks about settings, fails or answers is read for them."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import structlog

from bot.app import assemble
from bot.settings import Settings, describe
from tests.fakes.clock import Clock
from tests.fakes.demo import DemoCompany
from tests.fakes.product import settings_for
from tests.web.conftest import Site

CANARIES = {
    "secret_key": "canary-secret-key-1111",
    "llm": {"base_url": "http://127.0.0.1:9", "model": "m", "api_key": "canary-llm-key-2222"},
    "crm": {"password": "canary-crm-pass-3333"},
    "events": {"signing_secret": "canary-signing-4444"},
}
WORDS = ("canary-secret-key", "canary-llm-key", "canary-crm-pass", "canary-signing")


def clean(text: str) -> bool:
    return not any(word in text for word in WORDS)


def secretive(data: Path) -> Settings:
    return settings_for(data, **CANARIES)


def test_settings_that_are_shown_or_printed_hold_no_secret(tmp_path: Path) -> None:
    settings = secretive(tmp_path)
    assert settings.llm.api_key.get_secret_value() == "canary-llm-key-2222"
    assert clean(repr(settings))
    assert clean(str(settings.model_dump()))
    assert clean(settings.model_dump_json())
    assert clean(str(describe(settings)))


async def test_what_fails_and_what_is_refused_names_no_secret(
    demo: DemoCompany, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = secretive(demo.copy_to(tmp_path / "var"))
    parts = assemble(settings, Clock(), channels={}, library=demo.library)
    site = Site(parts)
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as logs:
        answers = [
            await site.http.get("/healthz"),
            await site.http.get("/readyz"),
            await site.http.get("/metrics"),
            await site.http.get("/d/forged"),
            await site.http.get("/api/v1/decisions/none", headers=site.key("read")),
            await site.http.post("/api/v1/events", content=b"{", headers=site.key("events")),
            await site.http.get("/api/openapi.json"),
        ]
        try:
            raise RuntimeError(f"could not call with {settings!r}")
        except RuntimeError:
            structlog.get_logger().exception("call_failed", settings=settings)
    printed = capsys.readouterr()
    assert logs
    for text in (*(one.text for one in answers), str(logs), caplog.text, printed.out, printed.err):
        assert clean(text)
    await site.http.aclose()
    parts.store.close()
