"""What comes of strangers' words, counted; and the sets that it is fitted and measured on are apart."""

from __future__ import annotations

import json
from collections import Counter

from eval.case import CASES
from eval.suites import Options
from eval.suites.scope import ACTED, ASKED, HARMLESS, REFUSED, ScopeReport, outcome, run_scope
from intents import Abstention, Intent, Ranked, Reading
from intents.examples import near
from intents.scope_training import outside_texts


def reading(intent: str, abstained: Abstention | None = None) -> Reading:
    return Reading((Ranked(Intent(intent), 0.9),), abstained=abstained)


def test_only_an_answered_intent_other_than_small_talk_is_harm() -> None:
    assert outcome(reading("purchase", Abstention.OUT_OF_SCOPE)) == REFUSED
    assert outcome(reading("purchase", Abstention.TWO_CLOSE)) == ASKED
    assert outcome(reading("smalltalk")) == HARMLESS
    assert outcome(reading("purchase")) == ACTED


def test_shares_are_counted_by_kind() -> None:
    rows = [("code", "a", REFUSED), ("code", "b", ACTED), ("news", "c", REFUSED), ("news", "d", ASKED)]
    report = ScopeReport("dev", rows, 10, [], Counter())
    assert report.recall is not None
    assert report.recall.value == 0.5
    assert report.harm is not None
    assert report.harm.value == 0.25
    assert report.by_kind()["code"] == report.by_kind()["news"]
    assert "  code: b" in report.as_text()


def test_what_is_fitted_on_is_not_measured_on() -> None:
    lines = (CASES / "intents" / "outside.jsonl").read_text(encoding="utf-8").splitlines()
    fitted, measured = outside_texts(), [json.loads(line)["text"] for line in lines]
    assert len(fitted) + len(measured) >= 120
    for text in measured:
        grams = near(text) - {""}  # of signs alone no letters are left
        assert all(len(grams & near(other)) <= 0.5 * len(grams | near(other)) for other in fitted), text


def test_the_shipped_model_refuses_most_strangers_and_few_of_ours() -> None:
    report = run_scope(Options("dev"))
    assert report.recall is not None
    assert report.false_refusals is not None
    assert report.recall.value > 0.5
    assert report.false_refusals.value < 0.02
