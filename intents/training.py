"""Trains the classifier from labelled examples: seconds on two cores, the same model from the same data.

One linear support-vector machine for each speaker (softmax regression lost 3 points to it, eval/RESULTS.md), then, on
held-out utterances, everything that makes its scores probabilities (calibration.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.abstain import Thresholds
from intents.calibration import calibrate
from intents.card_before import CardBefore, knowing_cards
from intents.classifier import Classifier
from intents.drift import trained_on
from intents.errors import ExamplesUnusable
from intents.examples import Example, data_hash, shipped_examples
from intents.features import Eyes, shipped_eyes
from intents.guard import Guard
from intents.heldout import FOLDS, Seen, by_others, folded, in_folds
from intents.linear import Head
from intents.materials import MATERIALS, OUTSIDE_USED, materials
from intents.meaning import Encoder
from intents.meaning_training import CORRECTION_WEIGHT, understand, with_meaning
from intents.model import Speaker
from intents.model_file import content_hash, rounded
from intents.scope_training import fit_scopes
from intents.taxonomy import Taxonomy, load_taxonomy

SEED = 20261127
C = 2.0
"""Inverse strength of regularisation, chosen by cross-validation from 0.5, 1, 2, 4."""
LEAST_SEEN = 2

Progress = Callable[[str], None]


def train(
    examples: Sequence[Example],
    *,
    calibrate_on: Sequence[Example] = (),
    calibrated_like: Classifier | None = None,
    eyes: Eyes | None = None,
    taxonomy: Taxonomy | None = None,
    encoder: Encoder | None = None,
    unseen_fold: int | None = None,
    progress: Progress = lambda _: None,
    seed: int = SEED,
) -> Classifier:
    """Fit, guard, calibrate, set thresholds. Raises `ExamplesUnusable` where an intent has too few examples.

    `calibrate_on`: utterances by other hands than the examples'. Without any, guard, temperature and thresholds are
    taken over from `calibrated_like` (a model of nearly the same examples); without that too, held-out folds of the
    examples serve alone, which makes the model more modest than it needs to be.

    `encoder`: held-out folds decide, speaker by speaker, how much it counts beside the words, down to not at all.
    `unseen_fold`: the only fold that may decide, where the encoder was tuned on the others.
    """
    eyes, taxonomy = replace(eyes or shipped_eyes(), card=None), taxonomy or load_taxonomy()
    _check(examples)
    progress(f"reading {len(examples)} examples")
    seen = [Seen(one, eyes.see(one.text, one.context)) for one in examples]
    if any(one.context for one in examples):
        progress("reading the turns before")
        seen, eyes = _with_cards(seen, eyes, seed)
    speakers = sorted({one.speaker for one in examples})
    heads = {}
    for speaker in speakers:
        progress(f"fitting what a {speaker} says")
        heads[speaker] = fit([one for one in seen if one.example.speaker == speaker], seed)
    eyes = knowing_cards(eyes, heads)
    classifier = Classifier(
        heads, 1.0, Thresholds(), Guard(), taxonomy, eyes, card=_card(examples, heads, seed, eyes)
    )
    alike = calibrated_like if not calibrate_on else None
    if alike is not None and encoder is None:
        return _hashed(_like(classifier, alike))
    seen = in_folds(seen)
    folds = folded(seen, lambda rest: fit(rest, seed), eyes, seed, progress)
    classifier = replace(classifier, scopes=fit_scopes(heads, folds, eyes))
    others = by_others(heads, calibrate_on, eyes)
    if encoder is not None:
        honest = [one for one in folds if unseen_fold in {None, one.fold}]
        found = understand(seen, honest, encoder, progress)
        folds, others = found.folds, with_meaning(others, found.meaning, encoder)
        card = {**classifier.card, "encoder": found.card()}
        classifier = replace(classifier, meaning=found.meaning, card=card).listening(encoder)
    if alike is not None:
        return _hashed(_like(classifier, alike))
    progress(f"calibrating on {len(folds) + len(others)} utterances")
    source = data_hash(calibrate_on) if calibrate_on else "held-out folds"
    return _hashed(measured(calibrate(classifier, folds, others, source), calibrate_on))


def _with_cards(seen: Sequence[Seen], eyes: Eyes, seed: int) -> tuple[list[Seen], Eyes]:
    """Seen again where there is a turn before, with what a first head reads in it; and eyes that see so."""
    said = [one for one in seen if one.example.speaker == Speaker.CUSTOMER]
    if len({one.example.intent for one in said}) < 2:
        return list(seen), eyes
    eyes = replace(eyes, card=CardBefore(fit(said, seed), eyes))
    again = [
        Seen(one.example, eyes.see(one.example.text, one.example.context)) if one.example.context else one
        for one in seen
    ]
    return again, eyes


def measured(classifier: Classifier, others: Sequence[Example]) -> Classifier:
    """With the figures on its card that live readings are held against later (drift.py); none without other hands."""
    if not others:
        return classifier
    return replace(classifier, card={**classifier.card, "figures": trained_on(classifier, others).as_json()})


def _hashed(classifier: Classifier) -> Classifier:
    return replace(classifier, hash=content_hash(classifier))


def _like(classifier: Classifier, other: Classifier) -> Classifier:
    numbers = {"calibrated_on": other.card.get("calibrated_on", ""), "calibrated_like": other.hash}
    numbers |= {"figures": other.card["figures"]} if "figures" in other.card else {}
    # its scope is the other's, so it goes by the strangers' words that the other was fitted on
    outside = other.card.get(MATERIALS, {}).get(OUTSIDE_USED, "")
    numbers[MATERIALS] = {**classifier.card[MATERIALS], OUTSIDE_USED: outside}
    acts = {
        speaker: acts
        for speaker, acts in other.acts.items()
        if classifier.heads[speaker].labels == acts.labels
    }
    return replace(
        classifier, temperature=other.temperature, thresholds=other.thresholds, guard=other.guard, acts=acts,
        sharpness=other.sharpness, scopes=other.scopes, card={**classifier.card, **numbers},
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
    counts = [Counter(feature.name for feature in one.features) for one in seen]
    frequency = Counter(name for row in counts for name in row)
    names = tuple(sorted(name for name, n in frequency.items() if n >= LEAST_SEEN))
    idf = np.array([1 + np.log((1 + len(seen)) / (1 + frequency[name])) for name in names], np.float32)
    matrix = _matrix(counts, {name: row for row, name in enumerate(names)}, idf)
    weight = np.array([1.0 if one.example.source == "authored" else CORRECTION_WEIGHT for one in seen])
    labels = sorted({one.example.intent for one in seen})
    planes = [_plane(matrix, seen, label, weight, seed) for label in labels]
    coefficients, bias = (
        np.vstack([plane.coef_ for plane in planes]),
        np.concatenate([plane.intercept_ for plane in planes]),
    )
    return rounded(Head(tuple(labels), names, idf, coefficients.T, bias))


def _plane(matrix: Any, seen: Sequence[Seen], label: str, weight: NDArray[np.float64], seed: int) -> Any:
    """This intent against the rest. Words that say it beside something weightier speak neither for nor against it."""
    from sklearn.svm import LinearSVC

    rows = np.array([at for at, one in enumerate(seen) if label not in one.example.secondary])
    wanted = np.array([seen[at].example.intent == label for at in rows])
    return LinearSVC(C=C, random_state=seed).fit(matrix[rows], wanted, sample_weight=weight[rows])  # type: ignore[no-untyped-call]


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


def _card(examples: Sequence[Example], heads: dict[str, Head], seed: int, eyes: Eyes) -> dict[str, Any]:
    return {
        "examples": len(examples),
        "corrections": sum(one.source != "authored" for one in examples),
        "data": data_hash(examples),
        MATERIALS: materials(eyes),
        "seed": seed,
        "features": {speaker: len(head.names) for speaker, head in heads.items()},
        "by_intent": dict(sorted(Counter(one.intent for one in examples).items())),
    }


def train_shipped(calibrate_on: Sequence[Example], progress: Progress = lambda _: None) -> Classifier:
    """The model that ships, from the shipped examples alone: the same file again from the same data."""
    return train(shipped_examples(), calibrate_on=calibrate_on, progress=progress)
