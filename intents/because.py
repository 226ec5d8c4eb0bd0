"""Which words spoke for an intent: the reasons that a card shows, read off the linear model exactly."""

from __future__ import annotations

import re

import numpy as np

from intents.linear import Head, Sighting
from intents.model import Span
from intents.normalise import Normalised

MOST_SPANS = 3
SHARE = 0.55
"""Reasons are shown until they carry this share of what speaks for the intent."""
_WORDS = re.compile(r"[a-z0-9.\-]+|[㐀-鿿]")
_SHORTEST = 2


def words_for(head: Head, sighting: Sighting, intent: str, whole: Normalised) -> tuple[Span, ...]:
    """The stretches that pulled most towards the intent, in the order of the text; empty if nothing did."""
    pull = _pull_by_character(head, sighting, intent, len(whole.text))
    runs = _runs(pull, whole.text)
    chosen, carried, enough = [], 0.0, SHARE * sum(weight for weight, _, _ in runs)
    for weight, start, end in sorted(runs, reverse=True)[:MOST_SPANS]:
        if carried < enough:
            chosen.append((start, end))
            carried += weight
    return tuple(whole.span(start, end) for start, end in sorted(chosen))


def _pull_by_character(head: Head, sighting: Sighting, intent: str, length: int) -> list[float]:
    """Each feature's pull, spread evenly over the characters it stands on."""
    placed = sighting.ends > sighting.starts
    starts, ends = sighting.starts[placed], sighting.ends[placed]
    share = head.pulls(sighting, intent)[placed] / (ends - starts)
    steps = np.bincount(starts, share, length + 1) - np.bincount(ends, share, length + 1)
    pulls: list[float] = np.cumsum(steps)[:length].tolist()
    return pulls


def _runs(pull: list[float], text: str) -> list[tuple[float, int, int]]:
    """Neighbouring units (a character, or a whole Latin word) that pull towards the intent, with their sum."""
    runs: list[tuple[float, int, int]] = []
    for unit in _WORDS.finditer(text):
        weight = sum(pull[unit.start() : unit.end()])
        if weight <= 0:
            continue
        if runs and runs[-1][2] == unit.start():
            before, start, _ = runs.pop()
            runs.append((before + weight, start, unit.end()))
        else:
            runs.append((weight, unit.start(), unit.end()))
    return [run for run in runs if run[2] - run[1] >= _SHORTEST] or runs
