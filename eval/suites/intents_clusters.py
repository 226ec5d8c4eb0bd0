"""Do the sandbox's clusters hold turns that want the same? Purity and normalised mutual information on labelled utterances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from intents import Classifier, Example, load, shipped_model
from intents.sandbox import Suggestion, Turn
from intents.sandbox.clusters import clusters

from ..case import intent_cases
from . import Options

Pair = tuple[str, str]
"""Wanted intent, cluster."""


def purity(pairs: Sequence[Pair]) -> float:
    """Share of utterances that want what most of their cluster wants (Manning et al. 2008, 16.3)."""
    by_cluster: dict[str, Counter[str]] = {}
    for wanted, cluster in pairs:
        by_cluster.setdefault(cluster, Counter())[wanted] += 1
    return sum(counts.most_common(1)[0][1] for counts in by_cluster.values()) / len(pairs)


def information(pairs: Sequence[Pair]) -> float:
    """Adjusted mutual information (Vinh et al. 2010): 1 for the same partition, 0 for what chance would give."""
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score([one for one, _ in pairs], [two for _, two in pairs]))


NUMBERS: dict[str, Callable[[Sequence[Pair]], float]] = {"purity": purity, "information": information}


@dataclass(frozen=True)
class ClustersReport:
    """Each way of clustering with its numbers."""

    cases: str
    count: int
    rows: dict[str, tuple[int, dict[str, float]]]
    """Way → clusters, numbers. No intervals: drawing utterances twice, as a bootstrap does, makes any clusters look alike."""

    def as_json(self) -> dict[str, Any]:
        rows = {way: {"clusters": size, **numbers} for way, (size, numbers) in self.rows.items()}
        return {"suite": "clusters", "cases": self.cases, "count": self.count, "ways": rows}

    def as_text(self) -> str:
        lines = [
            f"clusters on {self.cases}: {self.count} customer utterances",
            f"{'':22} clusters  {'purity':6}  adjusted mutual information",
        ]
        lines += [
            f"{way:22} {size:8}  {numbers['purity']:6.3f}  {numbers['information']:.3f}"
            for way, (size, numbers) in self.rows.items()
        ]
        return "\n".join(lines)


def run_clusters(options: Options) -> ClustersReport:
    """The sandbox's clusters, the same by words alone, and every intent that was read as a cluster of its own."""
    cases = [one for one in intent_cases(options.cases) if one.speaker == "customer"]
    read = suggested(load(Path(options.model)) if options.model else shipped_model(), cases)
    unread = [replace(one, confidence=0.0) for one in read]
    ways = {
        "words and readings": placed(cases, read),
        "words alone": placed(cases, unread),
        "as read": [(case.intent, one.intent) for case, one in zip(cases, read, strict=True)],
    }
    rows = {way: (len({cluster for _, cluster in pairs}), _numbers(pairs)) for way, pairs in ways.items()}
    return ClustersReport(options.cases, len(cases), rows)


def suggested(model: Classifier, cases: Sequence[Example]) -> list[Suggestion]:
    found = []
    for one in cases:
        best = model.read(one.text, speaker=one.speaker, context=one.context).best
        found.append(Suggestion(Turn(one.text, one.context, one.id), best.intent, best.confidence))
    return found


def placed(cases: Sequence[Example], suggestions: Sequence[Suggestion]) -> list[Pair]:
    return [
        (cases[at].intent, str(number))
        for number, one in enumerate(clusters(suggestions))
        for at in one.members
    ]


def _numbers(pairs: Sequence[Pair]) -> dict[str, float]:
    return {name: number(pairs) for name, number in NUMBERS.items()}
