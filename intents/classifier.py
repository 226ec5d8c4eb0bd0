"""Reads an utterance: weighted features → calibrated probabilities → an intent, or why none is named.

A linear model over character n-grams and cues, kept as plain arrays: a fraction of a millisecond a reading, no
framework in the serving process, and every decision can be traced back to the words that spoke for it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.entities import find_entities
from intents.features import CueLexicon, features, shipped_cues
from intents.model import Abstention, Entity, Intent, Ranked, Reading, Span, Speaker
from intents.normalise import normalise
from intents.taxonomy import Taxonomy, load_taxonomy

MOST_WORDS = 4


class ModelUnusable(Exception):
    """The file is no model of this version; train again."""


@dataclass(frozen=True)
class Thresholds:
    """When to ask instead of to guess; set on out-of-fold predictions of the training set."""

    least: float
    """Below this confidence no intent is named."""
    margin: float
    """Closer than this to the second, the card asks which of the two."""
    second: float
    """A further intent at or above this probability is reported as secondary."""


@dataclass(frozen=True)
class Classifier:
    """A trained model. Thread-safe: nothing in it changes."""

    labels: tuple[str, ...]
    vocabulary: dict[str, int]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    """features × labels"""
    bias: NDArray[np.float32]
    temperature: float
    thresholds: Thresholds
    taxonomy: Taxonomy
    lexicon: CueLexicon
    hash: str = ""
    card: str = "{}"
    """The model card as JSON: data hash, sizes, numbers."""
    products: tuple[str, ...] = ()
    clock: Callable[[], Any] | None = None

    def read(
        self, text: str, *, speaker: str = Speaker.CUSTOMER, context: Sequence[str] = (), industry: str | None = None
    ) -> Reading:
        """Ranked intents of that speaker, the words that spoke for the first two, entities, or an abstention."""
        indices, values = self._vector(text, speaker, context)
        probabilities = self._probabilities(indices, values, speaker)
        order = np.argsort(-probabilities)
        ranked = tuple(Ranked(Intent(self.labels[i]), float(probabilities[i])) for i in order[:5] if probabilities[i] > 0)
        best = tuple(replace(one, because=self._because(text, one.intent, indices, values)) for one in ranked[:2])
        ranked = (*best, *ranked[2:])
        return Reading(
            ranked=ranked,
            entities=self.entities(text),
            secondary=tuple(one for one in ranked[1:] if one.confidence >= self.thresholds.second),
            abstained=self._abstention(ranked),
            model=self.hash,
        )

    def entities(self, text: str) -> tuple[Entity, ...]:
        return find_entities(text, products=self.products, now=self.clock() if self.clock else None)

    def _abstention(self, ranked: tuple[Ranked, ...]) -> Abstention | None:
        first, second = ranked[0].confidence, ranked[1].confidence if len(ranked) > 1 else 0.0
        if first - second < self.thresholds.margin and first + second > 0.6:
            return Abstention.TWO_CLOSE
        return Abstention.LOW_CONFIDENCE if first < self.thresholds.least else None

    def _vector(
        self, text: str, speaker: str, context: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        counts = features(text, speaker, context, self.lexicon)
        known = [(self.vocabulary[name], count) for name, count in counts.items() if name in self.vocabulary]
        if not known:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        indices = np.fromiter((index for index, _ in known), np.int64, len(known))
        values = np.fromiter((1 + math.log(count) for _, count in known), np.float32, len(known)) * self.idf[indices]
        return indices, values / np.linalg.norm(values)

    def _probabilities(
        self, indices: NDArray[np.int64], values: NDArray[np.float32], speaker: str
    ) -> NDArray[np.float64]:
        scores = (values @ self.weights[indices] + self.bias).astype(np.float64) / self.temperature
        allowed = {info.name for info in self.taxonomy.for_speaker(speaker)}
        scores[[label not in allowed for label in self.labels]] = -np.inf
        exponents = np.exp(scores - scores.max())
        normalised: NDArray[np.float64] = exponents / exponents.sum()
        return normalised

    def _because(
        self, text: str, intent: str, indices: NDArray[np.int64], values: NDArray[np.float32]
    ) -> tuple[Span, ...]:
        """Cue phrases of the intent first, otherwise the stretch whose n-grams weigh most for it."""
        cues = sorted(
            (hit for hit in self.lexicon.find(normalise(text)) if hit[0].intent == intent), key=lambda hit: -hit[0].strength
        )
        spans = [span for cue, _ in cues if (span := _locate(text, cue.text))]
        if not spans:
            pull = values * self.weights[indices, self.labels.index(intent)]
            grams = [self._names[indices[i]] for i in np.argsort(-pull)[:12] if pull[i] > 0]
            words = [gram[2:].strip("^$") for gram in grams if gram.startswith("g:")]
            spans = [span for word in words if len(word) >= 2 and (span := _locate(text, word))]
        return _apart(spans)[:MOST_WORDS]

    @cached_property
    def _names(self) -> list[str]:
        return list(self.vocabulary)

    def save(self, path: Path) -> None:
        """Arrays and JSON in one file; nothing in it is code."""
        meta = {
            "format": 1,
            "labels": self.labels,
            "temperature": self.temperature,
            "thresholds": vars(self.thresholds),
            "card": json.loads(self.card),
        }
        np.savez_compressed(
            path,
            meta=np.frombuffer(json.dumps(meta, ensure_ascii=False).encode(), np.uint8),
            vocabulary=np.frombuffer("\n".join(self.vocabulary).encode(), np.uint8),
            idf=self.idf.astype(np.float16),
            weights=self.weights.astype(np.float16),
            bias=self.bias.astype(np.float16),
        )


def load(path: Path, taxonomy: Taxonomy | None = None, lexicon: CueLexicon | None = None) -> Classifier:
    """Raises `ModelUnusable` where the file is missing, broken or of another format."""
    try:
        with np.load(path, allow_pickle=False) as file:
            meta = json.loads(file["meta"].tobytes())
            names = file["vocabulary"].tobytes().decode().split("\n")
            arrays = {name: file[name].astype(np.float32) for name in ("idf", "weights", "bias")}
    except (OSError, ValueError, KeyError) as error:
        raise ModelUnusable(f"{path} is no intent model ({error}); run `yiju intents train`") from error
    if meta.get("format") != 1:
        raise ModelUnusable(f"{path} has format {meta.get('format')}, expected 1; run `yiju intents train`")
    return Classifier(
        labels=tuple(meta["labels"]),
        vocabulary={name: index for index, name in enumerate(names)},
        temperature=meta["temperature"],
        thresholds=Thresholds(**meta["thresholds"]),
        taxonomy=taxonomy or load_taxonomy(),
        lexicon=lexicon or shipped_cues(),
        hash=hashlib.sha256(path.read_bytes()).hexdigest()[:16],
        card=json.dumps(meta["card"], ensure_ascii=False),
        **arrays,
    )


def _locate(text: str, words: str) -> Span | None:
    at = text.lower().find(words)
    return Span(text[at : at + len(words)], at, at + len(words)) if at >= 0 else None


def _apart(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Overlapping stretches become one, in the order of the text."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    whole = {(span.start, span.end): span.text for span in spans}
    return tuple(Span(whole.get((start, end), _between(spans, start, end)), start, end) for start, end in merged)


def _between(spans: Sequence[Span], start: int, end: int) -> str:
    characters: dict[int, str] = {}
    for span in spans:
        characters.update(zip(range(span.start, span.end), span.text, strict=True))
    return "".join(characters.get(at, "") for at in range(start, end))
