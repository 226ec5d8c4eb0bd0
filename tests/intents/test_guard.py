"""The drift guard takes from buying signals only where the words ask and nothing signals buying."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from intents import load_taxonomy
from intents.features import Feature, shipped_eyes
from intents.guard import Guard, only_asks
from intents.taxonomy import HIGH_INTENT

LABELS = ("quote_request", "technical_inquiry")
SCORES = np.array([1.0, 0.8])


def held(
    text: str, guard: Guard, industry: str | None = None, parts: Sequence[tuple[float, float]] = ()
) -> list[float]:
    features, clauses = shipped_eyes().see(text), [np.array(part) for part in parts]
    return list(guard.hold_back(SCORES, LABELS, features, clauses, industry, load_taxonomy()))


def test_a_question_about_a_thing_loses_the_penalty_on_buying_signals() -> None:
    assert held("重复精度怎么测的", Guard(0.25)) == [0.75, 0.8]


def test_a_price_cue_beside_the_thing_keeps_the_scores() -> None:
    assert held("这台离心机多少钱", Guard(0.25)) == [1.0, 0.8]


def test_a_clause_that_is_read_as_buying_keeps_the_scores_of_the_whole() -> None:
    words = "重复精度怎么测的,五台什么价"
    assert held(words, Guard(0.25), parts=[(-0.4, 0.6), (0.1, -0.2)]) == [1.0, 0.8]
    assert held(words, Guard(0.25), parts=[(-0.4, 0.6), (-0.1, -0.2)]) == [0.75, 0.8]


def test_a_penalty_of_zero_switches_the_guard_off() -> None:
    assert held("重复精度怎么测的", Guard()) == [1.0, 0.8]


def test_an_industry_has_its_own_price_of_a_false_alarm() -> None:
    guard = Guard(0.25, {"medical": 0.5})
    assert held("重复精度怎么测的", guard, "medical") == [0.5, 0.8]
    assert held("重复精度怎么测的", guard, "医疗器械") == [0.5, 0.8]
    assert held("重复精度怎么测的", guard, "saas") == [0.75, 0.8]


def test_words_that_name_nothing_and_ask_nothing_are_left_alone() -> None:
    high = load_taxonomy().in_group(HIGH_INTENT)
    assert not only_asks([Feature("g:好", 0, 1)], high)
    assert only_asks([Feature("k:parameter", 0, 1)], high)
    assert not only_asks([Feature("k:parameter", 0, 1), Feature("q:purchase:3", 0, 1)], high)
    assert only_asks([Feature("k:parameter", 0, 1), Feature("q:purchase:1", 0, 1)], high)


def test_a_likely_question_takes_from_a_buying_signal_by_doubt() -> None:
    shares = Guard(doubt=2.0).doubted(np.array([0.6, 0.4]), LABELS, load_taxonomy())
    # 0.6 / (1 + 2 * 0.4) = 1/3 against 0.4
    assert shares == pytest.approx(np.array([1 / 3, 0.4]) / (1 / 3 + 0.4))


def test_without_doubt_or_without_a_question_probabilities_stay() -> None:
    even = np.array([0.6, 0.4])
    assert Guard().doubted(even, LABELS, load_taxonomy()) is even
    only_buying = Guard(doubt=2.0).doubted(even, ("quote_request", "purchase"), load_taxonomy())
    assert only_buying == pytest.approx(even)
