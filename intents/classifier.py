"""Reads an utterance: features → scores → acts → calibrated probabilities → an intent, or why none is named.

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

from intents.abstain import Thresholds, says_nothing
from intents.acts import Acts
from intents.because import words_for
from intents.clauses import clauses
from intents.entities import find_entities
from intents.features import Eyes, Feature
from intents.guard import Guard
from intents.linear import Head, Sighting
from intents.memory import Memory
from intents.model import Entity, Intent, Ranked, Reading, Speaker
from intents.normalise import Normalised, aligned
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
    acts: Mapping[str, Acts] = field(default_factory=dict)
    """One for each speaker; without one the whole utterance is read as one act."""
    sharpness: float = 1.0
    """Power that calibrates the final probabilities."""
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
        head, whole = self.heads[str(speaker)], aligned(text)
        features = self.eyes.see(text, context)
        sighting = head.sight(features)
        parts = [part for place in clauses(whole) if (part := sighting.within(*place)).rows.size]
        scores = self.held_back(head, sighting, features, industry)
        probabilities, present = self.weigh(head, scores, [head.scores(part) for part in parts], str(speaker))
        probabilities = self.memory.adjust(probabilities, head, sighting, str(speaker))
        ranked = self._ranked(head, probabilities, sighting, whole)
        return Reading(
            ranked=ranked,
            entities=self.entities(text),
            secondary=tuple(self._secondary(head, present, parts, whole, ranked[0])),
            abstained=self.thresholds.abstention(ranked, bare=not context and says_nothing(whole.text)),
            model=self.hash,
        )

    def entities(self, text: str) -> tuple[Entity, ...]:
        return find_entities(text, products=self.products, now=self.clock() if self.clock else None)

    def held_back(
        self, head: Head, sighting: Sighting, features: Sequence[Feature], industry: str | None = None
    ) -> NDArray[np.float64]:
        """Scores of the whole, as the drift guard leaves them."""
        return self.guard.hold_back(head.scores(sighting), head.labels, features, industry, self.taxonomy)

    def weigh(
        self, head: Head, scores: NDArray[np.float64], parts: Sequence[NDArray[np.float64]], speaker: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """From scores to P(label), calibrated: of the readings at 0.9, nine in ten are right. And P(act is there)."""
        whole, acts, present = softmax(scores / self.temperature), self.acts.get(speaker), None
        if acts is not None and len(parts) > 1:
            present = acts.present(whole, softmax(np.array(parts) / self.temperature))
            whole = acts.label(whole, present)
        whole = self.guard.doubted(whole, head.labels, self.taxonomy)
        return sharpened(whole, self.sharpness), present

    def remembering(self, memory: Memory) -> Classifier:
        """The same model with corrections that it has not been trained on."""
        return replace(self, memory=memory)

    def _ranked(
        self, head: Head, probabilities: NDArray[np.float64], sighting: Sighting, whole: Normalised
    ) -> tuple[Ranked, ...]:
        order = np.argsort(-probabilities, kind="stable")[:SHOWN]
        found = [Ranked(Intent(head.labels[at]), float(probabilities[at])) for at in order]
        because = [words_for(head, sighting, one.intent, whole) for one in found[:2]]
        return (
            *(replace(one, because=spans) for one, spans in zip(found, because, strict=False)),
            *found[2:],
        )

    def _secondary(
        self,
        head: Head,
        present: NDArray[np.float64] | None,
        parts: Sequence[Sighting],
        whole: Normalised,
        best: Ranked,
    ) -> Iterator[Ranked]:
        """Acts that are there beside the main one, the surest first, each with the words of its clause."""
        if present is None:
            return
        for at in np.argsort(-present, kind="stable"):
            intent, sure = Intent(head.labels[at]), float(present[at])
            if sure >= self.thresholds.second and intent not in {best.intent, "smalltalk"}:
                part = max(parts, key=lambda one, at=at: head.scores(one)[at])  # type: ignore[misc]
                yield Ranked(intent, sure, words_for(head, part, intent, whole))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    normalised: NDArray[np.float64] = exponents / exponents.sum(axis=-1, keepdims=True)
    return normalised


def sharpened(probabilities: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    raised = probabilities**power
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares
