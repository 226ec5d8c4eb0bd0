"""The drift guard: a question about a thing is no buying signal.

Where the words name a thing (knowledge graph) or carry the cue of a question or a repair, and nothing in them signals
buying (no cue, and no clause that by itself is read as buying), the high-intent candidates lose `penalty` of their score:
a price asked beside a question about the thing keeps its score. And where a question stays likely beside a buying
signal, `doubt` takes from the signal. How much of both is set by the cost of a false alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from intents.features import Feature
from intents.taxonomy import DRIFTS, HIGH_INTENT, Taxonomy
from intents.trades import trade_of

FALSE_ALARM = {"": 6.0, "medical": 8.0, "manufacturing": 6.0, "saas": 6.0, "ecommerce": 5.0}
"""What reading a question as a buying signal costs, in units of any other mistake. Regulated trades pay most."""


@dataclass(frozen=True)
class Guard:
    """How much is taken from high-intent scores; zero switches the guard off."""

    penalty: float = 0.0
    by_industry: Mapping[str, float] = field(default_factory=dict)
    doubt: float = 0.0
    """P(buying signal) is divided by 1 + `doubt` · P(question): the likelier a question, the surer buying must be."""

    def hold_back(
        self,
        scores: NDArray[np.float64],
        labels: Sequence[str],
        features: Sequence[Feature],
        parts: Sequence[NDArray[np.float64]],
        industry: str | None,
        taxonomy: Taxonomy,
    ) -> NDArray[np.float64]:
        """The scores, lowered for buying signals where the words only ask. `parts`: the scores of each clause.

        `industry`: as our examples or a CRM call it; one that is not known pays the general price."""
        penalty = self.by_industry.get(trade_of(industry or ""), self.penalty)
        high = taxonomy.in_group(HIGH_INTENT)
        if not penalty or not only_asks(features, high) or any(_buys(part, labels, high) for part in parts):
            return scores
        held: NDArray[np.float64] = scores - penalty * np.array([label in high for label in labels])
        return held

    def doubted(
        self, probabilities: NDArray[np.float64], labels: Sequence[str], taxonomy: Taxonomy
    ) -> NDArray[np.float64]:
        """The probabilities, lowered for buying signals by how likely the words only ask; they still sum to 1."""
        if not self.doubt:
            return probabilities
        high = taxonomy.in_group(HIGH_INTENT)
        asked = float(probabilities[[label in DRIFTS for label in labels]].sum())
        kept = np.where([label in high for label in labels], 1 / (1 + self.doubt * asked), 1.0)
        shares: NDArray[np.float64] = probabilities * kept
        whole: NDArray[np.float64] = shares / shares.sum()
        return whole


def _buys(scores: NDArray[np.float64], labels: Sequence[str], high: frozenset[str]) -> bool:
    """A clause that is read as a buying signal, and that the head claims (above zero) rather than finds least unlike."""
    best = int(scores.argmax())
    return bool(scores[best] > 0) and labels[best] in high


def only_asks(features: Sequence[Feature], high: frozenset[str]) -> bool:
    """Names a thing or asks, and no cue of strength 2 or 3 signals buying."""
    names = {one.name for one in features}
    buys = any(f"q:{intent}:{strength}" in names for intent in high for strength in (2, 3))
    asks = any(f"q:{intent}" in names for intent in DRIFTS)
    return not buys and (asks or any(name.startswith("k:") for name in names))
