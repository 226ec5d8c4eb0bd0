"""What the loop gains at the seed's rhythm: 50 real interactions a quarter, for two years, from a stream the model has not seen.

The stream is a part of the shipped examples that the starting model is trained without: whole blocks of one author, and
nothing near them stays behind. Each quarter the model reads 50 of it; a rep corrects what it misread or did not dare to
name, a trainer settles that. Measured each quarter on the development set: the starting model with those labels in its
memory, the same retrained on them, and retrained on all that was said (as if every card's fate were a label).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from intents import Classifier, Example, shipped_examples, shipped_model
from intents.contrast import folds_of
from intents.examples import without_near
from intents.heldout import Seen
from intents.retraining import knowing
from intents.training import fit

from ..case import intent_cases
from ..metrics import Interval, bootstrap, mcnemar, wilson
from . import Options

QUARTERS, INTERACTIONS = 8, 50
STREAM_OF, LIKENESS, SEED = 8, 0.7, 20261127
"""An eighth of the examples is the stream."""
WAYS = ("memory", "retrained", "retrained on all")


class Row(NamedTuple):
    """One quarter's end: labels so far, and how each way reads the development set."""

    quarter: int
    live_right: int
    """Of this quarter's interactions, read right by the model with memory before anybody corrected."""
    labels: int
    accuracy: dict[str, Interval]
    gain: dict[str, Interval]
    """Difference to the start in points of share, paired."""
    p: dict[str, float]


@dataclass(frozen=True)
class RhythmReport:
    """A row a quarter."""

    cases: int
    trained: int
    stream: int
    start: Interval
    rows: Sequence[Row]

    def as_json(self) -> dict[str, Any]:
        plain = [
            row._asdict()
            | {"accuracy": {way: one._asdict() for way, one in row.accuracy.items()}}
            | {"gain": {way: one._asdict() for way, one in row.gain.items()}}
            for row in self.rows
        ]
        return {
            "suite": "rhythm", "cases": "dev", "count": self.cases, "trained": self.trained, "stream": self.stream,
            "start": self.start._asdict(), "quarters": plain,
        }  # fmt: skip

    def as_text(self) -> str:
        lines = [
            f"rhythm on dev: {self.cases} cases; {INTERACTIONS} interactions a quarter from a stream of {self.stream}",
            f"start: {self.start} with {self.trained} examples",
            "",
            "quarter  live right  labels  " + "  ".join(f"{way:40}" for way in WAYS),
        ]
        lines += [
            f"{row.quarter:7}  {row.live_right:7}/{INTERACTIONS}  {row.labels:6}  "
            + "  ".join(f"{_cell(row, way):40}" for way in WAYS)
            for row in self.rows
        ]
        return "\n".join(lines)


def _cell(row: Row, way: str) -> str:
    gain = row.gain[way]
    return f"{row.accuracy[way].value:.3f}  {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"


def run_rhythm(options: Options, examples: Sequence[Example] | None = None) -> RhythmReport:
    """Always on development cases (or a given file): the frozen set is not for simulations."""
    cases = intent_cases("dev" if options.cases == "test" else options.cases)
    shipped = shipped_examples() if examples is None else examples
    folds = folds_of(shipped, STREAM_OF)
    stream = [one for one, fold in zip(shipped, folds, strict=True) if fold == 0]
    rest = without_near([one for one, fold in zip(shipped, folds, strict=True) if fold], stream, LIKENESS)
    shop = Workshop(shipped_model(), rest)
    start = shop.trained([])
    before = _hits(start, cases)
    drawn = random.Random(SEED).sample(stream, QUARTERS * INTERACTIONS)
    rows = list(_quarters(shop, start, drawn, cases, before))
    return RhythmReport(len(cases), len(rest), len(stream), _share(before), rows)


class Workshop:
    """Trains as production does, but sees the authored examples once: their features do not change."""

    def __init__(self, like: Classifier, authored: Sequence[Example]) -> None:
        self._like = like
        self._seen = [self._see(one) for one in authored]

    def trained(self, labels: Sequence[Example]) -> Classifier:
        """Guard and calibration are taken over, as a retraining takes them over from the champion."""
        seen = [*self._seen, *(self._see(replace(one, source="correction")) for one in labels)]
        heads = {
            speaker: fit([one for one in seen if one.example.speaker == speaker])
            for speaker in self._like.heads
        }
        return replace(self._like, heads=heads)

    def _see(self, one: Example) -> Seen:
        return Seen(one, self._like.eyes.see(one.text, one.context))


def _quarters(
    shop: Workshop, start: Classifier, drawn: Sequence[Example], cases: Sequence[Example], before: Sequence[bool]
) -> Iterator[Row]:  # fmt: skip
    labels: list[Example] = []
    said: list[Example] = []
    for quarter in range(1, QUARTERS + 1):
        now = drawn[len(said) : len(said) + INTERACTIONS]
        serving = knowing(start, labels)
        readings = [
            serving.read(one.text, speaker=one.speaker, context=one.context, industry=one.industry or None)
            for one in now
        ]
        right = [reading.best.intent == one.intent for reading, one in zip(readings, now, strict=True)]
        labels += [
            one
            for one, reading, hit in zip(now, readings, right, strict=True)
            if not hit or reading.abstained
        ]
        said += now
        ways = {
            "memory": knowing(start, labels),
            "retrained": knowing(shop.trained(labels), labels),
            "retrained on all": knowing(shop.trained(said), labels),
        }
        after = {way: _hits(model, cases) for way, model in ways.items()}
        yield Row(
            quarter, sum(right), len(labels), {way: _share(hits) for way, hits in after.items()},
            {way: _gain(before, hits) for way, hits in after.items()},
            {way: _p(before, hits) for way, hits in after.items()},
        )  # fmt: skip


def _hits(model: Classifier, cases: Sequence[Example]) -> list[bool]:
    return [
        model.read(
            one.text, speaker=one.speaker, context=one.context, industry=one.industry or None
        ).best.intent
        == one.intent
        for one in cases
    ]


def _share(hits: Sequence[bool]) -> Interval:
    found = wilson(sum(hits), len(hits))
    assert found is not None, "no cases to measure on"
    return found


def _gain(before: Sequence[bool], after: Sequence[bool]) -> Interval:
    """Mean difference case by case, with a bootstrap interval over cases."""
    differences = [float(later) - float(earlier) for earlier, later in zip(before, after, strict=True)]
    return bootstrap(differences, lambda values: sum(values) / len(values))


def _p(before: Sequence[bool], after: Sequence[bool]) -> float:
    pairs = list(zip(before, after, strict=True))
    return mcnemar(sum(was and not now for was, now in pairs), sum(now and not was for was, now in pairs))
