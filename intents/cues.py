"""The cue lexicon: phrases that signal an act by themselves (asking a price, putting off, threatening …)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from intents.errors import ExamplesUnusable
from intents.normalise import normalise

CUES = Path(__file__).with_name("cues")
_KEY = 2


@dataclass(frozen=True)
class Cue:
    """A phrase with the intent it signals; `strength` 1 (hint) to 3 (nearly decides)."""

    text: str
    intent: str
    strength: int
    against: tuple[str, ...] = ()
    """Intents that it speaks against, though the topic is theirs."""


class CueHit(NamedTuple):
    """A cue that stands in a normalised text."""

    cue: Cue
    start: int
    end: int


class CueLexicon:
    """Finds cue phrases in a text: one dictionary look-up a character."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._by_start: dict[str, list[Cue]] = {}
        self._size = 0
        for cue in sorted(cues, key=lambda one: -len(one.text)):
            self._by_start.setdefault(cue.text[:_KEY], []).append(cue)
            self._size += 1

    def __len__(self) -> int:
        return self._size

    def find(self, text: str) -> list[CueHit]:
        """Cues in a normalised text; one inside a longer cue of the same intent is left out."""
        hits: list[CueHit] = []
        for start in range(len(text)):
            for cue in self._by_start.get(text[start : start + _KEY], ()):
                end = start + len(cue.text)
                if text.startswith(cue.text, start):
                    hits.append(CueHit(cue, start, end))
        return [hit for hit in hits if not any(_covers(other, hit) for other in hits)]


def _covers(longer: CueHit, hit: CueHit) -> bool:
    same = longer.cue.intent == hit.cue.intent and longer is not hit
    inside = longer.start <= hit.start and hit.end <= longer.end
    return same and inside and longer.end - longer.start > hit.end - hit.start


def read_cues(paths: Iterable[Path]) -> list[Cue]:
    """Raises `ExamplesUnusable`, which names file and line."""
    cues: dict[tuple[str, str], Cue] = {}
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                cue = Cue(
                    normalise(row["cue"]), row["intent"], int(row["strength"]), tuple(row.get("not") or ())
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ExamplesUnusable(
                    f"{path.name}:{number}: {error!r}; a cue has cue, intent, strength, not"
                ) from error
            if len(cue.text) >= _KEY:
                cues.setdefault((cue.text, cue.intent), cue)
    return list(cues.values())


@cache
def shipped_cues() -> CueLexicon:
    return CueLexicon(read_cues(sorted(CUES.glob("*.jsonl"))))
