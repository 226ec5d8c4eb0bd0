"""The few words of a passage that answer: a row of a table, a sentence of a clause. What a draft quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from knowledge.asked_for import held, kinds
from knowledge.model import Passage
from knowledge.outdated import tells_only_the_past
from knowledge.passages import models as models_of
from knowledge.query import Part, Question, weight_of
from knowledge.tokens import STOP, grams, normalise

SHORT_ROW = 60
"""Characters of a table row that is quoted whole."""
CELL_SHARE = 0.7
"""Share of the best cell's worth from which a cell of a longer row is quoted as well."""
RIGHT_KIND = 1.0
"""What it counts that a cell holds the kind of thing asked for (money, a time): as much as a bigram of the question."""
PAST = 4.0
"""What it costs a sentence that its figures hold no more: as much as to be about another model."""
LONGEST = 160
"""Characters of a quotation; a longer sentence is cut at its last comma."""
_SENTENCE = re.compile(r"[^。!?！？\n]+[。!?！？]?")
_PART = re.compile(r"[^;；]+[;；]?")


def excerpt(question: Question, part: Part, passage: Passage) -> str:
    """The line or sentence of the passage that speaks most of what the part asks for, as it stands there."""
    pieces = list(_pieces(passage))
    if not pieces:
        return ""
    best = _best(question, part, pieces)
    if passage.table:
        return _cut(_cells(question, part, best))
    if len(best) > LONGEST:  # the semicolons of a long sentence of law
        best = _best(question, part, [found.group().strip() for found in _PART.finditer(best)])
    return _cut(best)


def _best(question: Question, part: Part, pieces: Sequence[str]) -> str:
    """The first of those that speak most."""
    return max(pieces, key=lambda piece: _speaks(question, part, piece))


def _pieces(passage: Passage) -> Iterator[str]:
    pattern = re.compile(r"[^\n]+") if passage.table else _SENTENCE
    for found in pattern.finditer(passage.text):
        if piece := found.group().strip():
            yield piece


def _cells(question: Question, part: Part, row: str) -> str:
    """Of a long row, the cells that name the thing and those that were asked for."""
    cells = [cell.strip() for cell in re.split("[；;]", row) if cell.strip()]
    if len(row) <= SHORT_ROW or len(cells) < 3:
        return row
    worth = [_wanted(question, part, cell) for cell in cells]
    enough = CELL_SHARE * max(worth)
    kept = [
        cell
        for cell, value in zip(cells, worth, strict=True)
        if (enough and value >= enough) or any(model in normalise(cell) for model in question.models)
    ]
    return "；".join(kept or cells)


def _wanted(question: Question, part: Part, cell: str) -> float:
    """What a cell is worth beside the name of its row: the product's own name asks for none of the others."""
    there = _said(cell) - {term for model in question.models for term in grams(model)}
    score = _of_terms(part, there) + sum(3.0 for code in question.codes if code in normalise(cell))
    return score + (RIGHT_KIND if kinds(part.text) & held(cell) else 0.0)


def _speaks(question: Question, part: Part, piece: str) -> float:
    """Weight of the part's terms that stand in the piece; a row of another model counts little."""
    score = _of_terms(part, _said(piece))
    if question.models and (named := _named(piece)):
        score += 2.0 if named & question.models else -4.0
    if tells_only_the_past(piece):
        score -= PAST
    return score + sum(3.0 for code in question.codes if code in normalise(piece))


def _of_terms(part: Part, said: frozenset[str]) -> float:
    """What was looked for and what was asked in so many words."""
    score = sum([weight for term, weight in part.terms.items() if term in said])
    return score + sum([weight_of(term) for term in part.main if term in said])


@lru_cache(maxsize=8192)
def _said(piece: str) -> frozenset[str]:
    return frozenset(grams(normalise(piece))) - STOP


@lru_cache(maxsize=8192)
def _named(piece: str) -> frozenset[str]:
    return frozenset(normalise(model) for model in models_of(piece.upper()))


def _cut(piece: str) -> str:
    if len(piece) <= LONGEST:
        return piece
    head = piece[: LONGEST - 1]
    at = max(head.rfind(mark) for mark in "，,、；; ")
    return (head[:at] if at > LONGEST // 2 else head).rstrip(",、; ") + "…"
