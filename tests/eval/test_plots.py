"""Pictures come out the same each time and show what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from eval.metrics import Interval
from eval.plots import (
    Sure,
    answered,
    draw_learning,
    draw_reliability,
    draw_rhythm,
    draw_risk,
    sure,
    uncalibrated,
)
from eval.plots_learning import accuracy, learning_curve, promised_interest
from eval.suites.rhythm import WAYS, RhythmReport, Row
from intents import shipped_examples, shipped_model

FEW = shipped_examples()[::9]
CASES = shipped_examples()[4::90]


def test_numbers_of_the_curve_are_counted_right() -> None:
    pairs = [
        ("purchase", "purchase"),
        ("technical_inquiry", "purchase"),
        ("service_request", "service_request"),
    ]
    assert accuracy(pairs) == pytest.approx(2 / 3)
    assert promised_interest(pairs) == 0.5


def test_more_examples_read_better_and_the_whole_set_is_the_last_point(tmp_path: Path) -> None:
    points = learning_curve(shipped_model(), FEW, CASES, sizes=(150, 5000), seeds=2, rounds=20)
    assert [one.size for one in points] == [150, len(FEW)]
    assert [len(one.by_seed["accuracy"]) for one in points] == [2, 1]
    first, last = (one.numbers["accuracy"] for one in points)
    assert first.low <= first.value <= first.high < last.value
    for name in ("a.svg", "b.svg"):
        draw_learning(points, tmp_path / name)
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert drawn == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert "macro-F1" in drawn


def test_calibration_and_abstention_are_drawn_from_the_same_readings(tmp_path: Path) -> None:
    model = shipped_model()
    before, after = sure(uncalibrated(model), CASES), sure(model, CASES)
    assert after.error < before.error
    coverage, right = answered(model, CASES)
    assert 0.5 < coverage <= 1
    assert right >= sum(after.right) / len(after.right)
    draw_reliability(before, after, "some cases", tmp_path / "reliability.svg")
    draw_risk(after, (coverage, right), "some cases", tmp_path / "risk.svg")
    assert f"{after.error:.3f}" in (tmp_path / "reliability.svg").read_text(encoding="utf-8")
    assert "the thresholds that ship" in (tmp_path / "risk.svg").read_text(encoding="utf-8")


def test_a_threshold_that_answers_nothing_is_no_division_by_zero() -> None:
    mute = replace(shipped_model(), thresholds=replace(shipped_model().thresholds, least=2.0))
    assert answered(mute, CASES) == (0.0, 0.0)
    assert Sure([0.9], [True]).risk[0].coverage == 1.0


def test_the_rhythm_is_a_line_for_each_way(tmp_path: Path) -> None:
    flat = Interval(0.01, 0.0, 0.02)
    rows = [Row(1, 45, 5, dict.fromkeys(WAYS, flat), dict.fromkeys(WAYS, flat), dict.fromkeys(WAYS, 1.0))]
    draw_rhythm(RhythmReport(360, 100, 400, flat, rows), tmp_path / "rhythm.svg")
    drawn = (tmp_path / "rhythm.svg").read_text(encoding="utf-8")
    assert all(way in drawn for way in WAYS)
