"""Fits the dense heads and lets held-out folds decide how much the encoder counts, down to not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from intents.calibration import fit_temperature
from intents.heldout import Held, Seen
from intents.linear import Floats, Floats64
from intents.meaning import DenseHead, Encoder, Meaning, vectors_of

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
SURE = 2.0
"""Standard errors by which more held-out readings must be mended than broken; else the encoder is not asked."""
CORRECTION_WEIGHT = 3.0
"""A correction comes from real use; it counts for as many authored utterances."""
RIDGE = 1.0
"""Strength of regularisation of the least squares; the vectors have length 1."""


class Weighed(NamedTuple):
    """What the folds said about one speaker's head."""

    weight: float
    scale: float
    mended: int
    """Held-out utterances that are read right with the encoder and wrong without."""
    broken: int

    def join(self, of_words: Floats64, meant: Floats64) -> Floats64:
        """See `DenseHead.joined`."""
        return self.scale * (of_words + self.weight * meant)


ALONE = Weighed(1.0, 1.0, 0, 0)


class Understood(NamedTuple):
    """The dense part of a model, what goes onto its card, and the folds as words and encoder together score them."""

    meaning: Meaning
    by_speaker: Mapping[str, Weighed]
    folds: list[Held]

    def card(self) -> dict[str, Any]:
        weighed = {speaker: one._asdict() for speaker, one in self.by_speaker.items()}
        return {"fingerprint": self.meaning.fingerprint, "by_speaker": weighed}


def understand(
    seen: Sequence[Seen], folds: Sequence[Held], encoder: Encoder, progress: Callable[[str], None]
) -> Understood:
    """Dense heads for the speakers whose held-out utterances are read better with them.

    `seen`: in folds. `folds`: every example, and joined ones, as a word head that had not seen them scored them (heldout.py).
    """
    vectors = _encoded(
        [one.example.text for one in seen] + [one.seen.example.text for one in folds], encoder, progress
    )
    by_speaker, heads, joined = {}, {}, list[Held]()
    for speaker in sorted({one.example.speaker for one in seen}):
        mine = [one for one in seen if one.example.speaker == speaker]
        held = [one for one in folds if one.seen.example.speaker == speaker]
        dense = _held_out(mine, held, vectors)
        found = by_speaker[speaker] = _weigh(held, dense)
        progress(
            f"{speaker}: the encoder counts {found.weight:g} ({found.mended} mended, {found.broken} broken)"
        )
        joined += [
            one._replace(scores=found.join(one.scores, meant)) for one, meant in zip(held, dense, strict=True)
        ]
        if found.weight:
            heads[speaker] = fit_dense(mine, vectors, found)
    return Understood(Meaning(encoder.fingerprint, heads), by_speaker, joined)


def _encoded(texts: Sequence[str], encoder: Encoder, progress: Callable[[str], None]) -> dict[str, Floats]:
    distinct = list(dict.fromkeys(texts))
    progress(f"encoding {len(distinct)} utterances")
    return dict(zip(distinct, vectors_of(encoder, distinct), strict=True)) if distinct else {}


def fit_dense(seen: Sequence[Seen], vectors: Mapping[str, Floats], weighed: Weighed) -> DenseHead:
    """Ridge regression on ±1 for each intent, 0 where an utterance says it beside something weightier: a closed form."""
    labels = sorted({one.example.intent for one in seen})
    rows = np.stack([vectors[one.example.text] for one in seen]).astype(np.float64)
    wanted = np.array([[_wanted(one, label) for label in labels] for one in seen])
    counts = np.array([1.0 if one.example.source == "authored" else CORRECTION_WEIGHT for one in seen])
    middle, level = np.average(rows, 0, counts), np.average(wanted, 0, counts)
    pulled = (rows - middle).T * counts
    gram = pulled @ (rows - middle) + RIDGE * np.eye(rows.shape[1])
    weights = np.linalg.solve(gram, pulled @ (wanted - level))
    bias = level - middle @ weights
    return DenseHead(tuple(labels), _halved(weights), _halved(bias), weighed.weight, weighed.scale)


def _halved(values: Floats64) -> Floats:
    """As the file keeps them (half precision), see `model_file.rounded`."""
    return values.astype(np.float16).astype(np.float32)


def _wanted(one: Seen, label: str) -> float:
    if one.example.intent == label:
        return 1.0
    return 0.0 if label in one.example.secondary else -1.0


def _held_out(seen: Sequence[Seen], held: Sequence[Held], vectors: Mapping[str, Floats]) -> list[Floats64]:
    """Dense scores of every held-out utterance by a head that saw none of its fold."""
    heads = {
        fold: fit_dense([one for one in seen if one.fold != fold], vectors, ALONE)
        for fold in {one.fold for one in held}
    }
    return [heads[one.fold].scores(vectors[one.seen.example.text]) for one in held]


def _weigh(held: Sequence[Held], dense: Sequence[Floats64]) -> Weighed:
    """The weight with the most right readings, if it is surely better than none; of equals the smallest."""
    rows = [
        (one.scores, meant, one.labels.index(one.seen.example.intent))
        for one, meant in zip(held, dense, strict=True)
        if one.usable and not one.made
    ]

    def right(weight: float) -> NDArray[np.bool_]:
        return np.array([int((said + weight * meant).argmax()) == at for said, meant, at in rows], bool)

    alone = right(0.0)
    best = max(WEIGHTS, key=lambda weight: (int(right(weight).sum()), -weight))
    mended, broken = int((right(best) & ~alone).sum()), int((alone & ~right(best)).sum())
    if mended - broken <= SURE * np.sqrt(mended + broken):
        return Weighed(0.0, 1.0, mended, broken)
    wanted = [at for _, _, at in rows]
    of_words = _temperature([said for said, _, _ in rows], wanted)
    of_both = _temperature([said + best * meant for said, meant, _ in rows], wanted)
    return Weighed(best, round(of_words / of_both, 4), mended, broken)


def _temperature(scores: Sequence[Floats64], wanted: Sequence[int]) -> float:
    """Folds may lack an intent that others have: the shorter rows are filled up with what never wins."""
    table = np.full((len(scores), max(map(len, scores))), -np.inf)
    for row, values in enumerate(scores):
        table[row, : len(values)] = values
    return fit_temperature(table, np.array(wanted))


def with_meaning(held: Sequence[Held], meaning: Meaning, encoder: Encoder) -> list[Held]:
    """What the word heads scored of utterances by other hands, joined with the dense heads' scores."""
    asked = [one.seen.example.text for one in held if one.seen.example.speaker in meaning.heads]
    vectors = _encoded(asked, encoder, lambda _: None)
    return [_joined(one, meaning.heads.get(one.seen.example.speaker), vectors) for one in held]


def _joined(one: Held, head: DenseHead | None, vectors: Mapping[str, Floats]) -> Held:
    return one._replace(scores=head.joined(one.scores, vectors[one.seen.example.text])) if head else one
