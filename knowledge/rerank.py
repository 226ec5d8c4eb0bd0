"""A second look at what both indexes brought: words and where they stand, models, codes, written terms, structure.

Scores of entries of different scopes are made comparable here: document frequencies are those of everything the
question may see.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.asked_for import held, kinds
from knowledge.lexical import Entry
from knowledge.model import Passage
from knowledge.outdated import tells_only_the_past
from knowledge.passages import models as models_of
from knowledge.query import Part, Question, weight_of
from knowledge.tokens import codes, grams, normalise, pairs


@dataclass(frozen=True)
class Weights:
    """What each signal counts, beside 1 for full coverage of the question's words. Tuned on development questions."""

    context: float = 0.7
    concept: float = 0.5
    dense: float = 0.7
    question: float = 0.5
    """The nearest question that it is thought to answer, by words and by vectors; less than its own text."""
    model: float = 0.7
    other_model: float = 0.5
    code: float = 0.6
    superseded: float = 0.5
    kind: float = 0.1
    customer: float = 0.15
    k1: float = 0.8
    b: float = 0.2


@dataclass(frozen=True)
class Candidate:
    """An entry with its passage and the cosine the dense index gave (0 where it gave none)."""

    entry: Entry
    passage: Passage
    cosine: float
    question: float = 0.0
    """The same of the nearest of its questions."""


@dataclass(frozen=True)
class Scored:
    """A candidate's score and what it is made of, for tuning, `answerable` and the reason on a card."""

    candidate: Candidate
    score: float
    words: float
    concept: float
    cosine: float
    because: tuple[str, ...]
    elsewhere: bool = False
    """A model was asked for, and the entry speaks of others."""
    past: bool = False
    """Its figures are those of before."""
    by_question: float = 0.0
    """What of the score comes from questions that it is thought to answer: they help to find, and prove nothing."""


@dataclass(frozen=True)
class Seen:
    """What an entry says, counted once."""

    body: Counter[str]
    context: Counter[str]
    every: frozenset[str]
    length: int
    models: frozenset[str]
    above: frozenset[str]
    codes: frozenset[str]
    questions: tuple[frozenset[str], ...]
    past: bool
    """Its figures are those of before."""


@dataclass(frozen=True)
class _Written:
    """A written term that may be meant: its grams with their idf, and what it counts where all of it stands."""

    text: str
    grams: tuple[tuple[str, float], ...]
    whole: float
    most: float

    @classmethod
    def of(cls, text: str, weight: float, idf: Callable[[str], float]) -> _Written:
        worth = tuple((term, idf(term)) for term in dict.fromkeys(pairs(text)))
        telling = min(1.0, max((value for _, value in worth), default=0.0) / 5.0)  # rare words say more
        return cls(text, worth, sum(value for _, value in worth), weight * telling)


@dataclass(frozen=True)
class _Wanted:
    """The question's grams with what each is worth, and the written terms that may be meant, likeliest first."""

    words: tuple[tuple[str, float], ...]
    whole: float
    written: tuple[_Written, ...]
    by_gram: dict[str, list[tuple[int, float]]]
    """Gram → in which written terms it stands, and which share of the term's worth it is."""
    kinds: frozenset[str]

    @classmethod
    def of(cls, question: Question, part: Part, idf: Callable[[str], float]) -> _Wanted:
        """Models are no words here: they have a weight of their own."""
        worth = tuple(
            (term, idf(term) * weight_of(term)) for term in part.main if term not in question.models
        )
        likely: dict[str, float] = {}
        for meant in part.meant:
            for text in meant.concept.written:
                likely[text] = max(likely.get(text, 0.0), meant.weight)
        written = [_Written.of(text, weight, idf) for text, weight in likely.items()]
        ordered = sorted((one for one in written if one.whole), key=lambda one: -one.most)
        by_gram: dict[str, list[tuple[int, float]]] = {}
        for at, one in enumerate(ordered):
            for gram, value in one.grams:
                by_gram.setdefault(gram, []).append((at, value / one.whole))
        return cls(worth, sum(value for _, value in worth), tuple(ordered), by_gram, kinds(part.text))


