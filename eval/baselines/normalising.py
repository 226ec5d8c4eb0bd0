"""What each step of normalisation brings: `python -m eval.baselines.normalising`.

The heads are fitted again without a step (guard, acts and calibration stay), then read dev and dev-more: as written, and
with one character of a word in each exchanged for another of the same sound.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from intents import Classifier, Example, shipped_examples, shipped_model
from intents.heldout import Seen
from intents.homophones import mended
from intents.normalise import STEPS, aligned, normalise
from knowledge.mending import alike

from ..case import intent_cases
from ..metrics import wilson
from ..suites.intents import Report, run
from ..suites.intents_run import without

SEED, DRAWS = 7, 5
"""Each case is misspelt as often as the second says, each time elsewhere."""
Pairs = list[tuple[str, int]]
Step = Callable[[Pairs], Pairs]


class Line(NamedTuple):
    """What came of one way to normalise."""

    name: str
    changed: int
    """Cases as written that are read in another spelling than as it ships."""
    as_written: Report
    misspelt: Report

    def __str__(self) -> str:
        typed = [one for one in self.as_written.scores if "typo" in one.case.tags]
        typo = wilson(sum(one.right for one in typed), len(typed))
        return f"| {self.name} | {self.changed} | {self.as_written.accuracy} | {typo} | {self.misspelt.accuracy} |"


@contextmanager
def normalised_by(chosen: dict[str, Step]) -> Iterator[None]:
    """These steps alone, for as long as it lasts."""
    before = dict(STEPS)
    try:
        _put(chosen)
        yield
    finally:
        _put(before)


def _put(chosen: dict[str, Step]) -> None:
    STEPS.clear()
    STEPS.update(chosen)
    aligned.cache_clear()


def misspelt(cases: Sequence[Example], draws: int = DRAWS) -> list[Example]:
    """Each with one character of a word exchanged for another that sounds the same; those without any are left out."""
    draw = random.Random(SEED)
    wrong = ((case, _misspelt(case.text, draw)) for _ in range(draws) for case in cases)
    return [replace(case, text=text) for case, text in wrong if text]


def _misspelt(text: str, draw: random.Random) -> str:
    import rjieba

    places, at = [], 0
    for word in rjieba.cut(text):
        places += [at + inside for inside in range(len(word)) if len(word) > 1 and alike(word[inside], True)]
        at += len(word)
    if not places:
        return ""
    place = draw.choice(places)
    return text[:place] + draw.choice(alike(text[place], True)) + text[place + 1 :]


def measured(classifier: Classifier, examples: Sequence[Example], cases: Sequence[Example]) -> Iterator[Line]:
    """As it ships, without each step, and without any."""
    wrong, whole = misspelt(cases), dict(STEPS)
    ways: dict[str, tuple[dict[str, Step], bool]] = {
        "as it ships": (whole, True),
        "without homophones": (whole, False),
    }
    for name in whole:
        ways[f"without {name}"] = ({other: step for other, step in whole.items() if other != name}, True)
    ways["without any"] = ({}, False)
    plain = [mended(normalise(one.text)) for one in cases]
    for name, (chosen, homophones) in ways.items():
        way = replace(classifier, eyes=replace(classifier.eyes, homophones=homophones))
        with normalised_by(chosen):
            seen = [Seen(one, way.eyes.see(one.text, one.context)) for one in examples]
            reader = without(way, seen, "")
            spelt = [mended(normalise(one.text)) if homophones else normalise(one.text) for one in cases]
            changed = sum(now != before for now, before in zip(spelt, plain, strict=True))
            yield Line(name, changed, run(reader, cases), run(reader, wrong))


def main() -> None:
    cases = [*intent_cases("dev"), *intent_cases("dev-more")]
    print(
        "| normalisation | cases read in another spelling | accuracy | those tagged typo | with one homophone each |"
    )
    print("|---|---|---|---|---|")
    for line in measured(shipped_model(), shipped_examples(), cases):
        print(line, flush=True)


if __name__ == "__main__":
    main()
