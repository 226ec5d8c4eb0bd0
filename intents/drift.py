"""Do people speak to us as they did when the model was made? Live readings of a week against those it was calibrated on.

Compared are what is asked (intents), how sure the model is, how many of the characters it never saw, and how often a
person corrects it. A shift is an alarm where it is both large and no accident: the population stability index says how
large (Siddiqi 2006: below 0.1 none, above 0.25 a major one), Pearson's chi-square how likely by chance; over a week of
few readings the index alone would cry wolf.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from intents.classifier import Classifier
from intents.examples import Example
from intents.labelled import read_labelled
from intents.masking import mask

LARGE, CHANCE = 0.25, 0.01
RISE = 0.05
"""Share of corrected decisions above the expected one from which a rise matters."""
FEWEST = 30
"""Readings below which nothing is said."""
SHOWN = 5
RARE = 5
"""Groups smaller than this on both sides are taken together: chi-square needs some of each."""


@dataclass(frozen=True)
class LiveReading:
    """One live utterance: as what it was read, how surely, how strange its characters are, what a person made of it."""

    text: str
    intent: str
    confidence: float
    unknown: float
    """Share of its character n-grams that the model never saw."""
    corrected: bool | None = None
    """Whether a person chose another intent; None where nobody decided."""

    def judged(self, corrected: bool | None) -> LiveReading:
        return replace(self, corrected=corrected)


@dataclass(frozen=True)
class Figures:
    """Counts of a set of readings, small enough for a model card."""

    readings: int
    intents: Mapping[str, int] = field(default_factory=dict)
    confidence: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    decided: int = 0
    corrected: int = 0

    @classmethod
    def of(cls, seen: Iterable[LiveReading]) -> Figures:
        seen = list(seen)
        decided = [one for one in seen if one.corrected is not None]
        return cls(
            len(seen), _count(seen, lambda one: one.intent), _count(seen, lambda one: _band(one.confidence)),
            _count(seen, lambda one: _band(one.unknown)), len(decided), sum(bool(one.corrected) for one in decided),
        )  # fmt: skip

    @classmethod
    def of_json(cls, plain: Mapping[str, Any]) -> Figures:
        """Nothing counted where a card has no figures."""
        return cls(**{"readings": 0, **plain})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Shift:
    """One measure then and now. `size` is the stability index, for corrections the difference of the shares."""

    name: str
    size: float
    p: float
    alarm: bool
    then: Mapping[str, float]
    now: Mapping[str, float]

    @property
    def most(self) -> tuple[str, float, float]:
        """The group that moved most, its share then and now."""
        moved = max(
            sorted({*self.then, *self.now}), key=lambda one: abs(self.now.get(one, 0) - self.then.get(one, 0))
        )
        return moved, self.then.get(moved, 0.0), self.now.get(moved, 0.0)


@dataclass(frozen=True)
class Drift:
    """The comparison, with sentences (masked) to look at."""

    model: str
    readings: int
    shifts: tuple[Shift, ...]
    examples: tuple[str, ...] = ()

    @property
    def alarms(self) -> tuple[Shift, ...]:
        return tuple(one for one in self.shifts if one.alarm)

    @property
    def enough(self) -> bool:
        return self.readings >= FEWEST

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"enough": self.enough, "alarm": bool(self.alarms)}


def see_live(classifier: Classifier, case: Example) -> LiveReading:
    """Read an utterance as it would be read today; what a person made of it comes from the caller."""
    reading = read_labelled(classifier, case)
    strange = strangeness(classifier, case)
    return LiveReading(case.text, reading.best.intent, reading.confidence, strange)


def strangeness(classifier: Classifier, case: Example) -> float:
    """Share of the distinct character n-grams of an utterance that the speaker's head has no weight for."""
    grams = {one.name for one in classifier.eyes.see(case.text) if one.name.startswith("g:")}
    known = classifier.heads[case.speaker].vocabulary
    return sum(one not in known for one in grams) / max(1, len(grams))


