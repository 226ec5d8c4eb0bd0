"""From scores to probabilities that mean what they say, on utterances that the heads never saw.

Temperature → drift guard → acts → doubt → sharpness → thresholds. Where utterances by other hands are given, they count eight times as
much as all held-out folds of the examples together: the folds are many but harder than what people send (authors wrote
contrasts), the others are few but nearer to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.abstain import choose
from intents.acts import SEEN, Acts, evidence
from intents.classifier import Classifier, sharpened, softmax
from intents.guard import FALSE_ALARM, Guard
from intents.heldout import Held
from intents.taxonomy import DRIFTS, HIGH_INTENT, ORDER, Taxonomy

OTHERS = 8.0
"""What utterances by other hands weigh together, in units of all folds."""
MADE = 0.4
"""What a joined utterance weighs beside a real one: in a joined one no clause is mere background to another."""
GIVEN_UP = 0.002
"""Share of all utterances that may be read wrong more, for fewer questions read as a buying signal."""
FEWEST_SEVERAL = 30
"""Utterances of several clauses without which acts are not told apart."""
Floats = NDArray[np.float64]


def calibrate(
    classifier: Classifier, folds: Sequence[Held], others: Sequence[Held], source: str
) -> Classifier:
    """`others`: by other hands than the examples' (may be none). `source` goes onto the model card."""
    folds, others = ([one for one in held if one.usable] for held in (folds, others))
    real = [one for one in folds if not one.made]
    temperature = fit_temperature(*_padded([(one.scores, one) for one in real]))
    classifier = replace(
        classifier, temperature=temperature, guard=choose_guard(folds, others, classifier.taxonomy)
    )
    classifier = replace(classifier, acts=fit_acts(classifier, folds))
    pooled, weights = real + list(others), _weights(real, others)
    classifier = replace(classifier, guard=choose_doubt(classifier, pooled))
    probabilities, wanted = _padded([(_read(classifier, one), one) for one in pooled], empty=0.0)
    classifier = replace(classifier, sharpness=fit_sharpness(probabilities, wanted, weights))
    last = len(others) or len(pooled)
    final = sharpened(probabilities[-last:], classifier.sharpness)
    accuracy = float((final.argmax(1) == wanted[-last:]).mean())
    numbers = {"calibrated_on": source, "held_out_accuracy": round(accuracy, 4), "held_out": last}
    thresholds = choose(final, wanted[-last:])
    return replace(classifier, thresholds=thresholds, card={**classifier.card, **numbers})


def _read(classifier: Classifier, one: Held) -> Floats:
    """P(label) as the classifier has it so far."""
    head = classifier.heads[one.seen.example.speaker]
    return classifier.weigh(head, _guarded(classifier, one), one.parts, one.seen.example.speaker)[0]


def _guarded(classifier: Classifier, one: Held) -> Floats:
    industry = one.seen.example.industry
    return classifier.guard.hold_back(
        one.scores, one.labels, one.seen.features, one.parts, industry, classifier.taxonomy
    )


def _padded(rows: Sequence[tuple[Floats, Held]], empty: float = -np.inf) -> tuple[Floats, NDArray[np.int64]]:
    """Speakers have different numbers of intents: one matrix, and the column that was wanted in each row."""
    table = np.full((len(rows), max(len(values) for values, _ in rows)), empty)
    for row, (values, _) in enumerate(rows):
        table[row, : len(values)] = values
    return table, np.array([one.labels.index(one.seen.example.intent) for _, one in rows])


def _weights(folds: Sequence[Held], others: Sequence[Held]) -> Floats:
    """The folds together 1, the others together `OTHERS`."""
    return np.array([share / len(held) for held, share in ((folds, 1.0), (others, OTHERS)) for _ in held])


def fit_temperature(scores: Floats, wanted: NDArray[np.int64]) -> float:
    """Temperature scaling (Guo et al. 2017, arXiv:1706.04599): the one with the least log loss, on a grid."""
    own = np.arange(len(wanted))
    grid = np.exp(np.linspace(np.log(0.05), np.log(2), 80))
    losses = [-np.log(softmax(scores / one)[own, wanted] + 1e-12).mean() for one in grid]
    return round(float(grid[int(np.argmin(losses))]), 4)


def fit_sharpness(probabilities: Floats, wanted: NDArray[np.int64], weights: Floats) -> float:
    """The power of the probabilities with the least weighted log loss."""
    own, grid = np.arange(len(wanted)), np.exp(np.linspace(np.log(0.4), np.log(2.5), 60))
    losses = [
        -(weights * np.log(sharpened(probabilities, one)[own, wanted] + 1e-12)).sum() for one in grid
    ]  # fmt: skip
    return round(float(grid[int(np.argmin(losses))]), 4)


