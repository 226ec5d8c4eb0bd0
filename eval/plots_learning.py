"""How much more examples would bring: the development set read by models trained on ever more of the shipped ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from intents import DRIFTS, HIGH_INTENT, Classifier, Example, load_taxonomy
from intents.examples import CONTRAST
from intents.heldout import Seen
from intents.training import fit

from .metrics import Interval, bootstrap, macro_f1

SIZES = (400, 800, 1600, 3200, 6400)
SEEDS = 5
ROUNDS = 300
Pair = tuple[str, str]
"""Wanted, read."""


class Point(NamedTuple):
    """One size of the training set: each number over all seeds with an interval over cases, and seed by seed."""

    size: int
    numbers: dict[str, Interval]
    by_seed: dict[str, tuple[float, ...]]


def accuracy(pairs: Sequence[Pair]) -> float:
    return sum(wanted == read for wanted, read in pairs) / len(pairs) if pairs else 0.0


def promised_interest(pairs: Sequence[Pair]) -> float:
    """Questions read as a buying signal, of all questions."""
    high = load_taxonomy().in_group(HIGH_INTENT)
    asked = [read in high for wanted, read in pairs if wanted in DRIFTS]
    return sum(asked) / len(asked) if asked else 0.0


NUMBERS: dict[str, Callable[[Sequence[Pair]], float]] = {
    "accuracy": accuracy,
    "macro-F1": macro_f1,
    "drift": promised_interest,
}


def learning_curve(
    like: Classifier, examples: Sequence[Example], cases: Sequence[Example], *, sizes: Sequence[int] = SIZES,
    seeds: int = SEEDS, rounds: int = ROUNDS, progress: Callable[[str], None] = lambda _: None,
) -> list[Point]:  # fmt: skip
    """Guard and calibration are those of `like`; every draw takes whole blocks of one author's neighbouring lines."""
    seen = [Seen(one, like.eyes.see(one.text, one.context)) for one in examples]
    points = []
    for size in [*(one for one in sizes if one < len(seen)), len(seen)]:
        progress(f"learning curve: {size} examples")
        draws = [seen] if size == len(seen) else [_drawn(seen, size, seed) for seed in range(seeds)]
        points.append(_point(size, [_read(_trained(like, draw), cases) for draw in draws], cases, rounds))
    return points


def _drawn(seen: Sequence[Seen], size: int, seed: int) -> list[Seen]:
    """Blocks in random order until there are enough, the last one cut."""
    blocks = [list(seen[at : at + CONTRAST]) for at in range(0, len(seen), CONTRAST)]
    random.Random(seed).shuffle(blocks)
    return [one for block in blocks for one in block][:size]


def _trained(like: Classifier, seen: Sequence[Seen]) -> Classifier:
    heads = {
        speaker: fit([one for one in seen if one.example.speaker == speaker])
        for speaker in sorted({one.example.speaker for one in seen})
    }
    # acts go by the columns of a head: with an intent missing in a small draw they do not fit
    acts = {who: kept for who, kept in like.acts.items() if who in heads and heads[who].labels == kept.labels}
    return replace(like, heads=heads, acts=acts)


def _read(model: Classifier, cases: Sequence[Example]) -> list[str]:
    return list(_readings(model, cases))


def _readings(model: Classifier, cases: Sequence[Example]) -> Iterator[str]:
    for one in cases:
        if one.speaker not in model.heads:
            yield ""
            continue
        how = {"speaker": one.speaker, "context": one.context, "industry": one.industry or None}
        yield model.read(one.text, **how).best.intent  # type: ignore[arg-type]


def _point(size: int, reads: Sequence[Sequence[str]], cases: Sequence[Example], rounds: int) -> Point:
    rows = [(case.intent, *read) for case, read in zip(cases, zip(*reads, strict=True), strict=True)]

    def by_seed(number: Callable[[Sequence[Pair]], float], chosen: Sequence[tuple[str, ...]]) -> list[float]:
        return [number([(row[0], row[at]) for row in chosen]) for at in range(1, len(reads) + 1)]

    def mean(
        number: Callable[[Sequence[Pair]], float],
    ) -> Callable[[Sequence[tuple[str, ...]]], float]:
        return lambda chosen: sum(by_seed(number, chosen)) / len(reads)

    return Point(
        size,
        {name: bootstrap(rows, mean(number), rounds) for name, number in NUMBERS.items()},
        {name: tuple(by_seed(number, rows)) for name, number in NUMBERS.items()},
    )
