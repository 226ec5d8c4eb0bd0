"""The server dies at random moments under traffic, and neither a delivery nor a confirmed action is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.bench.crash import crash
from eval.bench.crash_run import CrashReport
from eval.bench.spread import Spread, own_database
from eval.bench.workbench import workbench
from tests.conftest import POSTGRES

PATIENCE_S = 240.0
"""For a start, on a machine that has other things to do."""


@pytest.mark.timeout(400)
async def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    with workbench(tmp_path) as bench:
        report = await crash(bench, kills=6, seed=20261128)
    _nothing_is_lost_or_doubled(report)


@pytest.mark.service
@pytest.mark.timeout(900)
async def test_kills_of_any_process_of_several_lose_and_double_nothing(
    tmp_path: Path, postgres_url: str, nats_url: str
) -> None:
    assert postgres_url, "there is a server"
    with (
        own_database(POSTGRES) as database,
        workbench(tmp_path, Spread(database, nats_url, workers=2), PATIENCE_S) as bench,
    ):
        bench.preloaded = True
        report = await crash(bench, kills=3, seed=20261128)
    _nothing_is_lost_or_doubled(report)
    assert report.recoveries.count == 3


def _nothing_is_lost_or_doubled(report: CrashReport) -> None:
    assert report.faults == (), report.as_text()
    assert report.turns > 0
    assert report.found.decisions == report.turns
    assert report.found.actions > 0
