"""The few words of a passage that answer: a row of a table, a sentence of a clause. What a draft quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from knowledge.asked_for import held, kinds
from knowledge.model import Passage
from knowledge.passages import models as models_of
from knowledge.query import Part, Question, weight_of
from knowledge.tokens import STOP, grams, normalise

SHORT_ROW = 60
"""Characters of a table row that is quoted whole."""
CELL_SHARE = 0.7
"""Share of the best cell's worth from which a cell of a longer row is quoted as well."""
RIGHT_KIND = 1.0
"""What it counts that a cell holds the kind of thing asked for (money, a time): as much as a bigram of the question."""
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
    return pieces[max(range(len(pieces)), key=lambda at: (_speaks(question, part, pieces[at]), -at))]


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
    spelled = normalise(cell)
    there = {term for term in grams(spelled) if term not in STOP}
    there -= {term for model in question.models for term in grams(model)}
    score = sum(weight for term, weight in part.terms.items() if term in there)
    score += sum(weight_of(term) for term in part.main if term in there)
    score += sum(3.0 for code in question.codes if code in spelled)
    return score + (RIGHT_KIND if kinds(part.text) & held(cell) else 0.0)


def _speaks(question: Question, part: Part, piece: str) -> float:
    """Weight of the part's terms that stand in the piece; a row of another model counts little."""
    there = {term for term in grams(normalise(piece)) if term not in STOP}
    score = sum(weight for term, weight in part.terms.items() if term in there)
    score += sum(weight_of(term) for term in part.main if term in there)
    named = {normalise(model) for model in models_of(piece.upper())}
    if question.models and named:
        score += 2.0 if named & question.models else -4.0
    return score + sum(3.0 for code in question.codes if code in normalise(piece))


def _cut(piece: str) -> str:
    if len(piece) <= LONGEST:
        return piece
    head = piece[: LONGEST - 1]
    at = max(head.rfind(mark) for mark in "，,、；; ")
    return (head[:at] if at > LONGEST // 2 else head).rstrip(",、; ") + "…"
