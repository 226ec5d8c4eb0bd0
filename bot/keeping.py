"""Whether other words still say what a draft said: its points with their sources, its figures in their places, its "not".

Coarse on purpose: words that say the same in a way that is not recognised are refused, and the draft stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from bot.figures import Figure, figures, plain

_CITED = re.compile(
    r"(?m)^(?:\d+\. )?(?P<text>.+)\((?P<source>《[^《》]+》.*|[^()《》·\n]+·[^()《》·\n]+)\)$"
)
_NUMBER = re.compile(r"(?m)^\s*\d+[.、)](?!\d)\s*")
_MARKS = re.compile(r"[。!?]")
_ENDS = re.compile(r"(?<=[。!?])")
_CLAUSE = re.compile(r"(?<!\d),|,(?!\d{3}(?!\d))|(?<!\d):|:(?!\d)|[、;。!?\n]")
_MODEL = re.compile(r"(?<![a-z0-9])[a-z]{1,4}-?\d{2,5}[a-z]{0,3}(?![a-z0-9])")
_HAN = re.compile(r"[\u4e00-\u9fff]{2}")
_NOT = re.compile(r"[不无未没非勿否免]")
_LIMITS = re.compile(r"不(?:超过|高于|大于|低于|小于|少于|多于|足|超|仅|锈钢|过)")


@dataclass(frozen=True)
class Point:
    """One thing that a draft says of a source, and that source as a customer reads it."""

    text: str
    source: str


def points(draft: str) -> list[Point]:
    """What a template draft says with its source, a line each."""
    return [Point(found["text"], found["source"]) for found in _CITED.finditer(draft)]


def keeps(point: Point, text: str) -> bool:
    """Whether a sentence before the point's source still says it: its figures, and as often "not" as before."""
    said = plain(point.text)
    return any(
        keeps_figures(_MODEL.sub(" ", said), told) and _negations(said) == _negations(told)
        for told in _told(plain(text), plain(point.source), len(_MARKS.findall(said)))
    )


def keeps_figures(before: str, after: str) -> bool:
    """Every model and figure stands in the other as well, a figure beside words of before: what was paid is no price."""
    if not set(_MODEL.findall(plain(before))) <= set(_MODEL.findall(plain(after))):
        return False
    held = list(_figured(after))
    return all(
        any(one.is_same(other) and _is_beside(label, near) for near, others in held for other in others)
        for label, needed in _figured(before, implied=False)
        for one in needed
    )


class _Label(NamedTuple):
    """Pairs of characters in a clause beside its figures, and those of the clause before."""

    own: frozenset[str]
    before: frozenset[str]


def _is_beside(label: _Label, near: _Label) -> bool:
    wanted = label.own or label.before
    return not wanted or bool(wanted & (near.own | near.before))


def _figured(text: str, *, implied: bool = True) -> Iterator[tuple[_Label, set[Figure]]]:
    """Clauses with figures, and what stands beside them."""
    before: frozenset[str] = frozenset()
    for clause in _CLAUSE.split(_MODEL.sub(" ", plain(_NUMBER.sub("", text)))):
        found = figures(clause, implied=implied)
        own = _pairs(clause, [one.words for one in found])
        if found:
            yield _Label(own, before), found
        before = own or before


def _pairs(clause: str, taken: Iterable[str]) -> frozenset[str]:
    words = "".join(clause.split())
    for one in sorted({"".join(one.split()) for one in taken} - {""}, key=len, reverse=True):
        words = words.replace(one, " ")
    return frozenset(pair for pair in map("".join, pairwise(words)) if _HAN.fullmatch(pair))


def _told(text: str, source: str, marks: int) -> Iterator[str]:
    """What stands before each mention of a source: one sentence, and one more for each mark within the point."""
    for found in re.finditer(re.escape(source), text):
        start = max(text.rfind("《", 0, found.start()), text.rfind("\n", 0, found.start())) + 1
        sentences = _ENDS.split(text[start : found.start()].rstrip("( \n。"))
        yield "".join(sentences[-1 - marks :])


def _negations(said: str) -> int:
    return len(_NOT.findall(_LIMITS.sub("", said)))
