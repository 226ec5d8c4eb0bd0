"""Held-out readings: scores of utterances by heads that never saw them, for calibration.

Folds keep one author's neighbouring lines together, and contrasts wherever they stand (contrast.py). As people seldom say
several acts at once in a small set, utterances of several acts are made as well, by joining held-out ones of one act; no
head is trained on those.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intents.clauses import clauses
from intents.contrast import folds_of
from intents.examples import Example
from intents.features import Eyes, Feature
from intents.linear import Head
from intents.normalise import aligned
from intents.scope import SIGNS, signs_of
from intents.taxonomy import ORDER

FOLDS = 5
JOINED = 0.5
"""Utterances of several acts that are made, for each one of a single act."""
_MARKS = (",", "，", " ", "。")
_LENGTHS = range(4, 23)
"""Characters of an utterance that is joined with others."""


class Seen(NamedTuple):
    """An example and its features."""

    example: Example
    features: list[Feature]
    fold: int = -1
    """The one that it is held out with, see `in_folds`."""


class Held(NamedTuple):
    """A held-out example, what a head that never saw it scored for the whole and for each clause."""

    seen: Seen
    scores: NDArray[np.float64]
    parts: tuple[NDArray[np.float64], ...]
    labels: tuple[str, ...]
    made: bool = False
    """Joined from others, see above."""
    fold: int = -1
    """The fold that its head did not see; -1 for utterances by other hands."""
    signs: NDArray[np.float64] = np.zeros(len(SIGNS))
    """Of being out of scope, see scope.py."""

    @property
    def acts(self) -> frozenset[str]:
        return frozenset({self.seen.example.intent, *self.seen.example.secondary})

    @property
    def usable(self) -> bool:
        return self.seen.example.intent in self.labels


def hold(head: Head, seen: Seen, made: bool = False, fold: int = -1) -> Held:
    sighting, whole = head.sight(seen.features), aligned(seen.example.text)
    parts = [part for place in clauses(whole) if (part := sighting.within(*place)).rows.size]
    scores = head.scores(sighting)
    signs = signs_of(whole.text, seen.features, scores, head)
    return Held(seen, scores, tuple(map(head.scores, parts)), head.labels, made, fold, signs)


def by_others(heads: Mapping[str, Head], examples: Sequence[Example], eyes: Eyes) -> list[Held]:
    """Utterances by other hands than the examples'."""
    return [
        hold(heads[one.speaker], Seen(one, eyes.see(one.text, one.context)))
        for one in examples
        if one.speaker in heads
    ]


def in_folds(seen: Sequence[Seen]) -> list[Seen]:
    """With the fold of each, so that contrasts and near-duplicates are held out together."""
    folds = folds_of([one.example for one in seen], FOLDS)
    return [one._replace(fold=fold) for one, fold in zip(seen, folds, strict=True)]


def folded(
    seen: Sequence[Seen], fit: Callable[[Sequence[Seen]], Head], eyes: Eyes, seed: int, progress: Callable[[str], None]
) -> list[Held]:  # fmt: skip
    """Every example (of those that are in folds), and joined ones, scored by a head that saw none of its fold."""
    found: list[Held] = []
    draw = random.Random(seed)
    for fold in range(FOLDS):
        progress(f"cross-validating {fold + 1}/{FOLDS}")
        for speaker in sorted({one.example.speaker for one in seen}):
            mine = [one for one in seen if one.example.speaker == speaker]
            rest = [one for one in mine if one.fold != fold]
            out = [one for one in mine if one.fold == fold]
            if out and len({one.example.intent for one in rest}) > 1:
                head = fit(rest)
                found += [hold(head, one, fold=fold) for one in out]
                joined = list(join([one.example for one in out], draw))
                found += [hold(head, Seen(one, eyes.see(one.text)), made=True, fold=fold) for one in joined]
    return found


def join(examples: Sequence[Example], draw: random.Random) -> Iterator[Example]:
    """Two or three utterances of one industry in one; labelled by rule 10."""
    pools: dict[str, list[Example]] = defaultdict(list)
    for one in examples:
        if not one.secondary and not one.context and len(one.text) in _LENGTHS:
            pools[one.industry].append(one)
    for pool in pools.values():
        for _ in range(int(len(pool) * JOINED) if len(pool) > 2 else 0):
            yield _joined(draw.sample(pool, draw.choice((2, 2, 3))), draw.choice(_MARKS))


def _joined(parts: Sequence[Example], mark: str) -> Example:
    acts = sorted({one.intent for one in parts} - {"smalltalk"}, key=_place) or ["smalltalk"]
    text = mark.join(one.text.rstrip("。,，?？ ") for one in parts)
    return Example(
        "+".join(one.id for one in parts), text, parts[0].speaker, acts[0],
        secondary=tuple(acts[1:]), industry=parts[0].industry,
    )  # fmt: skip


def _place(intent: str) -> tuple[int, str]:
    return ORDER.index(intent) if intent in ORDER else len(ORDER), intent
