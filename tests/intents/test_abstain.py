"""When to ask instead of to guess, against numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from intents import Abstention, Intent, Ranked
from intents.abstain import Risk, Thresholds, choose, risk_coverage, says_nothing


def ranked(*confidences: float) -> list[Ranked]:
    return [Ranked(Intent(f"i{number}"), value) for number, value in enumerate(confidences)]


@pytest.mark.parametrize(
    ("confidences", "why"),
    [
        ((0.9, 0.05), None),
        ((0.55, 0.42), Abstention.TWO_CLOSE),
        ((0.3, 0.2), Abstention.LOW_CONFIDENCE),
        ((0.45, 0.25), Abstention.LOW_CONFIDENCE),
        ((0.48, 0.44), Abstention.TWO_CLOSE),
        ((0.9,), None),
    ],
)
def test_a_reading_is_low_or_two_are_close_or_it_is_answered(
    confidences: tuple[float, ...], why: Abstention | None
) -> None:
    assert Thresholds(least=0.5, margin=0.15).abstention(ranked(*confidences)) is why


def test_the_curve_goes_from_answering_all_to_answering_the_surest() -> None:
    curve = risk_coverage(np.array([0.9, 0.6, 0.8, 0.7]), np.array([True, False, True, False]))
    assert curve == [
        Risk(0.6, 1.0, 0.5),
        Risk(0.7, 0.75, pytest.approx(2 / 3)),
        Risk(0.8, 0.5, 1.0),
        Risk(0.9, 0.25, 1.0),
    ]


def test_thresholds_drop_the_readings_that_are_wrong_while_coverage_allows() -> None:
    sure, unsure = np.tile([0.95, 0.05], (19, 1)), np.array([[0.52, 0.48]])
    wanted = np.array([0] * 19 + [1])
    chosen = choose(np.vstack([sure, unsure]), wanted)
    assert chosen.abstention(ranked(0.52, 0.48)) is not None
    assert chosen.abstention(ranked(0.95, 0.05)) is None


def test_thresholds_stay_gentle_where_everything_is_right() -> None:
    chosen = choose(np.tile([0.6, 0.4], (10, 1)), np.zeros(10, np.int64))
    assert chosen.abstention(ranked(0.6, 0.4)) is None


@pytest.mark.parametrize("text", ["你们", "那个", "嗯,", "喂你们"[1:], "就是那个", "那我"])
def test_pronouns_and_particles_alone_say_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["价格", "合同", "x200", "那个退了", "你们呢,什么价", ""])
def test_a_word_of_content_says_something(text: str) -> None:
    assert not says_nothing(text)


def test_only_small_talk_is_read_out_of_words_that_say_nothing() -> None:
    anger, chat = [Ranked(Intent("complaint"), 0.97)], [Ranked(Intent("smalltalk"), 0.97)]
    assert Thresholds().abstention(anger, bare=True) is Abstention.LOW_CONFIDENCE
    assert Thresholds().abstention(anger) is None
    assert Thresholds().abstention(chat, bare=True) is None
