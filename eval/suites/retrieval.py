"""How often the right passage comes out, how high, and whether “cannot be answered” is said when it is so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ..metrics import Interval, bootstrap, f1, mcnemar, percentile, wilson
from .retrieval_cases import Asked, Shown, rank

MOST = 10


class Found(NamedTuple):
    """Passages best first; `answerable` is None for a system that does not judge."""

    shown: Sequence[Shown]
    answerable: bool | None = None


class System(Protocol):
    """Anything that answers a question with passages."""

    def ask(self, question: str, customer: str | None) -> Found:
        """The first ten passages."""


@dataclass(frozen=True)
class Score:
    """One question: where the answer stood, what was judged, how many passages of others were shown."""

    asked: Asked
    rank: int | None
    answerable: bool | None
    forbidden: int
    seconds: float
    characters: int
    first: str

    @property
    def reciprocal(self) -> float:
        return 1 / self.rank if self.rank else 0.0

    def within(self, k: int) -> bool:
        return self.rank is not None and self.rank <= k


def score(system: System, asked: Asked) -> Score:
    began = time.perf_counter()
    found = system.ask(asked.question, asked.customer)
    seconds = time.perf_counter() - began
    shown = found.shown[:MOST]
    others = sum(one.customer not in {None, asked.customer} for one in shown)
    length = sum(len(one.text) for one in shown[:5])
    first = " ".join(shown[0].text.split())[:60] if shown else ""
    return Score(asked, rank(asked, shown), found.answerable, others, seconds, length, first)


@dataclass(frozen=True)
class Report:
    """The scores of every system on the same questions; `scores` are production's."""

    name: str
    scores: Sequence[Score]
    baselines: Mapping[str, Sequence[Score]] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    def _answered(self, scores: Sequence[Score]) -> list[Score]:
        return [one for one in scores if one.asked.answers]

    def recall(self, k: int, scores: Sequence[Score] | None = None) -> Interval | None:
        """Share of the answerable questions whose answer stands among the first k."""
        asked = self._answered(self.scores if scores is None else scores)
        return wilson(sum(one.within(k) for one in asked), len(asked))

    def mrr(self, scores: Sequence[Score] | None = None) -> Interval | None:
        """Mean reciprocal rank, 0 beyond the tenth."""
        asked = self._answered(self.scores if scores is None else scores)
        return (
            bootstrap(asked, lambda some: sum(one.reciprocal for one in some) / len(some)) if asked else None
        )

    def answerable_f1(self) -> Interval | None:
        """F1 of “this can be answered”, and of its opposite, averaged: saying yes to everything does not pay."""
        judged = [one for one in self.scores if one.answerable is not None]
        return bootstrap(judged, _macro) if judged else None

    def judged_right(self, answerable: bool) -> Interval | None:
        """Of the questions that can (or cannot) be answered, the share that was judged so."""
        some = [one for one in self.scores if bool(one.asked.answers) == answerable]
        return wilson(sum(one.answerable == answerable for one in some), len(some))

    @property
    def forbidden(self) -> int:
        """Passages of another customer's documents that were shown. Must be 0."""
        return sum(one.forbidden for one in self.scores)

    def tags(self) -> list[str]:
        return sorted({tag for one in self.scores for tag in one.asked.tags})

    def by_tag(self, measure: Callable[[Sequence[Score]], Interval | None]) -> dict[str, Interval | None]:
        return {tag: measure([one for one in self.scores if tag in one.asked.tags]) for tag in self.tags()}

    def failures(self) -> list[Score]:
        """Questions whose answer is not among the first five, and wrong judgements."""
        return [one for one in self.scores if not _right(one)]

    def milliseconds(self, share: float) -> float:
        return 1000 * percentile([one.seconds for one in self.scores], share)

    def as_json(self) -> dict[str, Any]:
        return {
            "suite": "retrieval",
            "cases": self.name,
            "questions": len(self.scores),
            **{f"recall@{k}": _plain(self.recall(k)) for k in (1, 5, 10)},
            "mrr": _plain(self.mrr()),
            "answerable_f1": _plain(self.answerable_f1()),
            "answerable_said": _plain(self.judged_right(True)),
            "unanswerable_said": _plain(self.judged_right(False)),
            "forbidden": self.forbidden,
            "by_tag": {
                f"recall@{k}": {tag: _plain(value) for tag, value in self._recall_by_tag(k).items()}
                for k in (1, 5)
            },
            "judged_by_tag": {tag: _plain(value) for tag, value in self.by_tag(_judged).items()},
            "baselines": {name: self._baseline(scores) for name, scores in self.baselines.items()},
            "p50_ms": self.milliseconds(0.5),
            "p99_ms": self.milliseconds(0.99),
            "failures": [
                [one.asked.id, one.asked.question, _wanted(one), one.first] for one in self.failures()
            ],
            "warnings": list(self.warnings),
        }

    def _recall_by_tag(self, k: int) -> dict[str, Interval | None]:
        return self.by_tag(lambda some: self.recall(k, some))

    def _baseline(self, scores: Sequence[Score]) -> dict[str, Any]:
        return {
            **{f"recall@{k}": _plain(self.recall(k, scores)) for k in (1, 5, 10)},
            "mrr": _plain(self.mrr(scores)),
            "p": self._p_against(scores),
            "characters_in_five": _mean_length(scores),
        }

    def _p_against(self, scores: Sequence[Score]) -> float:
        """Exact McNemar on recall@5, against production."""
        pairs = [(ours.within(5), theirs.within(5)) for ours, theirs in zip(self.scores, scores, strict=True)]
        return mcnemar(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs))

    def as_text(self) -> str:
        lines = [*self.warnings, f"retrieval on {self.name}: {len(self.scores)} questions", ""]
        lines += [f"  {'recall@' + str(k):20} {self.recall(k)}" for k in (1, 5, 10)]
        lines += [f"  {'mrr':20} {self.mrr()}", f"  {'answerable_f1':20} {self.answerable_f1()}"]
        lines += [f"  {'answerable_said':20} {self.judged_right(True)}"]
        lines += [f"  {'unanswerable_said':20} {self.judged_right(False)}"]
        lines += [f"  {'forbidden':20} {self.forbidden}"]
        lines += [f"  {'characters in five':20} {_mean_length(self.scores):.0f}"]
        lines += [
            f"  {'latency':20} p50 {self.milliseconds(0.5):.1f} ms, p99 {self.milliseconds(0.99):.1f} ms"
        ]
        lines += ["", "by tag: recall@1, recall@5, judged right"]
        first, fifth, judged = self._recall_by_tag(1), self._recall_by_tag(5), self.by_tag(_judged)
        lines += [f"  {tag:14} {first[tag]}   {fifth[tag]}   {judged[tag]}" for tag in self.tags()]
        lines += ["", "baselines: recall@1, recall@5, recall@10, mrr, characters in five, p (recall@5)"]
        for name, scores in self.baselines.items():
            values = "   ".join(str(self.recall(k, scores)) for k in (1, 5, 10))
            lines.append(
                f"  {name:32} {values}   {self.mrr(scores)}   {_mean_length(scores):.0f}   {self._p_against(scores):.4f}"
            )
        lines += ["", "failures: question → wanted → shown first"]
        lines += [
            f"  {one.asked.id} {one.asked.question} → {_wanted(one)} (rank {one.rank}, answerable {one.answerable}) → {one.first}"
            for one in self.failures()
        ]
        return "\n".join(lines)


def _right(one: Score) -> bool:
    judged = one.answerable is None or one.answerable == bool(one.asked.answers)
    return judged and (one.within(5) or not one.asked.answers)


def _wanted(one: Score) -> str:
    return one.asked.answers[0].find if one.asked.answers else "nothing"


def _judged(scores: Sequence[Score]) -> Interval | None:
    return wilson(sum(one.answerable == bool(one.asked.answers) for one in scores), len(scores))


def _macro(scores: Sequence[Score]) -> float:
    pairs = [(str(bool(one.asked.answers)), str(one.answerable)) for one in scores]
    return (f1(pairs, "True") + f1(pairs, "False")) / 2


def _mean_length(scores: Sequence[Score]) -> float:
    return sum(one.characters for one in scores) / max(1, len(scores))


def _plain(value: Interval | None) -> dict[str, float] | None:
    return value._asdict() if value else None
