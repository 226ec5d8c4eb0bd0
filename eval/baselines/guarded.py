"""What the drift guard brings where there is enough drift to see it: `python -m eval.baselines.guarded`.

Held-out folds of the shipped examples, read by heads that never saw them, with everything else of the shipped model (acts, calibration,
thresholds were fitted on the same folds), with its guard and without. Then the development set, read by the model as it ships.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from intents import DRIFTS, HIGH_INTENT, Classifier, Example, Intent, Ranked, shipped_examples, shipped_model
from intents.abstain import says_nothing
from intents.guard import Guard
from intents.heldout import Held, Seen, folded, in_folds
from intents.normalise import normalise
from intents.training import SEED, fit

from ..case import intent_cases


class Read(NamedTuple):
    """A case, what was read in it, and whether the model would have acted on it."""

    case: Example
    intent: str
    answered: bool


class Share(NamedTuple):
    """So many of so many."""

    hits: int
    of: int

    def __str__(self) -> str:
        return f"{self.hits / self.of:.3f}" if self.of else "none"


class Numbers(NamedTuple):
    """Of one way to read one group of cases."""

    drift: Share
    """Questions read as a buying signal."""
    right: Share
    answered: Share
    answered_right: Share


def numbers(reads: Sequence[Read], classifier: Classifier) -> Numbers:
    high = classifier.taxonomy.in_group(HIGH_INTENT)
    asked = [one for one in reads if one.case.intent in DRIFTS]
    kept = [one for one in reads if one.answered]
    return Numbers(
        Share(sum(one.intent in high for one in asked), len(asked)),
        Share(sum(one.intent == one.case.intent for one in reads), len(reads)),
        Share(len(kept), len(reads)),
        Share(sum(one.intent == one.case.intent for one in kept), len(kept)),
    )


def held_out(classifier: Classifier, examples: Sequence[Example]) -> list[Held]:
    """Every example, scored by heads of this model's kind that saw none of its fold."""
    seen = in_folds([Seen(one, classifier.eyes.see(one.text, one.context)) for one in examples])
    return [one for one in folded(seen, fit, classifier.eyes, SEED, lambda _: None) if not one.made]


def read_held(classifier: Classifier, held: Sequence[Held]) -> Iterator[Read]:
    """As the classifier reads, but from scores that are there already. An intent that a fold's head lacks is misread."""
    for one in held:
        case, head = one.seen.example, classifier.heads[one.seen.example.speaker]
        if one.labels != head.labels:
            yield Read(case, "", True)
            continue
        scores = classifier.guard.hold_back(
            one.scores, one.labels, one.seen.features, one.parts, case.industry, classifier.taxonomy
        )
        likely, _ = classifier.weigh(head, scores, one.parts, case.speaker)
        best = likely.argsort(kind="stable")[::-1][:2]
        ranked = [Ranked(Intent(one.labels[at]), float(likely[at])) for at in best]
        bare = not case.context and says_nothing(normalise(case.text))
        yield Read(case, ranked[0].intent, classifier.thresholds.abstention(ranked, bare=bare) is None)


def read_cases(classifier: Classifier, cases: Sequence[Example]) -> Iterator[Read]:
    for one in cases:
        reading = classifier.read(
            one.text, speaker=one.speaker, context=one.context, industry=one.industry or None
        )
        yield Read(one, reading.best.intent, reading.abstained is None)


def table(classifier: Classifier, held: Sequence[Held], cases: Sequence[Example]) -> Iterator[str]:
    """A line an industry and one for all: drift and accuracy of each way, folds before development cases."""
    ways = []
    for reader in (replace(classifier, guard=Guard()), classifier):
        ways.append((list(read_held(reader, held)), list(read_cases(reader, cases))))
    columns = [way[part] for part in (0, 1) for way in ways]
    yield "| | folds, without | folds, with | cases, without | cases, with |"
    yield "|---|---|---|---|---|"
    for industry in sorted({one.case.industry for one in columns[0]}):
        cells = [
            numbers([one for one in reads if one.case.industry == industry], classifier) for reads in columns
        ]
        yield f"| {industry or 'no industry'} | " + " | ".join(map(_cell, cells)) + " |"
    whole = [numbers(reads, classifier) for reads in columns]
    yield "| all | " + " | ".join(map(_cell, whole)) + " |"
    answered = " | ".join(f"{one.answered}; {one.answered_right}" for one in whole)
    yield f"| answered; right of those | {answered} |"


def _cell(found: Numbers) -> str:
    return f"{found.drift.hits} of {found.drift.of:,}; {found.right}"


def main() -> None:
    model = shipped_model()
    for line in table(model, held_out(model, shipped_examples()), intent_cases("dev")):
        print(line, flush=True)


if __name__ == "__main__":
    main()
