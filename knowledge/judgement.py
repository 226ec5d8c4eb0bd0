"""Whether what was found supports an answer, and if not, why: measured, and a little careful."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from knowledge.model import Passage
from knowledge.query import Question
from knowledge.rerank import Scored

ENOUGH = 1.05
"""Support from which a passage counts as an answer: best macro F1 on the development questions (eval/RESULTS.md)."""


def support(best: Scored) -> float:
    """How much of what was asked the passage speaks of, in its own words, in written terms for it, and by vectors.

    The proportions are those of a logistic regression on the development questions and 67 foreign ones.
    """
    return best.words + 2.7 * best.concept + 1.2 * max(best.cosine, 0.0)


def supports(best: Scored) -> bool:
    """Enough of it, of the model asked for, and of today."""
    return support(best) >= ENOUGH and not best.candidate.passage.superseded and not best.elsewhere


def judge(
    question: Question,
    rankings: Sequence[Sequence[Scored]],
    expired: Iterable[Passage],
    missing: Sequence[str] = (),
) -> tuple[bool, str]:
    """Whether the best passages support an answer, and why not if they do not. `missing`: codes that no document has."""
    if question.unknown_models and not question.models:
        return False, f"资料里没有型号 {'、'.join(question.unknown_models).upper()}"
    tops = [ranking[0] for ranking in rankings if ranking]
    if missing and not any("代码" in reason for top in tops for reason in top.because):
        return False, f"资料里没有 {'、'.join(missing).upper()}"
    if any(map(supports, tops)):
        return True, ""
    if (
        titles := sorted({f"《{one.citation.title}》({one.valid_until} 到期)" for one in expired})
    ) and not tops:
        return False, f"只在过期资料里找到:{'、'.join(titles[:3])}"
    return False, "没有找到能支持回答的段落" if tops else "资料里没有相关内容"
