"""Corrections at work at once: what a trainer settled is remembered until the next training learns it fully."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intents.features import Eyes
from intents.linear import Head, Sighting

NEAR = 0.55
"""Cosine similarity from which a remembered utterance has a say; at 1 it decides."""


class Remembered(NamedTuple):
    text: str
    speaker: str
    intent: str
    context: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """Settled utterances as an inverted index: row of the head → (utterance, value)."""

    intents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    index: Mapping[str, Mapping[int, list[tuple[int, float]]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.intents.values()))

    def adjust(
        self, probabilities: NDArray[np.float64], head: Head, sighting: Sighting, speaker: str
    ) -> NDArray[np.float64]:
        """Moves probability to the intent of the nearest remembered utterance, the more the nearer it is."""
        nearest = self._nearest(sighting, speaker)
        if nearest is None:
            return probabilities
        utterance, likeness = nearest
        intent = self.intents[speaker][utterance]
        if likeness < NEAR or intent not in head.labels:
            return probabilities
        say = min(1.0, (likeness - NEAR) / (1 - NEAR)) * 0.98
        adjusted = probabilities * (1 - say)
        adjusted[head.labels.index(intent)] += say
        return adjusted

    def _nearest(self, sighting: Sighting, speaker: str) -> tuple[int, float] | None:
        index = self.index.get(speaker)
        if not index:
            return None
        likeness: dict[int, float] = defaultdict(float)
        for row, value in zip(sighting.rows.tolist(), sighting.values.tolist(), strict=True):
            for utterance, other in index.get(row, ()):
                likeness[utterance] += value * other
        return max(likeness.items(), key=lambda pair: (pair[1], pair[0]), default=None)


def remember(settled: Iterable[Remembered], heads: Mapping[str, Head], eyes: Eyes) -> Memory:
    """A later settlement of the same words counts, since it comes last and wins ties."""
    intents: dict[str, list[str]] = defaultdict(list)
    index: dict[str, dict[int, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for one in settled:
        if one.speaker not in heads:
            continue
        sighting = heads[one.speaker].sight(eyes.see(one.text, one.context))
        rows, back = np.unique(sighting.rows, return_inverse=True)
        values = np.bincount(back, weights=sighting.values, minlength=len(rows))
        for row, value in zip(rows.tolist(), values.tolist(), strict=True):
            index[one.speaker][row].append((len(intents[one.speaker]), value))
        intents[one.speaker].append(one.intent)
    return Memory(dict(intents), {speaker: dict(rows) for speaker, rows in index.items()})
