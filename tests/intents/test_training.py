"""Training: the same model from the same data, honest about what it was calibrated on, and refused on too little."""

from __future__ import annotations

import numpy as np
import pytest

from intents import Classifier, Example, ExamplesUnusable, train
from intents.calibration import fit_temperature


def test_the_same_examples_and_seed_make_the_same_model(examples: list[Example], small: Classifier) -> None:
    assert train(examples).hash == small.hash


def test_another_label_makes_another_model(examples: list[Example], small: Classifier) -> None:
    relabelled = [Example(examples[0].id, examples[0].text, "customer", "vague_interest"), *examples[1:]]
    assert train(relabelled).hash != small.hash


def test_what_was_learnt_is_read_back(examples: list[Example], small: Classifier) -> None:
    right = [small.read(one.text).best.intent == one.intent for one in examples]
    assert np.mean(right) > 0.95


def test_the_card_says_what_the_model_was_made_of(examples: list[Example], small: Classifier) -> None:
    assert small.card["examples"] == len(examples)
    assert small.card["by_intent"]["quote_request"] == 10
    assert small.card["calibrated_on"] == "held-out folds"
    assert 0 < small.card["held_out_accuracy"] < 1


def test_too_few_examples_of_an_intent_are_refused(examples: list[Example]) -> None:
    few = [*examples, Example("x", "发票抬头错了", "customer", "billing")]
    with pytest.raises(ExamplesUnusable, match="billing"):
        train(few)


def test_a_correction_outweighs_an_authored_example(examples: list[Example]) -> None:
    said = "这两天再说"
    authored = [Example(f"a-{n * 12}", said, "customer", "vague_interest") for n in range(2)]
    correction = Example("label-1", said, "customer", "quote_request", source="correction")
    assert train([*examples, *authored, correction]).read(said).best.intent == "quote_request"


def test_without_utterances_by_other_hands_calibration_is_taken_over(
    examples: list[Example], small: Classifier
) -> None:
    again = train(examples[:-1], calibrated_like=small)
    assert (again.temperature, again.thresholds) == (small.temperature, small.thresholds)
    assert again.card["calibrated_like"] == small.hash


def test_temperature_has_the_least_log_loss() -> None:
    wanted = np.array([0] * 9 + [1])  # always the same scores, nine times in ten right
    scores = np.tile([np.log(9.0), 0.0], (10, 1))
    assert fit_temperature(scores, wanted) == pytest.approx(1.0, rel=0.03)
    assert fit_temperature(scores * 2, wanted) == pytest.approx(2.0, rel=0.03)


def test_progress_is_said(examples: list[Example]) -> None:
    said: list[str] = []
    train(examples, progress=said.append)
    assert any("calibrating" in line for line in said)
