"""Make the judgement's weights again: `python -m eval.suites.retrieval_judgement` (development questions only).

Cross-validated by document: each document's questions are judged by weights that never saw any of them. Questions
that no document answers belong to the document that came first. Prints macro F1, then weights for the file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from knowledge.judgement import LIKELY, Verdict, judge
from knowledge.retrieval import Asked as Search
from knowledge.signals import Signals

from .retrieval_cases import TODAY, Asked, questions, sources
from .retrieval_run import library_of

STRENGTH = 0.1
"""Inverse regularisation: of 0.03, 0.1, 0.3 and 1 the best by cross-validation."""


class Judged(NamedTuple):
    """A question with what was found for its first part."""

    asked: Asked
    verdict: Verdict
    certain: bool
    """Refused for a model or code that no document has: no matter of likelihood."""


def judged(name: str) -> list[Judged]:
    """Every question that found anything, as production looks at it."""
    found = []
    with library_of(sources(name)) as (library, _):
        for asked in questions(name):
            seen = library._ready().examine(Search(asked.question, asked.customer, today=TODAY))
            if seen.verdicts and seen.verdicts[0].weighed:
                _, reason = judge(seen.question, seen.verdicts, seen.expired, seen.missing)
                found.append(Judged(asked, seen.verdicts[0], "资料里没有" in reason))
    return found


def main() -> None:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score, roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def fitted(some: Any) -> Any:
        model = LogisticRegression(C=STRENGTH, max_iter=2000)  # type: ignore[no-untyped-call]
        scaled = StandardScaler()  # type: ignore[no-untyped-call]
        return make_pipeline(scaled, model).fit(values[some], right[some])  # type: ignore[no-untyped-call]

    rows = judged("dev")
    values = np.array([_signals(one) for one in rows])
    right = np.array([bool(one.asked.answers) for one in rows])
    document = np.array([_document(one) for one in rows])
    certain = np.array([one.certain for one in rows])
    likely = np.zeros(len(rows))
    for held in set(document):
        out = document == held
        likely[out] = fitted(~out & ~certain).predict_proba(values[out])[:, 1]
    likely[certain] = 0.0
    macro = f1_score(right, likely >= LIKELY, average="macro")
    print(
        f"{len(rows)} questions, {len(set(document))} documents: macro F1 {macro:.3f}, AUC {roc_auc_score(right, likely):.3f}"
    )
    scaler, model = fitted(~certain).steps[0][1], fitted(~certain).steps[1][1]
    weights = model.coef_[0] / scaler.scale_
    print(f"BIAS = {model.intercept_[0] - float(weights @ scaler.mean_):.3f}")
    named = ", ".join(f"{name}={value:.3f}" for name, value in zip(Signals._fields, weights, strict=True))
    print(f"WEIGHTS = Signals({named})")


def _signals(one: Judged) -> Signals:
    weighed = one.verdict.weighed
    assert weighed is not None
    return weighed.signals


def _document(one: Judged) -> str:
    first = one.verdict.ranking[0].candidate.passage.citation.title
    return one.asked.answers[0].doc if one.asked.answers else first


if __name__ == "__main__":
    main()
