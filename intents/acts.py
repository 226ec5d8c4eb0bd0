"""Several acts in one utterance: which are there, and which of them is the label (rule 10 of the taxonomy).

Each clause is read by itself beside the whole. From both a small logistic model, fitted on held-out utterances, says how
likely each act is there. Where several are, the first in `ORDER` is the label; where one is, the whole decides. The two
cases are mixed by their probability, so that the confidence stays one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intents.taxonomy import ORDER

Floats = NDArray[np.float64]
SEEN = ("whole", "clause", "best", "wins", "share", "both", "clauses")
"""Columns of the evidence for one act; see `evidence`."""
BACKGROUND = 1.5
"""Power of P(several acts): what looks like a second act is often only said on the way to the first. Chosen on dev."""
_LEAST_OF_WHOLE = 0.02
"""Of several acts the whole's probability goes to one; how little is left for the others says nothing."""


@dataclass(frozen=True)
class Acts:
    """For one speaker: how evidence becomes the probability that an act is there. Arrays go by the head's labels."""

    labels: tuple[str, ...]
    weights: Floats
    """One for each column of the evidence."""
    slopes: Floats
    """What the clause's logit counts beyond its weight, for each act."""
    bias: Floats
    ordered: bool = True
    """Whether rule 10 names the label; otherwise the whole does, and acts are only listed."""

    def present(self, whole: Floats, parts: Floats) -> Floats:
        """P(act is there), from the probabilities of the whole and of its clauses (clauses × labels)."""
        seen = evidence(whole, parts)
        scores = seen @ self.weights + seen[:, SEEN.index("clause")] * self.slopes + self.bias
        there: Floats = 1 / (1 + np.exp(-scores))
        return there

    def label(self, whole: Floats, present: Floats) -> Floats:
        """P(act is the label)."""
        if not self.ordered:
            return whole
        share: float = several(present) ** BACKGROUND
        return (1 - share) * whole + share * first_of(present, self.labels)


def evidence(whole: Floats, parts: Floats) -> Floats:
    """One row for each act: what the whole and the clauses say about it."""
    strongest, count = parts.max(axis=0), len(parts)
    share = np.bincount(parts.argmax(axis=1), minlength=len(whole)) / count
    columns = (
        logit(whole, _LEAST_OF_WHOLE),
        logit(strongest),
        np.arange(len(whole)) == whole.argmax(),
        share > 0,
        share,
        logit(whole, _LEAST_OF_WHOLE) * logit(strongest) / 9,
        np.full(len(whole), np.log(count)),
    )
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)


def logit(probability: Floats, least: float = 1e-3) -> Floats:
    kept = np.clip(probability, least, 1 - least)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def several(present: Floats) -> float:
    """P(two acts or more), as if each were there or not by itself."""
    absent = np.clip(1 - present, 1e-4, 1)
    none = absent.prod()
    return float(1 - none - none * (present / absent).sum())


def first_of(present: Floats, labels: Sequence[str]) -> Floats:
    """P(the act is there and none before it in `ORDER` is), brought to sum 1."""
    turn = sorted(range(len(labels)), key=lambda at: _place(labels[at]))
    ordered = present[turn]
    first = np.empty_like(present)
    first[turn] = ordered * np.cumprod(np.append(1.0, 1 - ordered[:-1]))
    shares: Floats = first / first.sum()
    return shares


def _place(label: str) -> float:
    """A company's own intents come after ours, but before a put-off and small talk."""
    return ORDER.index(label) if label in ORDER else ORDER.index("vague_interest") - 0.5
