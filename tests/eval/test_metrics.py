"""Every number that a report shows, against values computed by hand."""

from __future__ import annotations

from statistics import fmean

import pytest

from eval.metrics import (
    Bin,
    bootstrap,
    calibration_error,
    f1,
    macro_f1,
    mcnemar,
    percentile,
    reliability,
    wilson,
)


def test_wilson_bounds_are_those_of_the_textbook() -> None:
    found = wilson(9, 10)
    assert found is not None
    assert found == pytest.approx((0.9, 0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 0) is None
    assert wilson(0, 5) == pytest.approx((0.0, 0.0, 0.4345), abs=1e-4)


PAIRS = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "b"), ("c", "a")]


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    assert f1(PAIRS, "a") == pytest.approx(0.5)  # precision 1/2, recall 1/2
    assert f1(PAIRS, "b") == pytest.approx(0.8)  # precision 2/3, recall 1
    assert f1(PAIRS, "c") == 0.0
    assert macro_f1(PAIRS) == pytest.approx((0.5 + 0.8 + 0.0) / 3)


def test_calibration_error_is_the_weighted_gap_of_the_bins() -> None:
    confidences, right = [0.95, 0.95, 0.55, 0.55], [True, True, True, False]
    assert reliability(confidences, right) == [Bin(2, 0.55, 0.5), Bin(2, 0.95, 1.0)]
    assert calibration_error(confidences, right) == pytest.approx((2 * 0.05 + 2 * 0.05) / 4)
    assert calibration_error([], []) == 0
    assert reliability([1.0], [True]) == [Bin(1, 1.0, 1.0)]


def test_mcnemar_is_exact() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 1024)


def test_percentiles_are_nearest_ranks() -> None:
    assert percentile([3, 1, 2, 4], 0.5) == 2
    assert percentile([3, 1, 2, 4], 0.99) == 4
    assert percentile([], 0.5) == 0


def test_a_bootstrap_is_repeatable_and_holds_its_value() -> None:
    items = [0.0] * 20 + [1.0] * 20
    found = bootstrap(items, fmean)
    assert found == bootstrap(items, fmean)
    assert found.low < found.value == 0.5 < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.079, rel=0.15)  # the normal approximation