class Reranker:
    """Orders candidates for one question. `idf` knows the scopes that may be seen."""

    def __init__(self, weights: Weights = Weights()) -> None:
        self.weights = weights

    def order(
        self, question: Question, part: Part, candidates: Sequence[Candidate], idf: Callable[[str], float]
    ) -> list[Scored]:
        """Best first, one entry a passage."""
        asked = _Wanted.of(question, part, idf)
        scored = sorted((self._score(question, asked, one) for one in candidates), key=_rank)
        best: dict[str, Scored] = {}
        for one in scored:
            best.setdefault(one.candidate.passage.id, one)
        return list(best.values())

    def _score(self, question: Question, asked: _Wanted, candidate: Candidate) -> Scored:
        seen, w = seen_of(candidate.entry), self.weights
        said = self._words(asked, seen)
        concept, term = _concept(asked, seen)
        score = said + w.concept * concept + w.dense * max(candidate.cosine, 0.0)
        because = [f"书面用语“{term}”"] if term and concept > 0.15 else []
        score += (by_question := w.question * _asked_before(asked, seen, candidate))
        named = seen.models or seen.above
        score += self._models(question, named, because)
        if asked.kinds:
            score += w.kind * len(asked.kinds & held(candidate.entry.body)) / len(asked.kinds)
        if question.codes & seen.codes:
            score += w.code
            because.append(f"代码 {'、'.join(sorted(question.codes & seen.codes)).upper()}")
        if candidate.passage.superseded or seen.past:
            score -= w.superseded
            because.append("历史版本或修订记录,不代表现行值")
        if candidate.passage.customer:
            score += w.customer
        elsewhere = bool(question.models and named and not question.models & named)
        return Scored(
            candidate,
            score,
            said,
            concept,
            candidate.cosine,
            tuple(because),
            elsewhere,
            seen.past,
            by_question,
        )

    def _words(self, asked: _Wanted, seen: Seen) -> float:
        """Share of the question's own grams (by idf) that the entry has, as BM25 saturates them: about 0 to 1.5."""
        w, got = self.weights, 0.0
        norm = w.k1 * (1 - w.b + w.b * seen.length / 60)
        for term, worth in asked.words:
            if count := seen.body.get(term, 0) + w.context * seen.context.get(term, 0):
                got += worth * count * (1 + w.k1) / (count + norm)
        return got / asked.whole if asked.whole else 0.0

    def _models(self, question: Question, named: frozenset[str], because: list[str]) -> float:
        if not question.models or not named:
            return 0.0
        if same := question.models & named:
            because.append(f"型号 {'、'.join(sorted(same)).upper()}")
            return self.weights.model
        return -self.weights.other_model


def _rank(one: Scored) -> tuple[float, str, str, int, str]:
    """By score; of equals the one that stands first, whatever ids chance gave them."""
    passage = one.candidate.passage
    position = int(passage.id.rpartition("-")[2])
    return (
        -round(one.score, 6),
        passage.citation.title,
        passage.customer or "",
        position,
        one.candidate.entry.id,
    )


def _concept(asked: _Wanted, seen: Seen) -> tuple[float, str]:
    """How well the entry speaks of what the lexicon thinks is meant; with the written term that stands in it."""
    shares = defaultdict[int, float](float)
    for gram in asked.by_gram.keys() & seen.every:
        for at, share in asked.by_gram[gram]:
            shares[at] += share
    best, word = 0.0, ""
    for at, share in shares.items():
        if share >= 0.5 and asked.written[at].most * share > best:
            best, word = asked.written[at].most * share, asked.written[at].text
    return best, word


def _asked_before(asked: _Wanted, seen: Seen, candidate: Candidate) -> float:
    """How near the question comes to one that the entry is thought to answer: the mean of words and vectors."""
    if not seen.questions or not asked.whole:
        return 0.0
    said = max(sum(worth for term, worth in asked.words if term in one) for one in seen.questions)
    return (said / asked.whole + max(candidate.question, 0.0)) / 2


@lru_cache(maxsize=8192)
def seen_of(entry: Entry) -> Seen:
    body, context = grams(entry.body), grams(entry.context)
    return Seen(
        Counter(body),
        Counter(context),
        frozenset(body) | frozenset(context),
        len(body),
        frozenset(normalise(one) for one in models_of(entry.body)),
        frozenset(normalise(one) for one in models_of(entry.context)),
        frozenset(codes(entry.body)) | frozenset(codes(entry.context)),
        tuple(frozenset(grams(one)) for one in entry.questions),
        tells_only_the_past(entry.body),
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
