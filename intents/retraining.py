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
from intents.labelled import read_labelled
from intents.memory import Remembered, remember
from intents.registry import ModelInfo, Registry
from intents.training import Progress

HELD_SHARE, MOST_HELD = 0.25, 200
"""How much of the settled labels, newest first, the two models are tried on."""
SIGNIFICANT = 0.05
LOST_CASES, LOST_SHARE = 2, 0.03
"""An intent is materially worse where both are exceeded: cases lost net, and their share of the intent's cases."""

KEPT_APART = "kept_apart_from"
"""On a model's card in the registry: hash of the cases that no learned label is nearly equal to."""


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
    return _read(classifier, case) == case.intent


def _read(classifier: Classifier, case: Example) -> str:
    return read_labelled(classifier, case).best.intent


def _paired(rows: Sequence[tuple[str, bool, bool]]) -> Paired:
    mended = sum(after and not before for _, before, after in rows)
    broken = sum(before and not after for _, before, after in rows)
    return Paired(len(rows), sum(before for _, before, _ in rows), mended, broken)


class Changed(NamedTuple):
    """A case that the two models read differently."""

    case: Example
    before: str
    after: str


class Judged(NamedTuple):
    """A verdict, and the sentences that changed sides."""

    verdict: Verdict
    changed: list[Changed]


def retrain(
    registry: Registry, frozen: Sequence[Example], *, by: str, examples: Sequence[Example] | None = None,
    progress: Progress = lambda _: None,
) -> Verdict:  # fmt: skip
    """Train a challenger, keep it in the registry and judge it. Promotes nothing."""
    info = train_challenger(registry, frozen, by=by, examples=examples, progress=progress)
    progress(f"comparing on {len(frozen)} frozen cases and the labels that neither model learned")
    return judge(registry, info.id, frozen).verdict


def train_challenger(
    registry: Registry, frozen: Sequence[Example], *, by: str, examples: Sequence[Example] | None = None,
    progress: Progress = lambda _: None,
) -> ModelInfo:  # fmt: skip
    """Train on the older settled labels, so that there is something left to judge the model on.

    Labels that are nearly a frozen case teach nothing: the frozen set would no longer be unseen.
    """
    learned, _ = split(without_near(registry.labels.settled(), frozen))
    noted = {KEPT_APART: data_hash(frozen)}
    return registry.train(by=by, examples=examples, settled=learned, noted=noted, progress=progress)


def judge(registry: Registry, model: str, frozen: Sequence[Example]) -> Judged:
    """A model against the one that serves, on nothing that either has learned, nor nearly.

    The labels settled since the younger of the two stopped learning count, and the frozen cases: all of them where both
    models kept apart from these, otherwise those that are not nearly a settled label.
    """
    infos = [registry.info(model), *(one for one in registry.models() if one.serving)]
    until = max((one.learned_until for one in infos if one.learned_until), default=None)
    recent = registry.labels.settled(until)
    new = {one.id for one in recent}
    seen = [one for one in registry.labels.settled() if one.id not in new] if until else []
    if not all(_kept_apart(one, frozen) for one in infos):
        frozen = without_near(frozen, seen)
    recent, learned = without_near(recent, [*frozen, *seen]), without_near(seen, frozen)
    champion, challenger = (knowing(one, learned) for one in (registry.champion(), registry.load(model)))
    verdict = compare(champion, challenger, frozen, recent, learned=infos[0].card.get("corrections", 0))
    both = ((one, _read(champion, one), _read(challenger, one)) for one in (*frozen, *recent))
    return Judged(verdict, [Changed(*one) for one in both if one[1] != one[2]])


def _kept_apart(model: ModelInfo, frozen: Sequence[Example]) -> bool:
    return not model.card.get("corrections") or model.card.get(KEPT_APART) == data_hash(frozen)


def knowing(classifier: Classifier, labels: Sequence[Example]) -> Classifier:
    """The model as it serves: with settled labels in its memory."""
    remembered = [Remembered(one.text, one.speaker, one.intent, one.context) for one in labels]
    return classifier.remembering(remember(remembered, classifier.heads, classifier.eyes))
