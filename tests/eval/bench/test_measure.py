"""A whole measurement over real sockets, against a server whose faults are known beforehand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from eval.bench import company, measure, processes
from eval.bench.callbacks import BENCH_APP
from eval.bench.cli import bench
from eval.bench.load import FIRST_MESSAGE, Pace
from eval.bench.outcome import Outcome, Report
from eval.bench.percentiles import Percentiles
from eval.bench.platform_client import PlatformClient
from eval.bench.workbench import start_platform
from tests.fakes.wecom_product import WeComProduct, served

WHO = company.senders(20)


@pytest.fixture
async def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PlatformClient]:
    monkeypatch.setattr(measure, "PATIENCE", 0.5)
    monkeypatch.setattr(measure, "SETTLE", 0.3)
    port = processes.free_port()
    child = start_platform(BENCH_APP, port, tmp_path)
    client = PlatformClient.at(f"http://127.0.0.1:{port}")
    yield client
    await client.close()
    child.stop()


async def _driven(platform: PlatformClient, **faults: frozenset[str]) -> Outcome:
    product = WeComProduct(BENCH_APP, str(platform.http.base_url), **faults)
    async with served(product, processes.free_port()) as url:
        return await measure.drive(url, platform, BENCH_APP, WHO, Pace(20, 100, repeated=0.3))


async def test_a_server_without_faults_loses_and_doubles_nothing(platform: PlatformClient) -> None:
    outcome = await _driven(platform)
    assert (outcome.turns, outcome.lost, outcome.doubled, outcome.not_accepted) == (20, 0, 0, 0)
    assert outcome.redelivered > 0
    assert outcome.acknowledged.count == 20 + outcome.redelivered
    assert outcome.shown.count == 20
    assert outcome.shown.p50 is not None
    assert outcome.shown.p50 > 0


async def test_what_a_server_loses_and_doubles_is_counted(platform: PlatformClient) -> None:
    outcome = await _driven(
        platform, lose=frozenset({_message(3), _message(4)}), double=frozenset({_message(10)})
    )
    assert (outcome.lost, outcome.doubled, outcome.shown.count) == (2, 1, 18)


def test_a_report_prints_the_same_numbers_for_people_and_programs() -> None:
    times = Percentiles.of([0.01, 0.02])
    outcome = Outcome(2, 0, times, times, times, 0, 0, 0, 0, 0, 0, 1.5)
    report = Report(20.0, outcome, 2.5, 3.5, 12.5, 300.0, 310.0)
    assert json.loads(json.dumps(report.as_json())) == {
        "rate": 20.0, "ready_s": 2.5, "first_card_s": 3.5, "cpu_ms_per_turn": 12.5, "memory_mb": 300.0, "peak_memory_mb": 310.0,
        "turns": 2, "redelivered": 0, "acknowledged": vars(times), "shown": vars(times), "lag": vars(times),
        "not_accepted": 0, "lost": 0, "in_words": 0, "doubled": 0, "collapsed": 0, "refused": 0, "turns_per_s": 1.5,
    }  # fmt: skip
    text = report.as_text()
    assert "p50 10.0  p90 20.0  p99 20.0  max 20.0 ms" in text
    assert "ready 2.5 s, first card 3.5 s" in text
    assert "12.5 ms a turn" in text
    assert "300 MB, at most 310 MB" in text


def test_the_reps_that_a_running_server_must_know_come_as_an_import_file() -> None:
    app = Typer()
    app.command()(bench)
    printed = CliRunner().invoke(app, ["--print-users", "--turns", "3"])
    lines = printed.stdout.splitlines()
    assert lines[0] == "name,role,wecom,dingtalk,manager"
    assert lines[1:] == [f"台架0000{number},rep,bench0000{number},," for number in (1, 2, 3)]


def _message(number: int) -> str:
    return str(FIRST_MESSAGE + number)
