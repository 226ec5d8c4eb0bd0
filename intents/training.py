"""Trains the classifier from labelled examples: seconds on two cores, the same model from the same data.

One linear support-vector machine for each speaker (softmax regression lost 3 points to it, eval/reports),
then, on held-out utterances: the drift guard, the temperature, the thresholds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from intents.abstain import Thresholds, choose
from intents.classifier import Classifier, softmax
from intents.errors import ExamplesUnusable
from intents.examples import Example, data_hash, fold_of, shipped_examples
from intents.features import Eyes, Feature, shipped_eyes
from intents.guard import FALSE_ALARM, Guard
from intents.linear import Head
from intents.model_file import content_hash, rounded
from intents.taxonomy import DRIFTS, HIGH_INTENT, Taxonomy, load_taxonomy

SEED = 20261127
FOLDS = 5
C = 2.0
"""Inverse strength of regularisation, chosen by cross-validation from 0.5, 1, 2, 4."""
LEAST_SEEN = 2
CORRECTION_WEIGHT = 3.0
"""A correction comes from real use; it counts for as many authored utterances."""

Progress = Callable[[str], None]


class Seen(NamedTuple):
    """An example and its features."""

    example: Example
    features: list[Feature]


class Held(NamedTuple):
    """A held-out example, what the head that never saw it scored, and its intents' names."""

    seen: Seen
    scores: NDArray[np.float64]
    labels: tuple[str, ...]


def train(
    examples: Sequence[Example],
    *,
    calibrate_on: Sequence[Example] = (),
    calibrated_like: Classifier | None = None,
    eyes: Eyes | None = None,
    taxonomy: Taxonomy | None = None,
    progress: Progress = lambda _: None,
    seed: int = SEED,
) -> Classifier:
    """Fit, guard, calibrate, set thresholds. Raises `ExamplesUnusable` where an intent has too few examples.

    `calibrate_on`: utterances by other hands than the examples'. Without any, guard, temperature and thresholds are
    taken over from `calibrated_like` (a model of nearly the same examples); without that too, held-out folds of the
    examples serve, which makes the model more modest than it needs to be.
    """
    eyes, taxonomy = eyes or shipped_eyes(), taxonomy or load_taxonomy()
    _check(examples)
    progress(f"reading {len(examples)} examples")
    seen = [Seen(one, eyes.see(one.text, one.context)) for one in examples]
    speakers = sorted({one.speaker for one in examples})
    heads = {}
    for speaker in speakers:
        progress(f"fitting what a {speaker} says")
        heads[speaker] = fit([one for one in seen if one.example.speaker == speaker], seed)
    classifier = Classifier(heads, 1.0, Thresholds(), Guard(), taxonomy, eyes, _card(examples, heads, seed))
    if calibrated_like is not None and not calibrate_on:
        return _hashed(_like(classifier, calibrated_like))
    held = _held(heads, calibrate_on, eyes) if calibrate_on else _folded(seen, speakers, seed, progress)
    progress(f"calibrating on {len(held)} utterances")
    source = data_hash(calibrate_on) if calibrate_on else "held-out folds"
    return _hashed(calibrate(classifier, held, source))


def _hashed(classifier: Classifier) -> Classifier:
    return replace(classifier, hash=content_hash(classifier))


def _like(classifier: Classifier, other: Classifier) -> Classifier:
    numbers = {"calibrated_on": other.card.get("calibrated_on", ""), "calibrated_like": other.hash}
    return replace(
        classifier, temperature=other.temperature, thresholds=other.thresholds, guard=other.guard,
        card={**classifier.card, **numbers},
    )  # fmt: skip


def _check(examples: Sequence[Example]) -> None:
    counts = Counter((example.speaker, example.intent) for example in examples)
    for speaker in {speaker for speaker, _ in counts} or {"customer"}:
        of_speaker = {intent: n for (who, intent), n in counts.items() if who == speaker}
        if len(of_speaker) < 2 or min(of_speaker.values()) < FOLDS:
            raise ExamplesUnusable(
                f"{speaker}: need at least two intents with {FOLDS} examples each, found {of_speaker}; label some more"
            )


def fit(seen: Sequence[Seen], seed: int = SEED) -> Head:
    """One head: tf-idf over features seen at least twice, a linear SVM one-against-rest (liblinear)."""
    from sklearn.svm import LinearSVC

    counts = [Counter(feature.name for feature in one.features) for one in seen]
    frequency = Counter(name for row in counts for name in row)
    names = tuple(sorted(name for name, n in frequency.items() if n >= LEAST_SEEN))
    idf = np.array([1 + np.log((1 + len(seen)) / (1 + frequency[name])) for name in names], np.float32)
    matrix = _matrix(counts, {name: row for row, name in enumerate(names)}, idf)
    wanted = [one.example.intent for one in seen]
    weight = [1.0 if one.example.source == "authored" else CORRECTION_WEIGHT for one in seen]
    model: Any = LinearSVC(C=C, random_state=seed)  # type: ignore[no-untyped-call]
    model.fit(matrix, wanted, sample_weight=weight)
    coefficients, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # liblinear keeps one column for two classes
        coefficients, bias = np.vstack([-coefficients, coefficients]), np.concatenate([-bias, bias])
    return rounded(Head(tuple(map(str, model.classes_)), names, idf, coefficients.T, bias))


