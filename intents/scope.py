"""Are these words for us at all? Other trades, other languages, code, news and noise are out of scope, not small talk.

A linear model takes every utterance for one of its intents. What gives strangers away: no intent claims them (the head's best
margin), all of them disown them (the mean of the margins), the words and character pairs were never seen, the characters are
rare among ours, no cue and no thing of the trade is in them, they are long or not Chinese. A logistic model weighs these signs; it is fitted on held-out examples against `outside.jsonl` (scope_training.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intents.features import Feature
from intents.linear import Head, is_character

Floats = NDArray[np.float64]
SIGNS = (
    "margin", "unknown words", "unknown pairs", "length", "not Chinese", "cues", "things", "mean margin", "rare characters",
)  # fmt: skip
"""In the order of a scope's weights; a model from before the last two has weights for the others alone."""
MOST = 3
"""Cues, or things of the trade, that are counted."""
NEVER_SEEN = 10.5
"""Rarity (idf) of a character that no example has; one seen in two of 12,000 has 9.3."""
_CHINESE = re.compile(r"[㐀-鿿]")


@dataclass(frozen=True)
class Scope:
    """For one speaker: what each sign speaks for being outside; above zero it is."""

    weights: tuple[float, ...]
    bias: float

    def outside(self, signs: Floats) -> bool:
        return float(signs[: len(self.weights)] @ np.array(self.weights)) + self.bias > 0


def signs_of(text: str, features: Sequence[Feature], scores: Floats, head: Head) -> Floats:
    """`text`: normalised. `scores`: of the words alone, before guard and acts. `head`: whose scores they are."""
    words = [one.name for one in features if one.name.startswith("w:") and "_" not in one.name]
    pairs = [one.name for one in features if one.name.startswith("g:") and len(one.name) == len("g:") + 2]
    single = [one.name for one in features if is_character(one.name)]
    cues = sum(one.name.startswith("q:") and one.name[-2] == ":" for one in features)
    things = sum(one.name.startswith("k:") for one in features)
    return np.array([
        scores.max(),
        _unknown(words, head.vocabulary),
        _unknown(pairs, head.vocabulary),
        math.log(max(1, len(text))),
        1 - len(_CHINESE.findall(text)) / max(1, len(text)),
        min(cues, MOST),
        min(things, MOST),
        scores.mean(),
        sum(head.rarity.get(name, NEVER_SEEN) for name in single) / max(1, len(single)),
    ])  # fmt: skip


def _unknown(names: Sequence[str], known: Mapping[str, int]) -> float:
    return sum(name not in known for name in names) / max(1, len(names))
