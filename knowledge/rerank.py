"""A second look at what both indexes brought: words and where they stand, models, codes, written terms, structure.

Scores of entries of different scopes are made comparable here: document frequencies are those of everything the
question may see.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.lexical import Entry
from knowledge.model import Passage
from knowledge.passages import models as models_of
from knowledge.query import Part, Question, weight_of
from knowledge.tokens import codes, grams, normalise


@dataclass(frozen=True)
class Weights:
    """What each signal counts, beside 1 for full coverage of the question's words. Tuned on development questions."""

    context: float = 0.5
    concept: float = 0.8
    dense: float = 0.3
    model: float = 0.35
    other_model: float = 0.5
    code: float = 0.6
    superseded: float = 0.5
    customer: float = 0.08
    k1: float = 1.2
    b: float = 0.4


@dataclass(frozen=True)
class Candidate:
    """An entry with its passage and the cosine the dense index gave (0 where it gave none)."""

    entry: Entry
    passage: Passage
    cosine: float


@dataclass(frozen=True)
class Scored:
    """A candidate's score and what it is made of, for tuning, `answerable` and the reason on a card."""

    candidate: Candidate
    score: float
    words: float
    concept: float
    cosine: float
    because: tuple[str, ...]


@dataclass(frozen=True)
class _Seen:
    """What an entry says, counted once."""

    body: Counter[str]
    context: Counter[str]
    length: int
    models: frozenset[str]
    above: frozenset[str]
    codes: frozenset[str]


class Reranker:
    """Orders candidates for one question. `idf` knows the scopes that may be seen."""

    def __init__(self, weights: Weights = Weights()) -> None:
        self.weights = weights

    def order(
        self, question: Question, part: Part, candidates: Sequence[Candidate], idf: Callable[[str], float]
    ) -> list[Scored]:
        """Best first, one entry a passage."""
        scored = sorted((self._score(question, part, one, idf) for one in candidates), key=_rank)
        best: dict[str, Scored] = {}
        for one in scored:
            best.setdefault(one.candidate.passage.id, one)
        return list(best.values())

    def _score(
        self, question: Question, part: Part, candidate: Candidate, idf: Callable[[str], float]
    ) -> Scored:
        seen, w = _seen(candidate.entry), self.weights
        said = self._words(part, seen, idf)
        concept, term = _concept(part, seen, idf)
        score = said + w.concept * concept + w.dense * max(candidate.cosine, 0.0)
        because = [f"书面用语“{term}”"] if term and concept > 0.15 else []
        score += self._models(question, seen, because)
        if question.codes & seen.codes:
            score += w.code
            because.append(f"代码 {'、'.join(sorted(question.codes & seen.codes)).upper()}")
        if candidate.passage.superseded:
            score -= w.superseded
            because.append("历史版本或修订记录,不代表现行值")
        if candidate.passage.customer:
            score += w.customer
        return Scored(candidate, score, said, concept, candidate.cosine, tuple(because))

    def _words(self, part: Part, seen: _Seen, idf: Callable[[str], float]) -> float:
        """Share of the question's own grams (by idf) that the entry has, as BM25 saturates them: about 0 to 1.5."""
        w, got, whole = self.weights, 0.0, 0.0
        norm = w.k1 * (1 - w.b + w.b * seen.length / 60)
        for term in part.main:
            worth = idf(term) * weight_of(term)
            whole += worth
            count = seen.body[term] + w.context * seen.context[term]
            got += worth * count * (1 + w.k1) / (count + norm)
        return got / whole if whole else 0.0

    def _models(self, question: Question, seen: _Seen, because: list[str]) -> float:
        if not question.models:
            return 0.0
        if same := question.models & (seen.models or seen.above):
            because.append(f"型号 {'、'.join(sorted(same)).upper()}")
            return self.weights.model
        return -self.weights.other_model if seen.models | seen.above else 0.0


def _rank(one: Scored) -> tuple[float, str, str, int, str]:
    """By score; of equals the one that stands first, whatever ids chance gave them."""
    passage = one.candidate.passage
    position = int(passage.id.rpartition("-")[2])
    return -one.score, passage.citation.title, passage.customer or "", position, one.candidate.entry.id


def _concept(part: Part, seen: _Seen, idf: Callable[[str], float]) -> tuple[float, str]:
    """How well the entry speaks of what the lexicon thinks is meant; with the written term that stands in it."""
    best, word = 0.0, ""
    for meant in part.meant:
        for written in meant.concept.written:
            value = meant.weight * _cover(written, seen, idf)
            if value > best:
                best, word = value, written
    return best, word


def _cover(written: str, seen: _Seen, idf: Callable[[str], float]) -> float:
    """Share of a written term that stands in the entry, scaled by how telling the term is (rare words more)."""
    terms = [term for term in set(grams(written)) if len(term) > 1] or list(grams(written))
    if not terms:
        return 0.0
    worth = {term: idf(term) for term in terms}
    whole = sum(worth.values())
    there = sum(worth[term] for term in terms if seen.body[term] or seen.context[term])
    share = there / whole if whole else 0.0
    return share * min(1.0, max(worth.values()) / 5.0) if share >= 0.5 else 0.0


@lru_cache(maxsize=8192)
def _seen(entry: Entry) -> _Seen:
    body, context = grams(entry.body), grams(entry.context)
    return _Seen(
        Counter(body),
        Counter(context),
        len(body),
        frozenset(normalise(one) for one in models_of(entry.body)),
        frozenset(normalise(one) for one in models_of(entry.context)),
        frozenset(codes(entry.body)) | frozenset(codes(entry.context)),
    )


def idf_of(entries: int, frequency: Callable[[str], int]) -> Callable[[str], float]:
    """BM25's idf, ln(1 + (N - df + 0.5) / (df + 0.5)), each term counted once."""
    known: dict[str, float] = {}

    def idf(term: str) -> float:
        if term not in known:
            df = frequency(term)
            known[term] = math.log(1 + (entries - df + 0.5) / (df + 0.5))
        return known[term]

    return idf
