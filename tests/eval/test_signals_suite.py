"""The signals suite: stories are seeded, labels come of the story, counts are right by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_bridge.signals import Occurrence
from eval.suites import Options
from eval.suites.signals import (
    AHEAD,
    Outcome,
    count_alarms,
    f1,
    judged,
    precision,
    quote_alarms,
    recall,
    run_signals,
)
from eval.suites.signals_story import START, Story, stories


def story(quotes: list[float], purchases: list[float]) -> Story:
    traces = tuple(
        Occurrence("said:quote_request", "A", START + timedelta(days=day), f"r{day}") for day in quotes
    )
    return Story("A", "buyer", traces, tuple(START + timedelta(days=day) for day in purchases))


def test_the_same_seed_tells_the_same_stories_and_another_seed_others() -> None:
    assert stories(3, 20) == stories(3, 20)
    assert stories(3, 20) != stories(4, 20)


def test_who_only_looks_never_buys_and_a_decision_leaves_its_order() -> None:
    for one in stories(5, 120):
        if one.kind in {"student", "engineer", "collector", "leaving"}:
            assert one.purchases == ()
        orders = [trace.at for trace in one.traces if trace.what == "event:order.created"]
        for day in one.purchases:
            assert any(
                timedelta(0) <= at - day <= timedelta(days=3) for at in orders
            ) or day > START + timedelta(days=177)


def test_an_alarm_is_right_within_thirty_days_before_the_decision() -> None:
    day = [START + timedelta(days=at) for at in (10, 60, 69, 71)]
    assert judged(story([], [70]), day) == Outcome(4, 2, 1, 1, (10,))
    assert timedelta(days=30) == AHEAD
    assert judged(story([], [70]), [START + timedelta(days=39)]).right == 0


def test_rates_are_shares_of_alarms_and_of_decisions() -> None:
    outcomes = [Outcome(4, 2, 1, 1, (10.0,)), Outcome(1, 1, 2, 1, (3.0,)), Outcome(0, 0, 1, 0, ())]
    assert precision(outcomes) == pytest.approx(3 / 5)
    assert recall(outcomes) == pytest.approx(2 / 4)
    assert f1(outcomes) == pytest.approx(2 * 0.6 * 0.5 / 1.1)


def test_baselines_rest_a_fortnight_after_an_alarm() -> None:
    told = story([1, 2, 3, 4, 20], [])
    assert [(at - START).days for at in quote_alarms(told)] == [1, 20]
    assert [(at - START).days for at in count_alarms(4, told)] == [4]


def test_the_window_beats_a_quote_request_on_the_development_stories() -> None:
    report = run_signals(Options(cases="dev"), customers=60)
    rows = {row.name: row for row in report.rows}
    assert rows["signals.yaml"].f1.value > rows["any quote request"].f1.value
    assert report.as_json()["systems"][0]["name"] == "signals.yaml"
    assert "precision" in report.as_text()
