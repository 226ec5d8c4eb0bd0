"""Whether what was found supports an answer, and if not, why: measured, and a little careful."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.model import Passage
from knowledge.query import Question
from knowledge.rerank import Scored
from knowledge.signals import Signals, Weighed

ENOUGH = 1.05
"""Support from which a further passage is shown as an answer too, beside the first."""
LIKELY = 0.46
"""Probability from which a part counts as answered: best macro F1 in cross-validation by document."""
RARE = 0.5
"""Rarity from which a missing word is named as the reason."""
BIAS = 0.955
WEIGHTS = Signals(
    meant=2.464,
    gap=1.741,
    foreign=-3.376,
    unmet=-1.656,
    loose=-0.751,
    near=-1.679,
    single=0.810,
    whether=-0.399,
)
"""A logistic regression on the development questions: `python -m eval.suites.retrieval_judgement` makes it again."""


def probability(signals: Signals) -> float:
    """That the passages answer."""
    logit = BIAS + math.fsum(weight * value for weight, value in zip(WEIGHTS, signals, strict=True))
    return 1 / (1 + math.exp(-logit))


def support(one: Scored) -> float:
    """How much of what was asked the passage speaks of, in its own words, in written terms for it, and by vectors."""
    return one.words + 2.7 * one.concept + 1.2 * max(one.cosine, 0.0)


@dataclass(frozen=True)
class Verdict:
    """What was made of one part of a question."""

    ranking: Sequence[Scored]
    weighed: Weighed | None = None
    """None where nothing was found."""

    @property
    def answered(self) -> bool:
        """Likely enough, of the model asked for, and of today."""
        if self.weighed is None:
            return False
        first = self.ranking[0]
        return _holds(first) and probability(self.weighed.signals) >= LIKELY

    def supports(self, one: Scored) -> bool:
        """The first passage of an answered part does; a further one where it speaks of enough by itself."""
        return self.answered and _holds(one) and (one is self.ranking[0] or support(one) >= ENOUGH)

    @property
    def missing(self) -> str:
        """A telling word of the question that the first passage does not have."""
        found = self.weighed
        return found.missing if found and found.signals.loose >= RARE else ""


def _holds(one: Scored) -> bool:
    """Of the model that was asked for, and of today."""
    return not (one.candidate.passage.superseded or one.past or one.elsewhere)


def judge(
    question: Question,
    verdicts: Sequence[Verdict],
    expired: Iterable[Passage],
    missing: Sequence[str] = (),
) -> tuple[bool, str]:
    """Whether any part is answered, and why not if none is. `missing`: codes that no document has."""
    if question.unknown_models and not question.models:
        return False, f"资料里没有型号 {'、'.join(question.unknown_models).upper()}"
    tops = [verdict.ranking[0] for verdict in verdicts if verdict.ranking]
    if missing and not any("代码" in reason for top in tops for reason in top.because):
        return False, f"资料里没有 {'、'.join(missing).upper()}"
    if any(verdict.answered for verdict in verdicts):
        return True, ""
    if (
        titles := sorted({f"《{one.citation.title}》({one.valid_until} 到期)" for one in expired})
    ) and not tops:
        return False, f"只在过期资料里找到:{'、'.join(titles[:3])}"
    if not tops:
        return False, "资料里没有相关内容"
    words = "、".join(f"“{verdict.missing}”" for verdict in verdicts if verdict.missing)
    return False, f"找到的段落没有说到{words}" if words else "没有找到能支持回答的段落"
