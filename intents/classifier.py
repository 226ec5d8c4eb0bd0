"""Reads an utterance: features → scores → calibrated probabilities → an intent, or why none is named.

A linear model kept as plain arrays: well under a millisecond a reading, no framework in the serving process, and every
decision can be traced back to the words that spoke for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.abstain import Thresholds
from intents.because import clauses, words_for
from intents.entities import find_entities
from intents.features import Eyes, Feature
from intents.guard import Guard
from intents.linear import Head, Sighting
from intents.memory import Memory
from intents.model import Entity, Intent, Ranked, Reading, Speaker
from intents.normalise import aligned
from intents.taxonomy import Taxonomy

SHOWN = 5
"""Candidates in a reading."""


@dataclass(frozen=True)
class Classifier:
    """A trained model with what it reads by. Thread-safe: nothing in it changes."""

    heads: Mapping[str, Head]
    """One for each speaker."""
    temperature: float
    thresholds: Thresholds
    guard: Guard
    taxonomy: Taxonomy
    eyes: Eyes
    card: Mapping[str, Any] = field(default_factory=dict)
    """The model card: data hash, sizes, numbers, weaknesses."""
    hash: str = ""
    memory: Memory = field(default_factory=Memory)
    products: tuple[str, ...] = ()
    """Names of the company's catalogue, found as entities."""
    clock: Callable[[], datetime] | None = None

    def read(
        self,
        text: str,
        *,
        speaker: str = Speaker.CUSTOMER,
        context: Sequence[str] = (),
        industry: str | None = None,
    ) -> Reading:
        """Ranked intents of that speaker with the words that spoke for them, entities, or an abstention."""
        head = self.heads[str(speaker)]
        features = self.eyes.see(text, context)
        sighting = head.sight(features)
        probabilities = self.probabilities(head, sighting, features, industry)
        probabilities = self.memory.adjust(probabilities, head, sighting, str(speaker))
        ranked = self._ranked(head, probabilities, sighting, text)
        return Reading(
            ranked=ranked,
            entities=self.entities(text),
            secondary=tuple(self._secondary(head, sighting, text, ranked[0])),
            abstained=self.thresholds.abstention(ranked),
            model=self.hash,
        )

    def entities(self, text: str) -> tuple[Entity, ...]:
        return find_entities(text, products=self.products, now=self.clock() if self.clock else None)

    def probabilities(
        self, head: Head, sighting: Sighting, features: Sequence[Feature] = (), industry: str | None = None
    ) -> NDArray[np.float64]:
        """Calibrated: of the readings at 0.9, nine in ten are right."""
        scores = self.guard.hold_back(head.scores(sighting), head.labels, features, industry, self.taxonomy)
        return softmax(scores / self.temperature)

    def remembering(self, memory: Memory) -> Classifier:
        """The same model with corrections that it has not been trained on."""
        return replace(self, memory=memory)

    def _ranked(
        self, head: Head, probabilities: NDArray[np.float64], sighting: Sighting, text: str
    ) -> tuple[Ranked, ...]:
        order = np.argsort(-probabilities, kind="stable")[:SHOWN]
        found = [Ranked(Intent(head.labels[at]), float(probabilities[at])) for at in order]
        because = [words_for(head, sighting, one.intent, aligned(text)) for one in found[:2]]
        return (
            *(replace(one, because=spans) for one, spans in zip(found, because, strict=False)),
            *found[2:],
        )

    def _secondary(self, head: Head, sighting: Sighting, text: str, best: Ranked) -> Iterator[Ranked]:
        """Acts that single clauses carry beside the main one, in the order they are said."""
        whole, seen = aligned(text), {best.intent, "smalltalk"}
        for start, end in clauses(whole.text):
            part = sighting.within(start, end)
            if not part.rows.size:
                continue
            probabilities = self.probabilities(head, part)
            at = int(probabilities.argmax())
            intent = Intent(head.labels[at])
            if intent not in seen and probabilities[at] >= self.thresholds.second:
                seen.add(intent)
                yield Ranked(intent, float(probabilities[at]), words_for(head, part, intent, whole))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    normalised: NDArray[np.float64] = exponents / exponents.sum(axis=-1, keepdims=True)
    return normalised
