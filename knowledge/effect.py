"""What another industry or other weights change: the same questions asked before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from knowledge.model import Findings
from knowledge.retrieval import Asked, Retrieval
from knowledge.visibility import ANYONE, Reader

LOOKED_AT = 5
"""Passages in which an answer counts as found."""


class Answer(NamedTuple):
    """A passage that answers: its document's title, and words of it."""

    doc: str
    find: str


@dataclass(frozen=True)
class Question:
    """`answers`: passages that answer it; none where nobody said which."""

    words: str
    answers: tuple[Answer, ...] = ()


class Found(NamedTuple):
    """The first passage as it is cited (empty: none), whether that counts as an answer, and whether a right one is among
    the first five."""

    first: str
    passage: str
    answerable: bool
    right: bool


class Shift(NamedTuple):
    """A question that another passage answers, or that something answers only before or only after."""

    question: Question
    was: Found
    now: Found


@dataclass(frozen=True)
class Effect:
    """Of a change, on the same questions."""

    questions: int
    judged: int
    """Those of which the right passage is known."""
    before: int
    """Of these, the ones with a right passage among the first five, without the change."""
    after: int
    shifts: tuple[Shift, ...]


def effect_of(
    before: Retrieval,
    after: Retrieval,
    questions: Sequence[Question],
    progress: Callable[[int], None] = lambda _: None,
    reader: Reader = ANYONE,
) -> Effect:
    """Ask each of both; `progress` hears how many are done. Blocks for some milliseconds a question."""
    right_before = right_after = 0
    shifts = []
    for number, question in enumerate(questions, 1):
        asked = Asked(question.words, k=LOOKED_AT, reader=reader)
        was, now = (_found(question, one.find(asked, "")) for one in (before, after))
        right_before += was.right
        right_after += now.right
        if (was.passage, was.answerable, was.right) != (now.passage, now.answerable, now.right):
            shifts.append(Shift(question, was, now))
        progress(number)
    judged = sum(bool(one.answers) for one in questions)
    return Effect(len(questions), judged, right_before, right_after, tuple(shifts))


def _found(question: Question, findings: Findings) -> Found:
    right = any(
        one.passage.citation.title == answer.doc and _bare(answer.find) in _bare(one.passage.text)
        for one in findings.evidence
        for answer in question.answers
    )
    first = findings.evidence[0].passage if findings.evidence else None
    if first is None:
        return Found("", "", findings.answerable, right)
    return Found(str(first.citation), first.id, findings.answerable, right)


def _bare(words: str) -> str:
    return "".join(words.split())
