"""What speaks for and against an answer having been found: a few numbers a part of a question, each with its meaning."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from knowledge.lexicon import Meant
from knowledge.query import ASKING, Part, Question
from knowledge.rerank import Scored, seen_of
from knowledge.tokens import STOP, grams, normalise, pairs, words

LOOKED_AT = 5
"""Passages of a ranking that may hold the answer."""
MET = 0.5
"""Share of a word's or written term's bigrams from which it counts as standing in a passage."""
_OF_CONTRACTS = re.compile(r"合同|约定|甲方|乙方")
_WHETHER = re.compile(r"有没有|支持|能不能|能.*(?:吗|不$|么)|可以|吗$|有.*(?:吗|么)|不$")
_NAMES_NOTHING = frozenset(
    ("支持", "需要", "提供", "使用", "进行", "采用", "具备", "功能", "实现", "客户", "产品")
)
"""Words that say nothing as the reason why there is no answer."""

Number = Callable[[str], float]


class Signals(NamedTuple):
    """One part of a question against the passages that may answer it. Shares are from 0 to 1."""

    meant: float
    """Of the concepts that the lexicon thinks are meant, the share (by likelihood) that a passage writes about."""
    gap: float
    """By how much the first passage is ahead of the second by its own words."""
    foreign: float
    """1: the question speaks of a contract, and the first passage is none of this customer's."""
    unmet: float
    """How sure the likeliest concept is, where no passage writes about it."""
    loose: float
    """How rare the rarest word is that neither the first passage has nor the lexicon connects with it."""
    near: float
    """How near the likeliest concept's saying is."""
    single: float
    """Share of its single characters (by rarity) that stand in one passage."""
    whether: float
    """For a question whether something is so: the share of its pairs that the first passage does not have."""


@dataclass(frozen=True)
class Weighed:
    """The signals of a part, and the word that speaks most against an answer."""

    signals: Signals
    missing: str = ""


def weigh(question: Question, part: Part, ranking: Sequence[Scored], idf: Number) -> Weighed:
    """`idf` knows how rare a gram is. The ranking must not be empty."""
    first = ranking[0]
    texts = [seen_of(one.candidate.entry).every for one in ranking[:LOOKED_AT] if not one.elsewhere]
    every = seen_of(first.candidate.entry).every
    asked = _asked(question, part)
    twos = [gram for gram in dict.fromkeys(grams(asked)) if len(gram) > 1 and not STOP.issuperset(gram)]
    singles = [gram for gram in dict.fromkeys(grams(asked)) if len(gram) == 1 and gram not in STOP]
    missing, rarity = _rarest_loose(asked, part.meant, every, idf)
    likeliest = part.meant[0] if part.meant else None
    near = likeliest.weight if likeliest else 0.0
    signals = Signals(
        meant=_meant(part.meant, texts),
        gap=max(0.0, _own(first) - (_own(ranking[1]) if len(ranking) > 1 else 0.0)),
        foreign=float(bool(_OF_CONTRACTS.search(part.text)) and not first.candidate.passage.customer),
        unmet=near * (1 - (_best(likeliest, texts) if likeliest else 0.0)),
        loose=min(1.0, rarity),
        near=near,
        single=max((_covered(singles, text, idf) for text in texts), default=0.0),
        whether=float(bool(_WHETHER.search(part.text))) * (1 - _covered(twos, every, idf)),
    )
    return Weighed(signals, missing)


def _own(one: Scored) -> float:
    """The score by what the passage itself says."""
    return one.score - one.by_question


def _asked(question: Question, part: Part) -> str:
    """The part's words without models and without what only makes it a question."""
    text = normalise(part.text)
    for model in question.models:
        text = text.replace(model, " ").replace(re.sub(r"^[a-z]+", "", model), " ")
    return ASKING.sub(" ", text)


def _rarest_loose(asked: str, meant: Sequence[Meant], text: frozenset[str], idf: Number) -> tuple[str, float]:
    """A word that the passage does not have, and the idf of the rarest beside that of a word which stands nowhere."""
    nowhere = idf("")
    loose = {
        word: max((idf(gram) for gram in pairs(word)), default=0.0) / nowhere
        for word in words(asked)
        if not STOP.issuperset(word) and _share(word, text) < MET and not _connected(word, meant, text)
    }
    naming = [word for word in loose if word not in _NAMES_NOTHING]
    return max(naming, key=lambda word: loose[word], default=""), max(loose.values(), default=0.0)


def _connected(word: str, meant: Sequence[Meant], text: frozenset[str]) -> bool:
    """Whether a concept that has the word among its sayings is written about."""
    return any(
        any(word in saying for saying in one.concept.say) and _best_of(one.concept.written, text) >= MET
        for one in meant
    )


def _meant(meant: Sequence[Meant], texts: Sequence[frozenset[str]]) -> float:
    likely = sum(one.weight**2 for one in meant)
    return sum(one.weight**2 * _best(one, texts) for one in meant) / likely if likely else 0.0


def _best(one: Meant, texts: Sequence[frozenset[str]]) -> float:
    """How much of the concept's best written term stands in one passage. Units alone say nothing."""
    written = [term for term in one.concept.written if len(term) > 1 and not term.isascii()]
    return max((_best_of(written, text) for text in texts), default=0.0)


def _best_of(written: Sequence[str], text: frozenset[str]) -> float:
    return max((_share(term, text) for term in written), default=0.0)


def _share(word: str, text: frozenset[str]) -> float:
    parts = pairs(word)
    return sum([part in text for part in parts]) / len(parts) if parts else 0.0


def _covered(terms: Sequence[str], text: frozenset[str], idf: Number) -> float:
    """Share of the terms, by idf, that stand in the text."""
    whole = math.fsum(map(idf, terms))
    return math.fsum(idf(term) for term in terms if term in text) / whole if whole else 0.0
