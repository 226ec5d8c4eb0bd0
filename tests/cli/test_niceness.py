"""A process that nobody waits for at its door leaves the processor to those that somebody waits for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.cli.running import GIVES_WAY
from bot.roles import roles, shows
from eval.bench.processes import free_port, start, wait_until_ready


@pytest.mark.parametrize(
    ("named", "waited_for"),
    [
        ("all", True),
        ("gateway", True),
        ("console", True),
        ("worker,gateway", True),
        ("worker", False),
        ("worker,scheduler", False),
    ],
)
def test_who_is_waited_for(named: str, waited_for: bool) -> None:
    assert shows(roles([named])) is waited_for


@pytest.mark.parametrize(("role", "more"), [("worker", GIVES_WAY), ("gateway", 0)])
def test_a_worker_gives_way_and_a_gateway_does_not(role: str, more: int, prepared: Path) -> None:
    port = free_port()
    arguments = ["bot", "serve", "--role", role, "--port", str(port)]
    child = start(arguments, {"YIJU_DATA_DIR": str(prepared)}, prepared / f"{role}.log")
    try:
        wait_until_ready(child, f"http://127.0.0.1:{port}/healthz")
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(own + more, 19)
    finally:
        child.stop()
