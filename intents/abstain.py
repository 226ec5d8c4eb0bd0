"""When to ask instead of to guess: thresholds, and the risk–coverage curve they are read from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intents.model import Abstention, Ranked

_BARE = re.compile(
    r"(?:[你您我他她它咱]们?|[这那]个?边?|就是|然后|所以|但是|因为|如果|还有|其实|好像|[的了呢吗吧啊呀嘛哦噢嗯呃额诶哎唉]|\W)+"
)
TARGET = 0.985
"""Share of answered turns that should be right on calibration data."""
LEAST_COVERAGE = 0.88
"""Asking more often than this makes reps stop reading cards."""


@dataclass(frozen=True)
class Thresholds:
    """Below `least` confidence, or closer than `margin` to the second, no intent is named."""

    least: float = 0.5
    margin: float = 0.15
    second: float = 0.45
    """A further act that is there with at least this probability is reported as secondary."""

    def abstention(self, ranked: Sequence[Ranked], *, bare: bool = False) -> Abstention | None:
        """`bare`: the words say nothing by themselves, so only small talk may be read out of them (rule 11)."""
        if bare and ranked[0].intent != "smalltalk":
            return Abstention.LOW_CONFIDENCE
        first = ranked[0].confidence
        second = ranked[1].confidence if len(ranked) > 1 else 0.0
        if first < self.least and first + second < self.least + self.margin:
            return Abstention.LOW_CONFIDENCE
        if first - second < self.margin:
            return Abstention.TWO_CLOSE
        return Abstention.LOW_CONFIDENCE if first < self.least else None


def says_nothing(text: str) -> bool:
    """Only pronouns, pointers, links and particles: 你们, 那个, 嗯那个. However sure the scores, nothing was asked."""
    return _BARE.fullmatch(text) is not None


class Risk(NamedTuple):
    """A point of the risk–coverage curve: answering above `least`, how much is answered, how much of it is right."""

    least: float
    coverage: float
    accuracy: float


def risk_coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[Risk]:
    """El-Yaniv and Wiener 2010 (JMLR 11:1605): from answering everything to answering only the surest."""
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(right[order])
    total = len(order)
    return [
        Risk(float(confidence[order[n]]), (n + 1) / total, float(hits[n] / (n + 1))) for n in range(total)
    ][::-1]


def choose(probabilities: NDArray[np.float64], wanted: NDArray[np.int64]) -> Thresholds:
    """The gentlest thresholds that reach `TARGET`; else the most accurate that keep `LEAST_COVERAGE`."""
    ordered = -np.sort(-probabilities, axis=1)
    first, gap = ordered[:, 0], ordered[:, 0] - ordered[:, 1]
    right = probabilities.argmax(1) == wanted
    grid = [
        (round(a, 2), round(b, 2)) for a in np.arange(0.3, 0.75, 0.05) for b in np.arange(0.05, 0.45, 0.05)
    ]
    found = []
    for least, margin in grid:
        answered = (first >= least) & (gap >= margin)
        coverage = float(answered.mean())
        if coverage >= LEAST_COVERAGE:
            accuracy = float(right[answered].mean())
            found.append((min(accuracy, TARGET), coverage, least, margin))
    _, _, least, margin = max(found, default=(0.0, 0.0, 0.5, 0.15))
    return Thresholds(float(least), float(margin))
