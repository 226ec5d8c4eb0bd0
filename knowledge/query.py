"""A question before it is searched: its parts, models, codes, written terms, and what it leaves to the conversation."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from knowledge.industry import Industry
from knowledge.lexicon import Lexicon, Meant
from knowledge.mending import mended
from knowledge.passages import models as models_of
from knowledge.tokens import STOP, codes, grams, normalise, words

_PARTS = re.compile(r"[,，。?？!！;；、\n]+|\s{2,}")
ASKING = re.compile(
    r"多少|怎么样|怎么|怎样|什么|哪些|哪个|哪里|几个|几种|是不是|有没有|能不能|可不可以|可以|请问|麻烦|帮我|查一下|看一下|想问|问一下|一下|你们|我们|"
    r"咱们|那个|这个|如果|的话|客户说|客户问|为什么|为啥|咋|嘛|呢|吗|吧|啊|呀|了"
)
_PLAIN_NUMBER = re.compile(
    r"(?<![\d.a-z\-])(\d{2,4}[a-z]{0,2})(?![\d.]|[a-z%℃]|\s*(?:台|个|套|件|元|块|天|年|月|日|页|万|千|次|人|小时|家|单|箱|只|瓶|账号|用户))"
)


@dataclass(frozen=True)
class Part:
    """One thing asked for. `terms` weigh grams, `phrases` dictionary words; `meant` are concepts of the lexicon."""

    text: str
    terms: dict[str, float]
    phrases: dict[str, float]
    meant: tuple[Meant, ...] = ()
    main: tuple[str, ...] = ()
    """The grams of the words themselves, without expansion and filler, each once."""


@dataclass(frozen=True)
class Question:
    """What is searched for: the whole, and its parts where several things are asked at once."""

    text: str
    whole: Part
    parts: tuple[Part, ...]
    models: frozenset[str] = frozenset()
    """Product models of the catalogue that are named or carried over, normalised."""
    unknown_models: tuple[str, ...] = ()
    """Named like a model, but no document knows it."""
    codes: frozenset[str] = frozenset()
    """Alarm codes, contract numbers and the like, normalised."""
    carried: tuple[str, ...] = field(default=())
    """Earlier words that completed the question."""
    mended: str = ""
    """The words as they were searched, where slips of the input method were put right."""


class Understanding:
    """Turns words into a `Question`, by the lexicon and the models that documents speak of."""

    def __init__(
        self, lexicon: Lexicon, catalogue: Collection[str], industry: Industry | None = None
    ) -> None:
        """`industry`: which models a line, a use or a rival's product stands for."""
        self._lexicon = lexicon
        self._industry = industry or Industry()
        self._catalogue = {normalise(model): model for model in (*catalogue, *self._industry.catalogue)}
        self._models = lru_cache(maxsize=512)(
            self._models_in
        )  # a question and its parts are asked five times

    def mended(self, text: str, frequency: Callable[[str], int]) -> str:
        """The words with slips of the input method put right, by what documents and the lexicon write."""
        return mended(text, frequency, self._lexicon.pairs)

    def read(self, text: str, earlier: Sequence[str] = ()) -> Question:
        named, unknown = self._models(text)
        carried: tuple[str, ...] = ()
        if not named and not unknown and not codes(text):
            named, carried = self._models_before(earlier)
        topic = self._topic(text)
        if len(topic) < 2 and earlier and (named or unknown):
            before = self._topic(earlier[-1])
            topic, carried = f"{before}{topic}", (earlier[-1],)
        asked = f"{' '.join(sorted(named))} {topic}" if carried else text
        parts = self._asked_for(asked)
        whole = self._part(asked)
        several = tuple(self._part(part) for part in parts) if len(parts) > 1 else ()
        found = [code for code in codes(text) if code not in named and code not in unknown]
        return Question(asked, whole, several, frozenset(named), tuple(unknown), frozenset(found), carried)

    def _asked_for(self, text: str) -> list[str]:
        """The parts that ask for something, each once and not more than a person would answer one by one."""
        parts: dict[str, None] = {}
        for part in _PARTS.split(text):
            if len(parts) < MOST_PARTS and part not in parts and len(self._topic(part)) > 1:
                parts[part] = None
        return list(parts)

    def _models_in(self, text: str) -> tuple[Sequence[str], Sequence[str]]:
        """Known models in the words (also “350” for X350 where only one ends so), and unknown ones."""
        mentioned = [normalise(one) for one in models_of(text.upper())] + codes(text)
        known = [one for one in dict.fromkeys(mentioned) if one in self._catalogue]
        unknown = [
            one
            for one in dict.fromkeys(normalise(m) for m in models_of(text.upper()))
            if one not in self._catalogue
        ]
        for number in _PLAIN_NUMBER.findall(normalise(text)):
            ending = [model for model in self._catalogue if re.fullmatch(rf"[a-z]+{number}", model)]
            known += ending if len(ending) == 1 else []
        known += self._industry.models(text) if not known else self._industry.counterparts(text)
        return tuple(dict.fromkeys(known)), tuple(unknown) if self._catalogue else ()

    def _models_before(self, earlier: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
        for text in reversed(earlier):
            named, _ = self._models(text)
            if named:
                return named, (text,)
        return (), ()

    def _topic(self, text: str) -> str:
        """The words without models and filler."""
        spelled = normalise(text)
        for model in self._models(text)[0]:
            spelled = spelled.replace(model, " ").replace(re.sub(r"^[a-z]+", "", model), " ")
        return "".join(char for char in ASKING.sub("", spelled) if char not in STOP and char.isalnum())

    def _without_models(self, text: str) -> str:
        """The lexicon speaks of no models: their names would only point at random."""
        spelled = normalise(text)
        for model in self._models(text)[0]:
            spelled = re.sub(
                rf"{model}|(?<![\d.]){model.lstrip('abcdefghijklmnopqrstuvwxyz')}(?![\d.])", " ", spelled
            )
        return " ".join(spelled.split()) or text

    def _part(self, text: str) -> Part:
        main = tuple(
            dict.fromkeys(term for term in grams(ASKING.sub(" ", normalise(text))) if term not in STOP)
        )
        terms = {term: weight_of(term) for term in main}
        phrases = {word: 1.0 for word in words(text) if not ASKING.fullmatch(word)}
        meant = self._lexicon.meant(self._without_models(text))
        for one in meant:
            share = EXPANSION * one.weight / len(one.concept.written)
            for written in one.concept.written:
                for term in grams(written):
                    if len(term) > 1:
                        terms[term] = max(terms.get(term, 0.0), share)
        for parameter in self._industry.parameters(text):
            for term in grams(parameter):
                if len(term) > 1:
                    terms.setdefault(term, EXPANSION)
        return Part(text, terms, phrases, meant, main)


MOST_PARTS = 12
"""Parts of a message that are searched one by one; each costs a search of its own."""
EXPANSION = 0.6
"""What a gram of a written term counts, beside 1 for a bigram of the question itself (tuned on development questions)."""


def weight_of(term: str) -> float:
    """A single character says little; a code or a number says much."""
    if len(term) == 1 and not term.isascii():
        return 0.3
    return 1.5 if term[0].isascii() else 1.0


def as_said(question: Question, part: Part, asked: str) -> str:
    """The part in the words of whoever asked: people are quoted as they wrote, not as it was mended or completed."""
    if part is question.whole:
        return asked
    searched = question.mended or asked
    at = searched.find(part.text)
    same_places = at >= 0 and len(searched) == len(asked)
    return asked[at : at + len(part.text)] if same_places else part.text


def topic_of(text: str) -> str:
    """What a question asks for, whatever model it names and however politely: to put like questions together."""
    spelled = normalise(text)
    for model in models_of(text.upper()):
        spelled = spelled.replace(normalise(model), " ")
    return "".join(char for char in ASKING.sub("", spelled) if char not in STOP and char.isalnum())
