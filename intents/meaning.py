"""What a pretrained encoder adds to the words: a second linear head over the vector of an utterance, per speaker.

The n-gram head stays the one that gives reasons; the encoder's scores are added to it with a weight that held-out folds
chose (meaning_training.py). A model that was trained with another encoder than the one at hand reads by its words alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from intents.linear import Floats, Floats64
from intents.normalise import normalise


class Encoder(Protocol):
    """Texts → one vector of length 1 each. Threads share it."""

    @property
    def fingerprint(self) -> str:
        """Another one for other weights: vectors of two encoders mean nothing to each other."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """A row for each text, in their order."""
        ...


@dataclass(frozen=True)
class Tuned:
    """An encoder that was tuned on labelled utterances (tuning.py), all but one fold.

    On the others it has seen the answers, so only this fold can tell how much it should count.
    """

    encoder: Encoder
    unseen_fold: int

    @property
    def fingerprint(self) -> str:
        return self.encoder.fingerprint

    def encode(self, texts: Sequence[str]) -> Floats:
        return self.encoder.encode(texts)


@dataclass(frozen=True)
class DenseHead:
    """Weights over an encoder's vectors for the intents of one speaker."""

    labels: tuple[str, ...]
    weights: Floats
    """dimensions × labels"""
    bias: Floats
    weight: float = 1.0
    """How much these scores count beside the words'."""
    scale: float = 1.0
    """Brings the sum to the size of the words' scores, so that guard, temperature and thresholds hold for both."""

    def scores(self, vectors: Floats) -> Floats64:
        return (vectors @ self.weights + self.bias).astype("float64")

    def joined(self, of_words: Floats64, vectors: Floats) -> Floats64:
        """The words' scores and these, weighed."""
        return self.scale * (of_words + self.weight * self.scores(vectors))


@dataclass(frozen=True)
class Meaning:
    """The dense heads of a model, and by which encoder's vectors they were fitted."""

    fingerprint: str
    heads: Mapping[str, DenseHead]
    """Only speakers for whom the encoder helped; for others it is not asked."""


def vectors_of(encoder: Encoder, texts: Sequence[str]) -> Floats:
    """Of the utterances as the words are read, too: one script, small letters, slips mended."""
    return encoder.encode([normalise(text) for text in texts])
