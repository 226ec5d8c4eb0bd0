"""What a change to the intents or the graph does to readings: labelled utterances read before and after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from intents.classifier import Classifier
from intents.examples import Example
from intents.labelled import read_labelled


class Said(NamedTuple):
    """How an utterance is read: the likeliest intent, and whether the rep is asked instead of told."""

    intent: str
    asks: bool


class Shift(NamedTuple):
    """An utterance that changed sides."""

    case: Example
    was: Said
    now: Said


@dataclass(frozen=True)
class Effect:
    """Of a change, on the same cases."""

    cases: int
    before: int
    """Read rightly without the change."""
    after: int
    shifts: tuple[Shift, ...]


def effect_of(
    before: Classifier,
    after: Classifier,
    cases: Sequence[Example],
    progress: Callable[[int], None] = lambda _: None,
) -> Effect:
    """Read every case with both; `progress` hears how many are done. Blocks for some milliseconds a case."""
    right_before = right_after = 0
    shifts = []
    for number, case in enumerate(cases, 1):
        was, now = _read(before, case), _read(after, case)
        right_before += was.intent == case.intent
        right_after += now.intent == case.intent
        if was != now:
            shifts.append(Shift(case, was, now))
        progress(number)
    return Effect(len(cases), right_before, right_after, tuple(shifts))


def _read(classifier: Classifier, case: Example) -> Said:
    reading = read_labelled(classifier, case)
    return Said(reading.best.intent, reading.abstained is not None)
