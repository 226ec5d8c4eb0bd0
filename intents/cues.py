"""The cue lexicon: phrases that signal an act by themselves (asking a price, putting off, threatening …).

A line of `intents/cues/<intent>.jsonl` is a phrase, or a regular expression where words may stand between (再来…两台); what the
fields mean and who reviewed them when: `intents/cues/README.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from intents.errors import ExamplesUnusable
from intents.normalise import normalise

CUES = Path(__file__).with_name("cues")
SHORTEST = 2
"""Characters of a cue; one alone is said everywhere."""
STRENGTHS = (1, 2, 3)
"""A hint; speaks for it; nearly decides."""
_KEY = SHORTEST
_LATIN = re.compile(r"[a-z0-9]")


@dataclass(frozen=True)
class Cue:
    """A phrase with the intent it signals; `strength` 1 (hint) to 3 (nearly decides)."""

    text: str
    """The phrase, normalised; of a regular expression its pattern, which is searched in the normalised text."""
    intent: str
    strength: int
    against: tuple[str, ...] = ()
    """Intents that it speaks against, though the topic is theirs."""
    regex: bool = False


class CueHit(NamedTuple):
    """A cue that stands in a normalised text."""

    cue: Cue
    start: int
    end: int


class CueLexicon:
    """Finds cues in a text: one dictionary look-up a character, and one search for each regular expression."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._by_start: dict[str, list[Cue]] = {}
        self._cues = tuple(cues)
        self._patterns = [(cue, re.compile(cue.text)) for cue in self._cues if cue.regex]
        for cue in sorted(self._cues, key=lambda one: -len(one.text)):
            if not cue.regex:
                self._by_start.setdefault(cue.text[:_KEY], []).append(cue)

    def __len__(self) -> int:
        return len(self._cues)

    def __iter__(self) -> Iterator[Cue]:
        return iter(self._cues)

    def extended(self, more: Iterable[Cue]) -> CueLexicon:
        """With more cues; one that is known already (same phrase, same intent) is not counted twice."""
        known = {(cue.text, cue.intent) for cue in self._cues}
        return CueLexicon([*self._cues, *(cue for cue in more if (cue.text, cue.intent) not in known)])

    def find(self, text: str) -> list[CueHit]:
        """Cues in a normalised text; one inside a longer cue of the same intent is left out, and letters or digits
        inside a longer word or number are none (hi in this, 88 in 2880)."""
        hits: list[CueHit] = []
        for start in range(len(text)):
            for cue in self._by_start.get(text[start : start + _KEY], ()):
                end = start + len(cue.text)
                if text.startswith(cue.text, start) and not (_glued(text, start) or _glued(text, end)):
                    hits.append(CueHit(cue, start, end))
        for cue, pattern in self._patterns:
            hits += [CueHit(cue, *found.span()) for found in pattern.finditer(text)]
        return [hit for hit in hits if not any(_covers(other, hit) for other in hits)]


def _glued(text: str, at: int) -> bool:
    """The characters on both sides belong to one Latin word or number."""
    return 0 < at < len(text) and bool(_LATIN.match(text[at - 1]) and _LATIN.match(text[at]))


def _covers(longer: CueHit, hit: CueHit) -> bool:
    """A pattern that finds no more than a phrase says nothing beside it."""
    same = longer.cue.intent == hit.cue.intent and longer is not hit
    inside = longer.start <= hit.start and hit.end <= longer.end
    more = longer.end - longer.start - (hit.end - hit.start)
    return same and inside and (more > 0 or (hit.cue.regex and not longer.cue.regex))


def read_cues(paths: Iterable[Path]) -> list[Cue]:
    """Raises `ExamplesUnusable`, which names file and line."""
    cues: dict[tuple[str, str], Cue] = {}
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                if number == 1 and "reviewed" in row:
                    _check_head(row)
                    continue
                cue = _cue(row)
            except (ValueError, KeyError, TypeError, re.error) as error:
                raise ExamplesUnusable(
                    f"{path.name}:{number}: {error!r}; a cue has cue or regex, intent, strength (1 to 3), not"
                ) from error
            if len(cue.text) >= _KEY:
                cues.setdefault((cue.text, cue.intent), cue)
    return list(cues.values())


def _check_head(row: dict[str, Any]) -> None:
    """A file may begin with who read all of it, and when."""
    date.fromisoformat(row["reviewed"])
    if not row["by"]:
        raise ValueError("a review says by which role: author or trainer")


def _cue(row: dict[str, Any]) -> Cue:
    pattern, strength = row.get("regex"), int(row["strength"])
    if strength not in STRENGTHS:
        raise ValueError(f"strength {strength} is none of {STRENGTHS}")
    if pattern is not None and re.search(pattern, ""):
        raise ValueError(f"the regular expression {pattern!r} is found in nothing at all, so everywhere")
    text = normalise(row["cue"]) if pattern is None else pattern
    return Cue(text, row["intent"], strength, tuple(row.get("not") or ()), pattern is not None)


@cache
def shipped_cues() -> CueLexicon:
    return CueLexicon(read_cues(sorted(CUES.glob("*.jsonl"))))
