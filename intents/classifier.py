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
from intents.features import Eyes
from intents.guard import Guard
from intents.linear import Head, Sighting
from intents.meaning import Encoder, Meaning, vectors_of
from intents.memory import Memory
from intents.model import Abstention, Entity, Intent, Ranked, Reading, Speaker
from intents.normalise import Normalised, aligned
from intents.scope import Scope, signs_of
from intents.taxonomy import Taxonomy

SHOWN = 5
"""Candidates in a reading."""
PUT_OFF_SURE = 0.7
"""A put-off beside a request (在考虑,想先问清楚…) is mostly said on the way to it; only a sure one is an act of its own."""


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
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    """One for each speaker; without one nothing is out of scope."""
    sharpness: float = 1.0
    """Power that calibrates the final probabilities."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """The model card: data hash, sizes, numbers, weaknesses."""
    hash: str = ""
    memory: Memory = field(default_factory=Memory)
    products: tuple[str, ...] = ()
    """Names of the company's catalogue, found as entities."""
    clock: Callable[[], datetime] | None = None
    meaning: Meaning | None = None
    """What a pretrained encoder adds; None for a model of words alone."""
    encoder: Encoder | None = None
    """The one at hand, see `listening`; without it the words are read alone."""

    def read(
        self,
        text: str,
        *,
        speaker: str = Speaker.CUSTOMER,
        context: Sequence[str] = (),
        industry: str | None = None,
        card: str | None = None,
    ) -> Reading:
        """Ranked intents of that speaker with the words that spoke for them, entities, or an abstention.

        `card`: what the card of the turn before is about, where somebody knows; else its words are read for it."""
        head, whole = self.heads[str(speaker)], aligned(text)
        features = self.eyes.see(text, context, card)
        sighting = head.sight(features)
        parts = [part for place in clauses(whole) if (part := sighting.within(*place)).rows.size]
        said = head.scores(sighting)
        scores = self._meant(said, text, str(speaker))
        heard = [head.scores(part) for part in parts]
        scores = self.guard.hold_back(scores, head.labels, features, heard, industry, self.taxonomy)
        probabilities, present = self.weigh(head, scores, heard, str(speaker))
        adjusted = self.memory.adjust(probabilities, head, sighting, str(speaker))
        ranked = self._ranked(head, adjusted, sighting, whole)
        # what a trainer settled is ours, however strange it looks
        scope = self.scopes.get(str(speaker)) if adjusted is probabilities else None
        strange = scope and scope.outside(signs_of(whole.text, features, said, head))
        return Reading(
            ranked=ranked,
            entities=self.entities(text),
            secondary=tuple(self._secondary(head, present, parts, heard, whole, ranked[0])),
            abstained=Abstention.OUT_OF_SCOPE
            if strange
            else self.thresholds.abstention(ranked, bare=not context and says_nothing(whole.text)),
            model=self.hash,
        )

    def entities(self, text: str) -> tuple[Entity, ...]:
        now = self.clock() if self.clock else None
        return find_entities(text, products=self.products, now=now, graph=self.eyes.graph)

    def _meant(self, scores: NDArray[np.float64], text: str, speaker: str) -> NDArray[np.float64]:
        """The words' scores joined with what the encoder makes of the whole; it is asked only where it helps."""
        dense = self.meaning.heads.get(speaker) if self.meaning else None
        if dense is None or self.encoder is None:
            return scores
        return dense.joined(scores, vectors_of(self.encoder, [text])[0])

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

    def listening(self, encoder: Encoder | None) -> Classifier:
        """The same model with this encoder, if it is the one that it was trained with; else with its words alone."""
        fits = (
            encoder is not None
            and self.meaning is not None
            and encoder.fingerprint == self.meaning.fingerprint
        )
        return replace(self, encoder=encoder if fits else None)

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
        heard: Sequence[NDArray[np.float64]],
        whole: Normalised,
        best: Ranked,
    ) -> Iterator[Ranked]:
        """Acts that are there beside the main one, the surest first, each with the words of the clause that says it."""
        if present is None:
            return
        for at in np.argsort(-present, kind="stable"):
            intent, sure = Intent(head.labels[at]), float(present[at])
            loudest = max(range(len(parts)), key=lambda part, at=at: heard[part][at])  # type: ignore[misc]
            least = max(self.thresholds.second, PUT_OFF_SURE if intent == "vague_interest" else 0.0)
            said = sure >= least and heard[loudest][at] > 0
            if said and intent not in {best.intent, "smalltalk"}:
                yield Ranked(intent, sure, words_for(head, parts[loudest], intent, whole))


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    normalised: NDArray[np.float64] = exponents / exponents.sum(axis=-1, keepdims=True)
    return normalised


def sharpened(probabilities: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    raised = probabilities**power
    shares: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares
