"""Scores become probabilities on utterances that the heads never saw; the numbers are checked by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from intents import Example, load_taxonomy
from intents.abstain import Thresholds
from intents.calibration import OTHERS, _weights, choose_doubt, choose_guard, fit_sharpness
from intents.classifier import Classifier
from intents.features import Feature, shipped_eyes
from intents.guard import Guard
from intents.heldout import FOLDS, Held, Seen, folded, in_folds
from intents.linear import Head
from intents.training import fit

LABELS = ("quote_request", "technical_inquiry")


def held(intent: str, scores: tuple[float, float], features: Sequence[Feature] = ()) -> Held:
    seen = Seen(Example("1", "x", "customer", intent), list(features))
    return Held(seen, np.array(scores), (), LABELS)


def test_sharpness_makes_the_mean_confidence_the_share_right() -> None:
    # always 0.75 sure, nine in ten right: the power p solves 0.75^p / (0.75^p + 0.25^p) = 0.9, so p = ln 9 / ln 3 = 2
    probabilities = np.tile([0.75, 0.25], (10, 1))
    wanted = np.array([0] * 9 + [1])
    assert fit_sharpness(probabilities, wanted, np.ones(10)) == pytest.approx(2.0, rel=0.05)


def test_weights_let_utterances_by_other_hands_count_more_than_all_folds() -> None:
    weights = _weights([held("quote_request", (1, 0))] * 4, [held("quote_request", (1, 0))] * 2)
    assert weights.tolist() == [0.25] * 4 + [OTHERS / 2] * 2


def test_the_guard_takes_no_more_than_the_false_alarms_need() -> None:
    asks = [Feature("k:parameter", 0, 1)]
    alarm = held("technical_inquiry", (0.5, 0.33), asks)
    assert choose_guard([alarm], [], load_taxonomy()).penalty == 0.2
    right = held("technical_inquiry", (0.2, 0.5), asks)
    assert choose_guard([right], [], load_taxonomy()).penalty == 0.0


def test_the_guard_stays_off_where_it_would_cost_more_than_it_saves() -> None:
    asks = [Feature("k:parameter", 0, 1)]
    alarm = held("technical_inquiry", (0.5, 0.4), asks)
    buyers = [held("quote_request", (0.5, 0.45), asks)] * 7  # one alarm costs as much as six other mistakes
    assert choose_guard([alarm, *buyers], [], load_taxonomy()).penalty == 0.0
    assert choose_guard([alarm, *buyers[:5]], [], load_taxonomy()).penalty > 0.0


def test_no_head_scores_an_utterance_of_its_own_fold(examples: list[Example]) -> None:
    eyes = shipped_eyes()
    taught: list[set[str]] = []

    def recording(rest: Sequence[Seen]) -> Head:
        taught.append({one.example.id for one in rest})
        return fit(rest)

    seen = in_folds([Seen(one, eyes.see(one.text)) for one in examples])
    found = folded(seen, recording, eyes, 1, lambda _: None)
    assert sorted(one.seen.example.id for one in found if not one.made) == sorted(one.id for one in examples)
    assert len(taught) == FOLDS
    for fold, ids in enumerate(taught):
        assert not ids & {one.example.id for one in seen if one.fold == fold}
    assert all(set(one.seen.example.id.split("+")) <= {e.id for e in examples} for one in found)


def test_doubt_is_taken_where_it_saves_alarms_and_costs_no_accuracy() -> None:
    taxonomy, eyes = load_taxonomy(), shipped_eyes()
    head = Head(LABELS, (), np.zeros(0, np.float32), np.zeros((0, 2), np.float32), np.zeros(2, np.float32))
    reader = Classifier({"customer": head}, 1.0, Thresholds(), Guard(), taxonomy, eyes)
    alarm, buyer = held("technical_inquiry", (0.1, 0.0)), held("quote_request", (3.0, 0.0))
    assert choose_doubt(reader, [alarm, buyer]).doubt > 0
    assert choose_doubt(reader, [buyer]).doubt == 0
