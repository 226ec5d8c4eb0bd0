"""A soak tells a leak from memory that stays, and waits by quarters."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.bench.crash_run import CrashReport
from eval.bench.crash_story import Findings
from eval.bench.percentiles import Percentiles
from eval.bench.soak import Soak, soak


def soaked(*memory: float) -> Soak:
    found = Findings(0, 0, (), 0, 0, 0, ())
    report = CrashReport(0, 0, 0, 0, found, 1.0, Percentiles(0), (), ())
    return Soak(report, 1.0, memory, ())


def test_memory_that_grows_after_warming_up_is_a_leak() -> None:
    assert soaked(100, 300, 300, 310, 300).faults == ()
    assert soaked(100, 300, 320, 340, 360).faults == (
        "memory grew by 20% after warming up; at most 15% is expected",
    )


@pytest.mark.timeout(300)
async def test_a_short_soak_harms_nothing(tmp_path: Path) -> None:
    found = await soak(tmp_path / "bench", minutes=0.25, seed=7, pause=0.2)
    assert found.report.faults == (), found.as_text()
    assert found.report.turns > 0
    assert sum(one.count for one in found.waits) == found.report.turns
