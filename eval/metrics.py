"""Numbers with intervals. Each is checked against values computed by hand (tests/eval/test_metrics.py)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

Item = TypeVar("Item")


class Interval(NamedTuple):
    """A value with the bounds between which it lies with 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def wilson(hits: int, total: int, z: float = 1.959964) -> Interval | None:
    """Wilson's score interval for a share (Wilson 1927); None of nothing."""
    if not total:
        return None
    share, spread = hits / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def bootstrap(
    items: Sequence[Item], statistic: Callable[[Sequence[Item]], float], rounds: int = 1000, seed: int = 1
) -> Interval:
    """Percentile bootstrap (Efron 1979) of any statistic of the items."""
    draws = np.random.default_rng(seed).integers(0, len(items), (rounds, len(items)))
    values = [statistic([items[at] for at in draw]) for draw in draws]
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(statistic(items), float(low), float(high))


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean over the wanted labels of F1; pairs are (wanted, read)."""
    labels = sorted({wanted for wanted, _ in pairs})
    return sum(f1(pairs, label) for label in labels) / len(labels) if labels else 0.0


def f1(pairs: Sequence[tuple[str, str]], label: str) -> float:
    both = sum(wanted == label == read for wanted, read in pairs)
    either = sum(wanted == label for wanted, _ in pairs) + sum(read == label for _, read in pairs)
    return 2 * both / either if either else 0.0


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): mean gap between confidence and accuracy, by equal bins."""
    return sum(
        row.size * abs(row.accuracy - row.confidence) for row in reliability(confidences, right, bins)
    ) / max(1, len(confidences))


class Bin(NamedTuple):
    """Readings of similar confidence: how many, how sure, how often right."""

    size: int
    confidence: float
    accuracy: float


def reliability(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[Bin]:
    """The filled bins of a reliability diagram, least confident first."""
    rows: dict[int, list[tuple[float, bool]]] = {}
    for confidence, hit in zip(confidences, right, strict=True):
        rows.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, hit))
    return [
        Bin(len(row), sum(c for c, _ in row) / len(row), sum(hit for _, hit in row) / len(row))
        for _, row in sorted(rows.items())
    ]


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test: how likely so uneven a split of the disagreements is by chance."""
    n, k = only_first + only_second, min(only_first, only_second)
    if not n:
        return 1.0
    tail: float = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    return min(1.0, 2 * tail)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
