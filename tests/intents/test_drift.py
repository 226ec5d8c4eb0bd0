"""Drift is an alarm where it is large and no accident; a quiet week and a short one say nothing."""

from __future__ import annotations

import math
import random

import pytest

from intents import Classifier, Drift, Example, Figures, LiveReading, compare_live, see_live, shipped_model
from intents.drift import psi, strangeness


def week(count: int = 100, corrected: float = 0.0, unknown: float = 0.25, sure: float = 0.95, only: str = "") -> list[LiveReading]:  # fmt: skip
    draw = random.Random(1)
    intents = [only] if only else ["quote_request", "technical_inquiry", "complaint", "vague_interest"]
    return [
        LiveReading(f"第{at}句,电话13812345678", draw.choice(intents), sure, unknown, at < count * corrected)
        for at in range(count)
    ]


THEN = Figures.of(week(300, corrected=0.04))


def alarms(drift: Drift) -> list[str]:
    return [one.name for one in drift.alarms]


def test_the_stability_index_is_what_the_formula_says() -> None:
    then, now = {"a": 0.5, "b": 0.5}, {"a": 0.8, "b": 0.2}
    assert psi(then, now) == pytest.approx(0.3 * math.log(1.6) - 0.3 * math.log(0.4))


def test_a_week_like_the_training_raises_no_alarm_and_shows_no_sentence() -> None:
    drift = compare_live("m", THEN, week(corrected=0.04), [THEN])
    assert (alarms(drift), drift.examples, drift.enough) == ([], (), True)


def test_words_that_the_model_never_saw_are_an_alarm() -> None:
    assert alarms(compare_live("m", THEN, week(unknown=0.75))) == ["unknown"]


def test_readings_less_sure_than_in_training_are_an_alarm() -> None:
    drift = compare_live("m", THEN, week(sure=0.55))
    assert alarms(drift) == ["confidence"]
    assert drift.alarms[0].most[1:] in {(0.0, 1.0), (1.0, 0.0)}


def test_more_corrections_are_an_alarm_and_fewer_are_none() -> None:
    assert alarms(compare_live("m", THEN, week(corrected=0.3))) == ["corrected"]
    assert alarms(compare_live("m", Figures.of(week(300, corrected=0.3)), week(corrected=0.0))) == []


def test_what_is_asked_is_held_against_earlier_weeks_and_not_against_authored_cases() -> None:
    live = week(only="complaint")
    assert alarms(compare_live("m", THEN, live)) == []
    assert alarms(compare_live("m", THEN, live, [Figures.of(week())])) == ["intents"]


def test_a_short_week_says_nothing() -> None:
    drift = compare_live("m", THEN, week(20, corrected=1.0, unknown=0.75, sure=0.4), [THEN])
    assert (alarms(drift), drift.enough) == ([], False)


def test_an_empty_week_and_a_card_without_figures_are_no_drift() -> None:
    assert alarms(compare_live("m", THEN, [])) == []
    assert alarms(compare_live("m", Figures.of_json({}), week())) == []


def test_an_alarm_shows_at_most_five_masked_sentences_the_corrected_first() -> None:
    drift = compare_live("m", THEN, week(corrected=0.3, unknown=0.75))
    assert len(drift.examples) == 5
    assert drift.examples[0] == "第0句,电话138****5678"


def test_figures_are_the_same_after_they_were_written_down() -> None:
    assert Figures.of_json(THEN.as_json()) == THEN


def test_strangeness_is_the_share_of_character_grams_without_a_weight(small: Classifier) -> None:
    known, strange = (Example(text, text, "customer", "") for text in ("多少钱一台", "魑魅魍魉"))
    assert strangeness(small, strange) > 0.6 > strangeness(small, known)
    live = see_live(small, known)
    assert (live.intent, live.corrected) == ("quote_request", None)


def test_the_shipped_model_carries_the_figures_that_a_week_is_held_against() -> None:
    figures = Figures.of_json(shipped_model().card["figures"])
    assert figures.readings == sum(figures.intents.values()) >= 300
    assert 0 < figures.corrected / figures.decided < 0.1