def trained_on(classifier: Classifier, cases: Sequence[Example]) -> Figures:
    """What the model card keeps: readings of utterances by other hands, and how often they were wrong."""
    seen = [(see_live(classifier, case), case) for case in cases]
    return Figures.of(one.judged(one.intent != case.intent) for one, case in seen)


def compare_live(
    model: str, then: Figures, live: Sequence[LiveReading], before: Sequence[Figures] = ()
) -> Drift:
    """What changed since. Below `FEWEST` readings on either side nothing is an alarm.

    `before`: earlier live weeks with this model. What is asked is held against them once there are any: authored cases
    are balanced by hand, so a mix that differs from theirs is no alarm.
    """
    now, mix = Figures.of(live), _added([one.intents for one in before])
    enough = now.readings >= FEWEST
    shifts = (
        _shift("intents", mix or then.intents, now.intents, enough and sum(mix.values()) >= FEWEST),
        _shift("confidence", then.confidence, now.confidence, enough and then.readings >= FEWEST),
        _shift("unknown", then.unknown, now.unknown, enough and then.readings >= FEWEST),
        _corrections(then, now),
    )
    examples = _examples(live) if any(one.alarm for one in shifts) else ()
    return Drift(model, now.readings, shifts, examples)


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def psi(then: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Population stability index: the sum of (q - p) · ln(q / p) over the groups' shares."""
    return sum((now[one] - then[one]) * math.log(now[one] / then[one]) for one in then)


def _shift(name: str, then: Mapping[str, int], now: Mapping[str, int], said: bool) -> Shift:
    from scipy.stats import chi2_contingency  # type: ignore[attr-defined]

    then, now = _grouped(then, now)
    groups = sorted(then)
    if len(groups) < 2 or not sum(then.values()) or not sum(now.values()):
        return Shift(name, 0.0, 1.0, False, _shares(then), _shares(now))
    p = float(chi2_contingency([[then[one] for one in groups], [now[one] for one in groups]]).pvalue)
    # half a reading in every group, so that an empty one has a logarithm
    size = psi(_shares(then, 0.5), _shares(now, 0.5))
    return Shift(name, size, p, said and size > LARGE and p < CHANCE, _shares(then), _shares(now))


def _corrections(then: Figures, now: Figures) -> Shift:
    """Only a rise is an alarm, and only by Fisher's exact test."""
    from scipy.stats import fisher_exact

    table = [[one.corrected, one.decided - one.corrected] for one in (now, then)]
    before, after = (one.corrected / max(1, one.decided) for one in (then, now))
    if not then.decided:
        return Shift("corrected", 0.0, 1.0, False, {}, {"corrected": after})
    p = float(fisher_exact(table, alternative="greater").pvalue)
    alarm = now.decided >= FEWEST and after - before > RISE and p < CHANCE
    return Shift("corrected", after - before, p, alarm, {"corrected": before}, {"corrected": after})


def _grouped(then: Mapping[str, int], now: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    both: list[dict[str, int]] = []
    for counts in (then, now):
        merged: Counter[str] = Counter()
        for name in {*then, *now}:
            rare = then.get(name, 0) + now.get(name, 0) < RARE
            merged["other" if rare else name] += counts.get(name, 0)
        both.append(dict(merged))
    return both[0], both[1]


def _shares(counts: Mapping[str, int], more: float = 0.0) -> dict[str, float]:
    total = sum(counts.values()) + more * len(counts)
    return {name: (count + more) / total if total else 0.0 for name, count in counts.items()}


def _count(seen: Sequence[LiveReading], of: Callable[[LiveReading], str]) -> dict[str, int]:
    return dict(sorted(Counter(map(of, seen)).items()))


def _band(share: float) -> str:
    """Tenths; the last one holds 1."""
    low = min(int(share * 10), 9)
    return f"{low / 10:.1f}-{(low + 1) / 10:.1f}"


def _examples(live: Sequence[LiveReading]) -> tuple[str, ...]:
    """Corrected ones first, then the strangest and least sure."""
    ordered = sorted(live, key=lambda one: (not one.corrected, one.confidence - one.unknown))
    return tuple(dict.fromkeys(mask(one.text) for one in ordered))[:SHOWN]
