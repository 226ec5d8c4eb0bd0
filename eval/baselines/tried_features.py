"""What further features would bring: `python -m eval.baselines.tried_features`.

The product's own heads are fitted with and without them and read the held-out folds of the training examples and the development
set, without guard, acts, memory and calibration. Training examples hold the turns before, but no cards; so "the last card's
intent" is what the shipped model reads in the turn before, which is what a card would have said. What won is in the
product since (intents/card_before.py, for short words).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from intents import Classifier, Example, shipped_examples, shipped_model
from intents.entities import find_entities
from intents.features import ALONE, EARLIER, Feature
from intents.heldout import FOLDS, Seen, in_folds
from intents.linear import Head
from intents.normalise import normalise
from intents.training import fit

from ..case import intent_cases
from ..metrics import Interval, wilson

More = Callable[[Classifier, Example], Iterator[Feature]]


def none(_model: Classifier, _one: Example) -> Iterator[Feature]:
    yield from ()


def entity_types(_model: Classifier, one: Example) -> Iterator[Feature]:
    """One feature for each value found: that there is money, a quantity, a time …"""
    for entity in find_entities(one.text):
        yield Feature(f"e:{entity.type}", 0, 0)


def card_before(model: Classifier, one: Example) -> Iterator[Feature]:
    """The intent read in the turn before, where the words are too short alone (as the words of that turn are)."""
    if one.context and len(one.text) <= ALONE:
        yield from _card(model, one)


def card_before_always(model: Classifier, one: Example) -> Iterator[Feature]:
    """The same whatever the length."""
    if one.context:
        yield from _card(model, one)


def cues_before(model: Classifier, one: Example) -> Iterator[Feature]:
    """Instead of a card: the cues that stand in the turn before, for short words."""
    if one.context and len(one.text) <= ALONE:
        for cue, _, _ in model.eyes.cues.find(normalise(one.context[-1])[-EARLIER:]):
            yield Feature(f"i:{cue.intent}", 0, 0)


def card_and_entities(model: Classifier, one: Example) -> Iterator[Feature]:
    yield from card_before(model, one)
    yield from entity_types(model, one)


def _card(model: Classifier, one: Example) -> Iterator[Feature]:
    reading = model.read(one.context[-1], speaker="customer", context=one.context[:-1])
    yield Feature(f"i:{reading.best.intent}", 0, 0)
    yield Feature(f"i:{'asked' if reading.abstained else 'proposed'}", 0, 0)


WAYS: Mapping[str, More] = {
    "neither": none,
    "entity types": entity_types,
    "the last card, for short words": card_before,
    "the last card, always": card_before_always,
    "cues of the turn before, for short words": cues_before,
    "the last card (short words) and entity types": card_and_entities,
}


def tried(
    more: More, model: Classifier, examples: Sequence[Seen], cases: Sequence[Seen]
) -> list[Interval | None]:
    """Accuracy on the folds, on those of them that have a turn before, on dev, on those of dev that have one."""
    seen, others = _with(more, model, examples), _with(more, model, cases)
    by_fold = [_read(_heads([one for one in seen if one.fold != fold]), [one for one in seen if one.fold == fold]) for fold in range(FOLDS)]  # fmt: skip
    held, dev = [pair for pairs in by_fold for pair in pairs], _read(_heads(seen), others)
    return [_right(pairs, after) for pairs in (held, dev) for after in (False, True)]


def _with(more: More, model: Classifier, seen: Sequence[Seen]) -> list[Seen]:
    return [one._replace(features=[*one.features, *more(model, one.example)]) for one in seen]


def _heads(seen: Sequence[Seen]) -> dict[str, Head]:
    speakers = sorted({one.example.speaker for one in seen})
    return {who: fit([one for one in seen if one.example.speaker == who]) for who in speakers}


def _read(heads: Mapping[str, Head], seen: Sequence[Seen]) -> list[tuple[Example, str]]:
    found = []
    for one in seen:
        head = heads[one.example.speaker]
        scores = head.scores(head.sight(one.features))
        found.append((one.example, head.labels[int(np.argmax(scores))]))
    return found


def _right(pairs: Sequence[tuple[Example, str]], after: bool) -> Interval | None:
    kept = [(one, read) for one, read in pairs if one.context or not after]
    return wilson(sum(one.intent == read for one, read in kept), len(kept))


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("names", nargs="*", help=f"of {', '.join(WAYS)}; none for all")
    names = told.parse_args().names or list(WAYS)
    if unknown := set(names) - set(WAYS):
        told.error(f"no way called {', '.join(unknown)}; there are {', '.join(WAYS)}")
    model = shipped_model()
    eyes = replace(model.eyes, card=None)

    def see(one: Example) -> Seen:
        return Seen(one, eyes.see(one.text, one.context))

    examples, cases = (
        in_folds([see(one) for one in shipped_examples()]),
        [see(one) for one in intent_cases("dev")],
    )
    print("| features | folds | folds, after a turn | dev | dev, after a turn |\n|---|---|---|---|---|")
    for name in names:
        cells = " | ".join(map(str, tried(WAYS[name], model, examples, cases)))
        print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
