"""Which utterance a trainer should look at next: where a label teaches most.

The score adds five things, each between 0 and 1, so that a list can say why something is on top: a person said the
reading was wrong; how unsure the model was; that its reading and the suggestion differ; how much of the wording no
training example has; how rare the suggested intent is among the settled labels (Settles, Active Learning, 2009, ch. 2-4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from intents.examples import shipped_examples
from intents.normalise import normalise
from intents.tables import LabelRow

REASONS = {
    "corrected": "同事纠正过",
    "unsure": "模型没把握",
    "differs": "读法与建议不同",
    "new_words": "用词新",
    "rare": "这类标注少",
}


@dataclass(frozen=True)
class Useful:
    """A waiting utterance with what its score is made of."""

    row: LabelRow
    parts: dict[str, float]

    @property
    def score(self) -> float:
        return sum(self.parts.values())

    @property
    def because(self) -> tuple[str, ...]:
        """The parts that weigh, heaviest first."""
        return tuple(
            name for name, part in sorted(self.parts.items(), key=lambda one: -one[1]) if part >= 0.4
        )


def by_usefulness(rows: Sequence[LabelRow], settled: Counter[str]) -> list[Useful]:
    """Most useful first; equals in the order they came."""
    most = max(settled.values(), default=0)
    found = [Useful(row, _parts(row, settled, most)) for row in rows]
    return sorted(found, key=lambda one: (-one.score, one.row.created_at))


def _parts(row: LabelRow, settled: Counter[str], most: int) -> dict[str, float]:
    suggested = row.proposed or row.read_as
    return {
        "corrected": float(row.source == "correction"),
        "unsure": 1 - row.confidence,
        "differs": float(bool(row.proposed and row.read_as and row.proposed != row.read_as)),
        "new_words": _new_words(row.text),
        "rare": 1 - settled[suggested] / most if suggested and most else 0.0,
    }


def _new_words(text: str) -> float:
    """The share of neighbouring character pairs that stand in no training example."""
    pairs = _pairs(text)
    return sum(pair not in _known() for pair in pairs) / len(pairs) if pairs else 0.0


def _pairs(text: str) -> list[str]:
    plain = normalise(text)
    return [plain[at : at + 2] for at in range(len(plain) - 1)]


@cache
def _known() -> frozenset[str]:
    return frozenset(pair for one in shipped_examples() for pair in _pairs(one.text))
