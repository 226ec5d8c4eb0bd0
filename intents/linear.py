"""The linear part of the model: features of one speaker's words → a score for each of that speaker's intents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intents.features import Feature

Floats = NDArray[np.float32]
Floats64 = NDArray[np.float64]
Ints = NDArray[np.int64]


def is_character(name: str) -> bool:
    """A feature that is one character, not a mark at an end."""
    return len(name) == len("g:") + 1 and name.startswith("g:") and name not in {"g:^", "g:$"}


class Sighting(NamedTuple):
    """The known features of one utterance: row of the model, place in the text, value (tf-idf, length 1)."""

    rows: Ints
    starts: Ints
    ends: Ints
    values: Floats
    """One share per occurrence; the shares of a feature add up to its tf-idf value."""
    slots: Ints
    """Which occurrences are of the same feature: its place among the distinct ones."""

    def within(self, start: int, end: int) -> Sighting:
        """Only what stands between two places, brought to length 1 again."""
        inside = (self.starts >= start) & (self.ends <= end) & (self.ends > self.starts)
        rows, values, slots = self.rows[inside], self.values[inside], self.slots[inside]
        if values.size:
            values = (values / np.linalg.norm(np.bincount(slots, weights=values))).astype(np.float32)
        return Sighting(rows, self.starts[inside], self.ends[inside], values, slots)


@dataclass(frozen=True)
class Head:
    """Weights for the intents of one speaker. Nothing in it changes, so threads may share it."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    """Feature names, in the order of the rows of `weights`."""
    idf: Floats
    weights: Floats
    """features × labels"""
    bias: Floats

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def rarity(self) -> dict[str, float]:
        """The idf of each single character that it knows: the rarer among the examples, the higher."""
        return {name: float(self.idf[row]) for name, row in self.vocabulary.items() if is_character(name)}

    def sight(self, features: Sequence[Feature]) -> Sighting:
        row_of = self.vocabulary.get
        known = [(row, one.start, one.end) for one in features if (row := row_of(one.name)) is not None]
        if not known:
            nowhere = np.empty(0, np.int64)
            return Sighting(nowhere, nowhere, nowhere, np.empty(0, np.float32), nowhere)
        places = np.array(known, np.int64)
        rows, back, counts = np.unique(places[:, 0], return_inverse=True, return_counts=True)
        values = ((1 + np.log(counts)) * self.idf[rows]).astype(np.float32)
        values /= np.linalg.norm(values)
        shares = (values / counts)[back].astype(np.float32)
        return Sighting(places[:, 0], places[:, 1], places[:, 2], shares, back)

    def scores(self, sighting: Sighting) -> NDArray[np.float64]:
        return (sighting.values @ self.weights[sighting.rows] + self.bias).astype(np.float64)

    def pulls(self, sighting: Sighting, label: str) -> Floats:
        """What each occurrence adds to the score of a label, above what it adds to the others on average."""
        weights = self.weights[sighting.rows]
        pulled: Floats = sighting.values * (weights[:, self.labels.index(label)] - weights.mean(axis=1))
        return pulled
