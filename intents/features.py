"""What the classifier sees of an utterance: character n-grams, cue phrases, context, speaker."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intents.normalise import normalise

CUES = Path(__file__).with_name("cues")
LONGEST = 400
"""Characters read of one utterance; a longer one is read at its end, where people come to the point."""


@dataclass(frozen=True)
class Cue:
    """A phrase that signals an act by itself; `strength` 1 (hint) to 3 (nearly decides)."""

    text: str
    intent: str
    strength: int
    unless: tuple[str, ...] = ()


class CueLexicon:
    """Finds cue phrases in a text: one dictionary lookup per substring length."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._cues: dict[str, list[Cue]] = {}
        for cue in cues:
            self._cues.setdefault(cue.text, []).append(cue)
        self._lengths = sorted({len(text) for text in self._cues}, reverse=True)

    def __len__(self) -> int:
        return sum(map(len, self._cues.values()))

    def find(self, text: str) -> list[tuple[Cue, int]]:
        """Cues with their position in a normalised text; one inside a longer cue of the same intent is left out."""
        found: list[tuple[Cue, int]] = []
        for length in self._lengths:
            for start in range(len(text) - length + 1):
                for cue in self._cues.get(text[start : start + length], ()):
                    covered = any(
                        cue.intent == other.intent and at <= start and start + length <= at + len(other.text)
                        for other, at in found
                    )
                    if not covered and not any(word in text for word in cue.unless):
                        found.append((cue, start))
        return found


@cache
def shipped_cues(folder: Path = CUES) -> CueLexicon:
    cues = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            cues.append(Cue(normalise(row["cue"]), row["intent"], row["strength"], tuple(row.get("not", ()))))
    return CueLexicon(cues)


def features(text: str, speaker: str, context: Sequence[str], lexicon: CueLexicon) -> Counter[str]:
    """Counts of named features. N-grams of the text (`g:`) and of the turn before it (`c:`), cues by intent (`q:`)."""
    text = normalise(text)[-LONGEST:]
    counts: Counter[str] = Counter()
    counts.update(f"g:{gram}" for gram in _grams(text, 3))
    if context and len(text) <= 12:  # only words too short to stand alone need what was said before
        counts.update(f"c:{gram}" for gram in _grams(normalise(context[-1])[-40:], 2))
    for cue, _ in lexicon.find(text):
        counts[f"q:{cue.intent}"] += cue.strength
        counts[f"Q:{cue.intent}:{cue.strength}"] += 1
    counts[f"s:{speaker}"] += 1
    counts[f"l:{min(len(text) // 4, 8)}"] += 1
    return counts


def _grams(text: str, longest: int) -> Iterable[str]:
    marked = f"^{text}$"
    for length in range(1, longest + 1):
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]