def _matrix(rows: Sequence[Counter[str]], vocabulary: dict[str, int], idf: NDArray[np.float32]) -> Any:
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    pointers, indices, counts = [0], [], []
    for row in rows:
        known = [(vocabulary[name], count) for name, count in row.items() if name in vocabulary]
        indices += [index for index, _ in known]
        counts += [count for _, count in known]
        pointers.append(len(indices))
    values = (1 + np.log(np.array(counts, np.float32))) * idf[indices]
    shape = (len(rows), len(vocabulary))
    return normalize(csr_matrix((values, indices, pointers), shape=shape))  # type: ignore[no-untyped-call]


def _held(heads: dict[str, Head], examples: Sequence[Example], eyes: Eyes) -> list[Held]:
    found = []
    for example in examples:
        if head := heads.get(example.speaker):
            features = eyes.see(example.text, example.context)
            found.append(Held(Seen(example, features), head.scores(head.sight(features)), head.labels))
    return found


def _folded(seen: Sequence[Seen], speakers: Sequence[str], seed: int, progress: Progress) -> list[Held]:
    """Scores of each example by a head that saw none of its fold."""
    found = []
    for fold in range(FOLDS):
        progress(f"cross-validating {fold + 1}/{FOLDS}")
        for speaker in speakers:
            mine = [one for one in seen if one.example.speaker == speaker]
            rest = [one for one in mine if fold_of(one.example, FOLDS) != fold]
            out = [one for one in mine if fold_of(one.example, FOLDS) == fold]
            if out and len({one.example.intent for one in rest}) > 1:
                head = fit(rest, seed)
                found += [Held(one, head.scores(head.sight(one.features)), head.labels) for one in out]
    return found


def choose_guard(held: Sequence[Held], taxonomy: Taxonomy) -> Guard:
    """The penalty that costs least on held-out utterances, for each industry at its own price of a false alarm."""
    grid = [round(float(one), 2) for one in np.arange(0.0, 0.65, 0.05)]

    def cheapest(alarm: float) -> float:
        return min(grid, key=lambda penalty: _cost(held, Guard(penalty), taxonomy, alarm))

    by_industry = {name: cheapest(alarm) for name, alarm in FALSE_ALARM.items() if name}
    return Guard(cheapest(FALSE_ALARM[""]), by_industry)


def _cost(held: Sequence[Held], guard: Guard, taxonomy: Taxonomy, alarm: float) -> float:
    """Mistakes, with a question read as a buying signal counted `alarm` times."""
    high = taxonomy.in_group(HIGH_INTENT)
    cost = 0.01 * guard.penalty  # of equal penalties the smallest
    for one in held:
        wanted = one.seen.example.intent
        scores = guard.hold_back(one.scores, one.labels, one.seen.features, None, taxonomy)
        read = one.labels[int(scores.argmax())]
        if read != wanted:
            cost += alarm if wanted in DRIFTS and read in high else 1.0
    return cost


def calibrate(classifier: Classifier, held: Sequence[Held], source: str) -> Classifier:
    """Guard, then temperature, then thresholds, on utterances that the heads never saw."""
    usable = [one for one in held if one.seen.example.intent in one.labels]
    guard = choose_guard(usable, classifier.taxonomy)
    scores = np.full((len(usable), max(len(one.labels) for one in usable)), -np.inf)
    for row, one in enumerate(usable):
        industry = one.seen.example.industry
        kept = guard.hold_back(one.scores, one.labels, one.seen.features, industry, classifier.taxonomy)
        scores[row, : len(one.labels)] = kept
    wanted = np.array([one.labels.index(one.seen.example.intent) for one in usable])
    temperature = fit_temperature(scores, wanted)
    probabilities = softmax(scores / temperature)
    accuracy = round(float((probabilities.argmax(1) == wanted).mean()), 4)
    numbers = {"calibrated_on": source, "held_out_accuracy": accuracy, "held_out": len(usable)}
    return replace(
        classifier, temperature=temperature, thresholds=choose(probabilities, wanted), guard=guard,
        card={**classifier.card, **numbers},
    )  # fmt: skip


def fit_temperature(scores: NDArray[np.float64], wanted: NDArray[np.int64]) -> float:
    """Temperature scaling (Guo et al. 2017, arXiv:1706.04599): the one with the least log loss, on a grid."""
    own = np.arange(len(wanted))
    grid = np.exp(np.linspace(np.log(0.05), np.log(2), 80))
    losses = [-np.log(softmax(scores / one)[own, wanted] + 1e-12).mean() for one in grid]
    return round(float(grid[int(np.argmin(losses))]), 4)


def _card(examples: Sequence[Example], heads: dict[str, Head], seed: int) -> dict[str, Any]:
    return {
        "examples": len(examples),
        "corrections": sum(one.source != "authored" for one in examples),
        "data": data_hash(examples),
        "seed": seed,
        "features": {speaker: len(head.names) for speaker, head in heads.items()},
        "by_intent": dict(sorted(Counter(one.intent for one in examples).items())),
    }


def train_shipped(calibrate_on: Sequence[Example], progress: Progress = lambda _: None) -> Classifier:
    """The model that ships, from the shipped examples alone: the same file again from the same data."""
    return train(shipped_examples(), calibrate_on=calibrate_on, progress=progress)
