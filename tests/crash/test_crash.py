"""The server dies at random moments under traffic, and neither a delivery nor a confirmed action is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.bench.crash import crash
from eval.bench.workbench import workbench


@pytest.mark.timeout(400)
async def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    with workbench(tmp_path) as bench:
        report = await crash(bench, kills=6, seed=20261128)
    assert report.faults == (), report.as_text()
    assert report.turns > 0
    assert report.found.decisions == report.turns
    assert report.found.actions > 0
