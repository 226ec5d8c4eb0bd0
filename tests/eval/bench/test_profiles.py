"""Shapes of traffic are what their names say, and their table tells losses and what could not be measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from eval.bench import cli, profiles
from eval.bench.load import plan
from eval.bench.outcome import Outcome, Report
from eval.bench.percentiles import Percentiles
from eval.bench.processes import NotStarted
from eval.bench.profiles import PROFILES, Row, run_all

TIMES = Percentiles.of([0.01, 0.02])


def report(lost: int = 0, doubled: int = 0) -> Report:
    return Report(
        20.0, Outcome(2, 0, TIMES, TIMES, TIMES, 0, lost, 0, doubled, 0, 0, 1.5), cpu_ms_per_turn=12.0
    )


def test_a_burst_is_five_hundred_messages_within_a_second_and_stays_a_burst_when_it_is_small() -> None:
    for scale, turns in ((1.0, 500), (0.1, 50)):
        pace = PROFILES["burst"].pace(1, scale)
        shots = [one for one in plan(pace, PROFILES["burst"].senders(pace), ["什么价"]) if not one.again]
        assert len(shots) == turns
        assert 0.9 < shots[-1].due < 1.0


def test_a_hot_conversation_is_one_persons_and_under_what_may_be_sent_at_once() -> None:
    pace = PROFILES["hot"].pace(1)
    shots = [one for one in plan(pace, PROFILES["hot"].senders(pace), ["什么价"]) if not one.again]
    assert {one.sender.wecom for one in shots} == {shots[0].sender.wecom}
    assert len({one.sender.customer for one in shots}) == len(shots) < 15


def test_in_many_conversations_everybody_speaks_once() -> None:
    pace = PROFILES["conversations"].pace(1)
    shots = [one for one in plan(pace, PROFILES["conversations"].senders(pace), ["什么价"]) if not one.again]
    assert len({one.sender.wecom for one in shots}) == len(shots) == 2000


def test_callbacks_come_a_hundred_a_second() -> None:
    assert (PROFILES["callbacks"].pace(1).rate, PROFILES["callbacks"].pace(1).seconds) == (100.0, 10.0)


def test_every_profile_runs_on_every_installation_and_one_that_does_not_start_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run_one(profile: object, workers: int, *rest: object) -> Report:
        if workers == 2:
            raise NotStarted("no NATS\nat all")
        return report()

    monkeypatch.setattr(profiles, "run_one", run_one)
    rows = list(run_all(["burst", "hot"], [1, 2], 1, 1.0, "", "", lambda words: None))
    assert [(row.profile, row.good) for row in rows] == [
        ("burst", True), ("hot", True), ("burst", True), ("hot", True), ("burst", False), ("hot", False),
    ]  # fmt: skip
    assert "| not measured: no NATS |" in rows[-1].as_text()
    assert "PostgreSQL + NATS, 1 worker " in rows[2].as_text()


@pytest.mark.parametrize("bad", [report(lost=1), report(doubled=1)])
def test_a_lost_or_doubled_card_fails_the_row(bad: Report) -> None:
    assert not Row("burst", "embedded", bad).good
    assert Row("burst", "embedded", report()).good


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[Result, list[tuple[object, ...]]]:
    given: list[tuple[object, ...]] = []

    def ran(*args: object, **named: object) -> Iterator[Row]:
        given.append((*args[:2], named["embedded"]))
        yield Row("burst", "embedded", report(lost=1))

    monkeypatch.setattr(cli, "run_all", ran)
    app = Typer()
    app.command()(cli.bench)
    return CliRunner().invoke(app, list(words)), given


def test_the_command_takes_one_profile_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, "profiles")[1] == [(list(PROFILES), [1, 2, 4], True)]
    assert asked(monkeypatch, "--profile", "hot")[1] == [(["hot"], [], True)]
    result, given = asked(monkeypatch, "--profile", "hot", "--workers", "2")
    assert given == [(["hot"], [2], False)]
    assert result.exit_code == 1
    assert asked(monkeypatch, "--profile", "nothing")[0].exit_code == 2
