"""Is personal data found before words are kept: recall (nothing of it leaks) and precision (nothing else is lost) by kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from intents.personal import Kind, Personal, find_personal

from ..masking_case import MaskingCase, masking_cases
from ..metrics import Interval, percentile, wilson
from . import Options


@dataclass(frozen=True)
class MaskingScore:
    """One sentence: what was labelled, what was found."""

    case: MaskingCase
    found: tuple[Personal, ...]
    seconds: float

    def leaked(self, kind: str = "") -> list[Personal]:
        """Labelled stretches of which at least one character stays readable."""
        covered = {at for one in self.found for at in range(one.start, one.end)}
        wanted = [one for one in self.case.personal if kind in {"", one.kind}]
        return [one for one in wanted if not covered.issuperset(range(one.start, one.end))]

    def made_up(self, kind: str = "") -> list[Personal]:
        """Found stretches that reach over nothing labelled, or mostly over something else."""
        secret = {at for one in self.case.personal for at in range(one.start, one.end)}
        shares = (
            (one, len(secret & {*range(one.start, one.end)}) / (one.end - one.start)) for one in self.found
        )
        return [one for one, share in shares if share <= 0.5 and kind in {"", one.kind}]

    def words(self, stretches: Sequence[Personal]) -> str:
        return " ".join(f"{one.kind}={self.case.text[one.start : one.end]}" for one in stretches) or "-"


@dataclass(frozen=True)
class MaskingReport:
    """Counts, intervals, and the sentences in which something leaked or was lost."""

    name: str
    scores: Sequence[MaskingScore]

    def recall(self, kind: str = "") -> Interval | None:
        """Of what was labelled, the share of which no character stays readable."""
        total = sum(kind in {"", one.kind} for score in self.scores for one in score.case.personal)
        return wilson(total - sum(len(score.leaked(kind)) for score in self.scores), total)

    def precision(self, kind: str = "") -> Interval | None:
        """Of what was masked, the share that is personal."""
        total = sum(kind in {"", one.kind} for score in self.scores for one in score.found)
        return wilson(total - sum(len(score.made_up(kind)) for score in self.scores), total)

    @property
    def failures(self) -> list[MaskingScore]:
        return [score for score in self.scores if score.leaked() or score.made_up()]

    def milliseconds(self, share: float) -> float:
        return 1000 * percentile([one.seconds for one in self.scores], share)

    def as_json(self) -> dict[str, Any]:
        return {
            "suite": "masking",
            "cases": self.name,
            "count": len(self.scores),
            "recall": _dict(self.recall()),
            "precision": _dict(self.precision()),
            "p50_ms": self.milliseconds(0.5),
            "p99_ms": self.milliseconds(0.99),
            "by_kind": {str(kind): [_dict(self.recall(kind)), _dict(self.precision(kind))] for kind in Kind},
            "failures": [
                [one.case.id, one.case.text, one.words(one.leaked()), one.words(one.made_up())]
                for one in self.failures
            ],
        }

    def as_text(self) -> str:
        lines = [f"masking on {self.name}: {len(self.scores)} sentences", ""]
        lines += [f"  recall           {self.recall()}", f"  precision        {self.precision()}"]
        lines += [
            f"  latency          p50 {self.milliseconds(0.5):.2f} ms, p99 {self.milliseconds(0.99):.2f} ms"
        ]
        lines += ["", "kind: labelled, recall, precision"]
        lines += [
            f"  {kind:16} {self._labelled(kind):3}  {self.recall(kind)}   {self.precision(kind)}"
            for kind in Kind
        ]
        lines += ["", "sentence: leaked | masked without need"]
        lines += [
            f"  {one.case.text}: {one.words(one.leaked())} | {one.words(one.made_up())}"
            for one in self.failures
        ]
        return "\n".join(lines)

    def _labelled(self, kind: Kind) -> int:
        return sum(one.kind is kind for score in self.scores for one in score.case.personal)


def run(
    cases: Sequence[MaskingCase],
    name: str = "cases",
    find: Callable[[str], Sequence[Personal]] = find_personal,
) -> MaskingReport:
    return MaskingReport(name, [_score(case, find) for case in cases])


def run_masking(options: Options) -> MaskingReport:
    """On dev, test (both by one hand; the rules were written reading dev only), or a file."""
    return run(masking_cases(options.cases), options.cases)


def _score(case: MaskingCase, find: Callable[[str], Sequence[Personal]]) -> MaskingScore:
    began = time.perf_counter()
    found = tuple(find(case.text))
    return MaskingScore(case, found, time.perf_counter() - began)


def _dict(value: Interval | None) -> dict[str, float] | None:
    return value._asdict() if value else None
