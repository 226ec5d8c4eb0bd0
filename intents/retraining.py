"""Champion against challenger: is a newly trained model really better, and for no intent materially worse?

What is compared is what would serve: each model with the settled labels that the challenger learned in its memory. The
newest settled labels are kept out of both, so that neither has seen them; once the question is answered they reach the
serving model through its memory, and the next training learns them fully.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from intents.classifier import Classifier
from intents.examples import Example, data_hash, without_near
from intents.memory import Remembered, remember
from intents.registry import Registry
from intents.training import Progress

HELD_SHARE, MOST_HELD = 0.25, 200
"""How much of the settled labels, newest first, the two models are tried on."""
SIGNIFICANT = 0.05
LOST_CASES, LOST_SHARE = 2, 0.03
"""An intent is materially worse where both are exceeded: cases lost net, and their share of the intent's cases."""


class Outcome(StrEnum):
    """What came of a retraining, and why."""

    PROMOTED = "promoted"
    SAME = "same"
    NOT_BETTER = "not_better"
    FROZEN_WORSE = "frozen_worse"
    INTENT_WORSE = "intent_worse"


class Paired(NamedTuple):
    """The same cases read by both: how many are right now that were wrong before, and the other way round."""

    cases: int
    before: int
    """Right by the champion."""
    mended: int
    broken: int

    @property
    def after(self) -> int:
        return self.before + self.mended - self.broken

    @property
    def p(self) -> float:
        return mcnemar(self.mended, self.broken)


@dataclass(frozen=True)
class Verdict:
    """Which model serves from now on, with the numbers that say why."""

    champion: str
    challenger: str
    outcome: Outcome
    learned: int
    """Settled labels that the challenger was trained on."""
    frozen: Paired
    recent: Paired
    by_intent: Mapping[str, Paired]
    cases: str = ""
    """Hash of the frozen cases: two verdicts with different ones are not comparable."""

    @property
    def promotes(self) -> bool:
        return self.outcome is Outcome.PROMOTED

    @property
    def overall(self) -> Paired:
        return total([self.frozen, self.recent])

    @property
    def worse(self) -> tuple[str, ...]:
        return tuple(name for name, pair in self.by_intent.items() if materially_worse(pair))

    @property
    def why(self) -> str:
        """One line for the registry and the log."""
        numbers = (
            f"frozen {self.frozen.before} → {self.frozen.after} of {self.frozen.cases}, recent {self.recent.before} → "
            f"{self.recent.after} of {self.recent.cases}, McNemar p = {self.overall.p:.3f}"
        )
        lost = f", worse: {', '.join(self.worse)}" if self.worse else ""
        return f"{self.outcome.value}: {numbers}{lost}"

    def as_json(self) -> dict[str, Any]:
        plain = asdict(self)
        pairs = {name: pair._asdict() for name, pair in self.by_intent.items()}
        return plain | {
            "frozen": self.frozen._asdict(), "recent": self.recent._asdict(), "by_intent": pairs,
            "p": round(self.overall.p, 5), "worse": list(self.worse),
        }  # fmt: skip

    @classmethod
    def of_json(cls, plain: Mapping[str, Any]) -> Verdict:
        kept = {name: value for name, value in plain.items() if name not in {"p", "worse"}}
        pairs = {name: Paired(**pair) for name, pair in plain["by_intent"].items()}
        kept |= {"frozen": Paired(**plain["frozen"]), "recent": Paired(**plain["recent"])}
        return cls(**kept | {"outcome": Outcome(plain["outcome"]), "by_intent": pairs})


def mcnemar(mended: int, broken: int) -> float:
    """Exact two-sided McNemar test: the chance of so uneven a split of the disagreements between equal models."""
    from scipy.stats import binomtest  # type: ignore[attr-defined]

    return float(binomtest(mended, mended + broken).pvalue) if mended + broken else 1.0


def total(pairs: Sequence[Paired]) -> Paired:
    return Paired(*(sum(values) for values in zip(*pairs, strict=True))) if pairs else Paired(0, 0, 0, 0)


def materially_worse(pair: Paired) -> bool:
    lost = pair.broken - pair.mended
    return lost >= LOST_CASES and lost > LOST_SHARE * pair.cases


def split(settled: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Labels in the order of settling → what is learned, and the newest, which both models are tried on."""
    held = min(int(len(settled) * HELD_SHARE), MOST_HELD)
    return list(settled[: len(settled) - held]), list(settled[len(settled) - held :])


def compare(
    champion: Classifier, challenger: Classifier, frozen: Sequence[Example], recent: Sequence[Example], learned: int = 0
) -> Verdict:  # fmt: skip
    """Both read every case; the challenger is promoted only if it is better overall and materially worse nowhere."""
    rows = [
        [(one.intent, _right(champion, one), _right(challenger, one)) for one in cases]
        for cases in (frozen, recent)
    ]
    both = [row for cases in rows for row in cases]
    by_intent = {
        name: _paired([row for row in both if row[0] == name]) for name in sorted({r[0] for r in both})
    }
    on_frozen, on_recent = (_paired(cases) for cases in rows)
    outcome = _outcome(champion.hash == challenger.hash, on_frozen, on_recent, by_intent)
    return Verdict(
        champion.hash, challenger.hash, outcome, learned, on_frozen, on_recent, by_intent, data_hash(frozen)
    )


def _outcome(same: bool, frozen: Paired, recent: Paired, by_intent: Mapping[str, Paired]) -> Outcome:
    overall = total([frozen, recent])
    if same:
        return Outcome.SAME
    # Corrections are mistakes of the champion by selection, so the frozen set must agree for itself.
    if frozen.broken > frozen.mended:
        return Outcome.FROZEN_WORSE
    if any(materially_worse(pair) for pair in by_intent.values()):
        return Outcome.INTENT_WORSE
    better = overall.mended > overall.broken and overall.p < SIGNIFICANT
    return Outcome.PROMOTED if better else Outcome.NOT_BETTER


def _right(classifier: Classifier, case: Example) -> bool:
    reading = classifier.read(
        case.text, speaker=case.speaker, context=case.context, industry=case.industry or None
    )
    return reading.best.intent == case.intent


def _paired(rows: Sequence[tuple[str, bool, bool]]) -> Paired:
    mended = sum(after and not before for _, before, after in rows)
    broken = sum(before and not after for _, before, after in rows)
    return Paired(len(rows), sum(before for _, before, _ in rows), mended, broken)


def retrain(
    registry: Registry, frozen: Sequence[Example], *, by: str, examples: Sequence[Example] | None = None,
    progress: Progress = lambda _: None,
) -> Verdict:  # fmt: skip
    """Train a challenger on the older settled labels, keep it in the registry and judge it. Promotes nothing.

    Labels that are nearly a frozen case teach nothing: the frozen set would no longer be unseen.
    """
    learned, recent = split(without_near(registry.labels.settled(), frozen))
    champion = registry.champion()
    info = registry.train(by=by, examples=examples, settled=learned, progress=progress)
    challenger = registry.load(info.id)
    progress(f"comparing on {len(frozen)} frozen cases and {len(recent)} recent labels")
    return compare(
        knowing(champion, learned), knowing(challenger, learned), frozen, recent, learned=len(learned)
    )


def knowing(classifier: Classifier, labels: Sequence[Example]) -> Classifier:
    """The model as it serves: with settled labels in its memory."""
    remembered = [Remembered(one.text, one.speaker, one.intent, one.context) for one in labels]
    return classifier.remembering(remember(remembered, classifier.heads, classifier.eyes))
