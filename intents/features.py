"""What the classifier sees of an utterance: named features, each with the stretch of text it comes from.

g:  characters, 1 to 3, with marks at ends of clauses w:  words, and pairs of words (rjieba)
q:  cues that speak for an intent                    n:  cues that speak against one
k:  kinds of things named (knowledge graph)          c:  the turn before, where the words are too short alone
l:  length                                           i:  what the card before was about, there too
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from intents.clauses import clauses
from intents.cues import CueLexicon, shipped_cues
from intents.graph import KnowledgeGraph, load_graph
from intents.homophones import mended
from intents.normalise import Normalised, aligned

LONGEST = 400
"""Characters read of one utterance; a longer one is read at its end, where people come to the point."""
ALONE = 12
"""Words longer than this are read without the turn before them."""
CARD = "i:"
"""Begins the feature that names what the card before was about."""
EARLIER = 40
"""Characters read of the turn before."""


class Feature(NamedTuple):
    """A name and where it stands in the normalised text; (0, 0) for what has no place there."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Eyes:
    """What features are seen with: cues and graph. `without` leaves kinds of features out, and without `homophones` slips of
    the input method stay as they are (for ablations)."""

    cues: CueLexicon
    graph: KnowledgeGraph
    without: frozenset[str] = frozenset()
    card: Callable[[str], str] | None = None
    """The turn before → the intent of its card, see card_before.py."""
    homophones: bool = True

    def see(self, text: str, context: Sequence[str] = (), card: str | None = None) -> list[Feature]:
        """All features of one utterance, repeated as often as they occur. `card`: what the card before is known to be about."""
        whole = aligned(text)
        meant = replace(whole, text=mended(whole.text)) if self.homophones else whole
        shift = max(0, len(whole.text) - LONGEST)
        seen = [*self._all(meant.text[shift:], shift, context, card), *_edges(meant, shift)]
        seen += self._things(whole.text[shift:], shift)  # a name that sounds like a word is a name
        return [one for one in seen if one.name[:1] not in self.without]

    def _all(self, text: str, shift: int, context: Sequence[str], card: str | None) -> Iterator[Feature]:
        yield from _grams(text, shift)
        yield from _words(text, shift)
        yield from self._acts(text, shift)
        if context and len(text) <= ALONE:
            yield from _earlier(context[-1])
            if self.card is not None:
                yield Feature(CARD + (card or self.card(context[-1])), 0, 0)
        yield Feature(f"l:{min(len(text) // 4, 8)}", 0, 0)

    def _acts(self, text: str, shift: int) -> Iterator[Feature]:
        for cue, start, end in self.cues.find(text):
            place = (start + shift, end + shift)
            for _ in range(cue.strength):
                yield Feature(f"q:{cue.intent}", *place)
            yield Feature(f"q:{cue.intent}:{cue.strength}", *place)
            yield from (Feature(f"n:{intent}", *place) for intent in cue.against)

    def _things(self, text: str, shift: int) -> Iterator[Feature]:
        for topic in self.graph.topics(text):
            yield Feature(f"k:{topic.kind}", topic.start + shift, topic.end + shift)


def shipped_eyes() -> Eyes:
    return Eyes(shipped_cues(), load_graph())


def _grams(text: str, shift: int) -> Iterator[Feature]:
    marked, last = f"^{text}$", len(text)
    for length in (1, 2, 3):
        for at in range(len(marked) - length + 1):
            start, end = max(at - 1, 0), min(at - 1 + length, last)
            yield Feature("g:" + marked[at : at + length], start + shift, max(end, start) + shift)


def _edges(whole: Normalised, shift: int) -> Iterator[Feature]:
    """Marks at the ends of the clauses inside, so that a clause is read as an utterance of its own would be."""
    for start, end in clauses(whole):
        inside = [length for length in (1, 2) if start >= shift and length <= end - start]
        for length in inside:
            if start > 0:
                yield Feature("g:^" + whole.text[start : start + length], start, start + length)
            if end < len(whole.text):
                yield Feature("g:" + whole.text[end - length : end] + "$", end - length, end)


def _words(text: str, shift: int) -> Iterator[Feature]:
    import rjieba  # its dictionary takes 0.1 s the first time

    before, began, at = "", 0, shift
    for word in rjieba.cut(text):
        end = at + len(word)
        yield Feature("w:" + word, at, end)
        if before:
            yield Feature(f"w:{before}_{word}", began, end)
        before, began, at = word, at, end


def _earlier(words: str) -> Iterator[Feature]:
    marked = f"^{aligned(words).text[-EARLIER:]}$"
    for length in (1, 2):
        yield from (Feature("c:" + marked[at : at + length], 0, 0) for at in range(len(marked) - length + 1))
