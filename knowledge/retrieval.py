"""From a question to evidence: both indexes over the scopes that may be seen, then a second look, then a judgement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Protocol

import numpy as np
import structlog

from knowledge.encoder import Encoder, Vectors
from knowledge.excerpt import excerpt
from knowledge.index import entries_of
from knowledge.judgement import judge, supports
from knowledge.lexical import PUBLIC, Hit, scope_of
from knowledge.model import Evidence, Findings, Passage
from knowledge.query import Part, Question, Understanding, as_said
from knowledge.rerank import Candidate, Reranker, Scored, idf_of

log = structlog.get_logger()
POOL = 60
"""Entries taken from each index and scope for the second look."""


class Lexical(Protocol):
    def search(
        self, scope: str, terms: Mapping[str, float], phrases: Mapping[str, float], most: int
    ) -> list[Hit]: ...
    def frequency(self, scope: str, term: str, field: str = "body") -> int: ...
    def count(self, scope: str) -> int: ...


class Dense(Protocol):
    def search(self, scope: str, vector: Vectors, most: int) -> list[Hit]: ...


@dataclass(frozen=True)
class Asked:
    """One search: the words, whose turn it is, and what may count."""

    question: str
    customer: str | None = None
    k: int = 5
    earlier: tuple[str, ...] = ()
    include_expired: bool = False
    today: date | None = None


@dataclass(frozen=True)
class Retrieval:
    """Finds evidence; holds no state of its own."""

    lexical: Lexical
    dense: Dense
    encoder: Encoder
    understanding: Understanding
    reranker: Reranker
    passages: Callable[[Iterable[str]], Mapping[str, Passage]]

    def find(self, asked: Asked, index: str) -> Findings:
        own = scope_of(asked.customer) if asked.customer is not None else ""
        scopes = [PUBLIC, own] if own and self.lexical.count(own) else [PUBLIC]

        @cache
        def frequency(term: str) -> int:
            return sum(self.lexical.frequency(one, term) for one in scopes)

        @cache
        def anywhere(term: str) -> int:
            return frequency(term) or sum(self.lexical.frequency(one, term, "context") for one in scopes)

        question = self._read(asked, anywhere)
        if not question.whole.main:
            return Findings((), False, "问题里没有可以查找的词", index)
        idf = idf_of(sum(map(self.lexical.count, scopes)), frequency)
        rankings, expired = [], dict[str, Passage]()
        parts = question.parts or (question.whole,)
        for part in parts:
            valid, outdated = self._candidates(asked, question, part, scopes)
            expired |= {one.passage.id: one.passage for one in outdated}
            rankings.append(self.reranker.order(question, part, valid, idf))
        best = _in_turn(rankings, asked.k)
        missing = tuple(code for code in sorted(question.codes) if not anywhere(code))
        answerable, reason = judge(question, rankings, expired.values(), missing)
        evidence = tuple(_evidence(one, question, parts[at], asked.question) for one, at in best)
        silent = tuple(
            as_said(question, part, asked.question)
            for part, ranking in zip(parts, rankings, strict=True)
            if not any(map(supports, ranking[:1]))
        )
        return Findings(evidence, answerable, reason, index, silent)

    def _read(self, asked: Asked, frequency: Callable[[str], int]) -> Question:
        words = self.understanding.mended(asked.question, frequency)
        question = self.understanding.read(words, asked.earlier)
        return question if words == asked.question else replace(question, mended=words)

    def _candidates(
        self, asked: Asked, question: Question, part: Part, scopes: Sequence[str]
    ) -> tuple[list[Candidate], list[Candidate]]:
        """What may be evidence, and what would be if it were not out of date."""
        vector = self.encoder.encode([part.text], question=True)[0]
        near: dict[str, float] = {}
        for scope in scopes:
            similar = {hit.entry: hit.score for hit in self._similar(scope, vector)}
            # what the vectors did not bring lies at most as near as the last that they brought
            floor = max(0.0, min(similar.values(), default=0.0))
            near |= similar
            for hit in self.lexical.search(scope, part.terms, part.phrases, POOL):
                near.setdefault(hit.entry, floor)
        found = self.passages({entry.split("#")[0] for entry in near})
        candidates = [
            Candidate(entry, passage, near.get(entry.id, 0.0))
            for passage in found.values()
            if passage.customer is None or passage.customer == asked.customer
            for entry in entries_of(passage)
            if entry.id in near
        ]
        today = asked.today or date.today()
        valid = [one for one in candidates if asked.include_expired or _is_valid(one.passage, today)]
        return valid, [
            one
            for one in candidates
            if one.passage.valid_until and one.passage.valid_until < today and one not in valid
        ]

    def _similar(self, scope: str, vector: Vectors) -> list[Hit]:
        """A vector server that is down costs recall, not the answer."""
        if not np.any(vector):
            return []
        try:
            return self.dense.search(scope, vector, POOL)
        except Exception as error:  # noqa: BLE001 - httpx, ValueError and its own: all mean "no vectors now"
            log.warning(
                "knowledge.dense_unavailable",
                error=str(error),
                next="answering from words alone; check YIJU_CHROMA_URL",
            )
            return []


def _is_valid(passage: Passage, today: date) -> bool:
    starts = passage.valid_from is None or passage.valid_from <= today
    return starts and (passage.valid_until is None or today <= passage.valid_until)


def _in_turn(rankings: Sequence[Sequence[Scored]], k: int) -> list[tuple[Scored, int]]:
    """The best of each part, then the second of each, with the part's number. A passage comes again only where it is
    a table that answers another part with another row."""
    best: dict[tuple[str, int], tuple[Scored, int]] = {}
    seen: set[str] = set()
    for rank in range(max(map(len, rankings), default=0)):
        for at, ranking in enumerate(rankings):
            if rank < len(ranking):
                passage = ranking[rank].candidate.passage
                if passage.id not in seen or (passage.table and supports(ranking[rank])):
                    best.setdefault((passage.id, at), (ranking[rank], at))
                    seen.add(passage.id)
    return list(best.values())[:k]


def _evidence(scored: Scored, question: Question, part: Part, asked: str) -> Evidence:
    passage = scored.candidate.passage
    return Evidence(
        passage,
        round(scored.score, 4),
        ";".join([*scored.because, *([f"按“{question.mended}”查找"] if question.mended else [])]),
        as_said(question, part, asked),
        excerpt(question, part, passage),
        supports(scored),
    )
