"""The linear head against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from intents.features import Feature
from intents.linear import Head

HEAD = Head(
    ("a", "b"),
    ("x", "y"),
    np.array([1, 2], np.float32),
    np.array([[1, 0], [0, 3]], np.float32),
    np.array([0.5, -0.5], np.float32),
)


def test_values_are_damped_counts_times_idf_at_length_one() -> None:
    sighting = HEAD.sight([Feature("x", 0, 1), Feature("x", 1, 2), Feature("y", 2, 3), Feature("z", 0, 1)])
    x, y = (1 + np.log(2)) * 1, 2.0
    length = np.hypot(x, y)
    assert sighting.values == pytest.approx([x / length / 2, x / length / 2, y / length])


def test_scores_are_weights_times_values_plus_bias() -> None:
    sighting = HEAD.sight([Feature("y", 0, 1)])
    assert HEAD.scores(sighting) == pytest.approx([0.5, 2.5])


def test_unknown_words_leave_the_bias_alone() -> None:
    assert HEAD.scores(HEAD.sight([Feature("z", 0, 1)])) == pytest.approx([0.5, -0.5])


def test_pull_is_what_a_label_gets_above_the_average() -> None:
    assert HEAD.pulls(HEAD.sight([Feature("y", 0, 1)]), "b") == pytest.approx([1.5])


def test_a_part_is_brought_to_length_one_again() -> None:
    whole = HEAD.sight([Feature("x", 0, 1), Feature("y", 2, 3)])
    part = whole.within(2, 3)
    assert part.rows.tolist() == [1]
    assert part.values == pytest.approx([1.0])
    assert not whole.within(1, 2).rows.size