def choose_guard(folds: Sequence[Held], others: Sequence[Held], taxonomy: Taxonomy) -> Guard:
    """The penalty that costs least on held-out utterances, joined ones of several acts among them, for each industry at its
    own price of a false alarm. (The utterances of one industry alone hold some six alarms, too few to tell penalties apart.)
    """
    held = [*folds, *others]
    # each real one counts alike, by whomever: one false alarm of a few proves nothing
    weights = np.array([MADE if one.made else 1.0 for one in held])
    misread = {penalty: _misread(held, Guard(penalty), taxonomy) for penalty in _PENALTIES}

    def cheapest(alarm: float) -> float:
        # of equal penalties the smallest
        return min(_PENALTIES, key=lambda one: (round(float(weights @ _cost(*misread[one], alarm)), 9), one))

    by_industry = {name: cheapest(alarm) for name, alarm in FALSE_ALARM.items() if name}
    return Guard(cheapest(FALSE_ALARM[""]), by_industry)


def choose_doubt(classifier: Classifier, held: Sequence[Held]) -> Guard:
    """The doubt that costs least on held-out utterances among those that give up no more than `GIVEN_UP` of accuracy."""
    found = {}
    for doubt in _DOUBTS:
        guard = replace(classifier.guard, doubt=doubt)
        trial = replace(classifier, guard=guard)
        reads = [one.labels[int(_read(trial, one).argmax())] for one in held]
        wrong = np.array([read != one.seen.example.intent for read, one in zip(reads, held, strict=True)])
        high = classifier.taxonomy.in_group(HIGH_INTENT)
        alarms = np.array(
            [r in high and one.seen.example.intent in DRIFTS for r, one in zip(reads, held, strict=True)]
        )
        found[doubt] = (float(wrong.mean()), float(_cost(wrong, alarms, FALSE_ALARM[""]).mean()), guard)
    most = min(wrong for wrong, _, _ in found.values()) + GIVEN_UP
    return min((one for one in found.values() if one[0] <= most), key=lambda one: one[1])[2]


_DOUBTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
_PENALTIES = [round(float(one), 2) for one in np.arange(0.0, 0.65, 0.05)]


def _misread(
    held: Sequence[Held], guard: Guard, taxonomy: Taxonomy
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which were misread, and which of them are questions read as a buying signal."""
    high, wrong, alarms = taxonomy.in_group(HIGH_INTENT), [], []
    for one in held:
        wanted = one.seen.example.intent
        scores = guard.hold_back(one.scores, one.labels, one.seen.features, one.parts, None, taxonomy)
        read = one.labels[int(scores.argmax())]
        wrong.append(read != wanted)
        alarms.append(wanted in DRIFTS and read in high)
    return np.array(wrong), np.array(alarms)


def _cost(wrong: NDArray[np.bool_], alarms: NDArray[np.bool_], alarm: float) -> Floats:
    """Mistakes, with a question read as a buying signal counted `alarm` times."""
    return wrong + (alarm - 1) * alarms


def fit_acts(classifier: Classifier, folds: Sequence[Held]) -> dict[str, Acts]:
    found = {}
    for speaker, head in classifier.heads.items():
        held = [one for one in folds if one.seen.example.speaker == speaker and len(one.parts) > 1]
        held = [one for one in held if one.labels == head.labels]
        if sum(len(one.acts) > 1 for one in held) >= FEWEST_SEVERAL:
            found[speaker] = _fit_acts(classifier, held, head.labels)
    return found


def _fit_acts(classifier: Classifier, held: Sequence[Held], labels: tuple[str, ...]) -> Acts:
    """One logistic model over (utterance, act): shared weights, a slope and a bias for each act."""
    from sklearn.linear_model import LogisticRegression

    seen = np.concatenate([_evidence(classifier, one) for one in held])
    which = np.tile(np.eye(len(labels)), (len(held), 1))
    rows = np.hstack([seen, which * seen[:, [SEEN.index("clause")]] / 4, which])
    there = np.array([label in one.acts for one in held for label in labels])
    model: Any = LogisticRegression(C=1.0, max_iter=1000)  # type: ignore[no-untyped-call]
    model.fit(rows, there, sample_weight=np.repeat([MADE if one.made else 1.0 for one in held], len(labels)))
    weights, slopes, bias = np.split(model.coef_[0].round(4), np.cumsum([len(SEEN), len(labels)]))
    bias = (bias + model.intercept_[0]).round(4)
    return Acts(
        labels, weights, (slopes / 4).round(4), bias, ordered=set(labels) & set(ORDER) > {"smalltalk"}
    )


def _evidence(classifier: Classifier, one: Held) -> Floats:
    whole = softmax(_guarded(classifier, one) / classifier.temperature)
    return evidence(whole, softmax(np.array(one.parts) / classifier.temperature))
