"""What a model is known to read worse than the rest, for its card: counted on utterances that it never learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from intents.classifier import Classifier
from intents.examples import Example, data_hash, without_near
from intents.labelled import read_labelled
from intents.registry import Registry

CARD = "weaknesses"
LEAST_CASES, MOST = 5, 5
"""Fewer cases say nothing about an intent or a group; so many of each kind are named."""


class HeldOut(NamedTuple):
    """A case that the model never learned, and the intent that it read."""

    case: Example
    read: str

    @property
    def right(self) -> bool:
        return self.case.intent == self.read


def known_weaknesses(registry: Registry, model: str, cases: Sequence[Example]) -> dict[str, Any]:
    """From the model's card, or read now and kept there. Cases that are nearly a settled label do not count.

    Give development cases: who mends what the frozen ones show wears them out. Raises `ModelUnknown`, `ModelUnusable`.
    """
    cases = without_near(cases, registry.labels.settled())
    info = registry.info(model)
    kept: dict[str, Any] = info.card.get(CARD, {})
    if kept.get("data") == data_hash(cases):
        return kept
    found = {"data": data_hash(cases), **weaknesses(held_out(registry.load(info.id), cases))}
    registry.note(info.id, {CARD: found})
    return found


def held_out(classifier: Classifier, cases: Sequence[Example]) -> list[HeldOut]:
    return [
        HeldOut(one, read_labelled(classifier, one).best.intent)
        for one in cases
        if one.speaker in classifier.heads
    ]


def weaknesses(readings: Sequence[HeldOut]) -> dict[str, Any]:
    """Intents of lowest recall and precision, confusions, industries and tags below the whole; each with its counts."""
    right = sum(one.right for one in readings)
    overall = right / len(readings) if readings else 1.0
    confused = Counter((one.case.intent, one.read) for one in readings if not one.right)
    return {
        "cases": len(readings),
        "right": right,
        "recall": _worst([(one.case.intent, one.right) for one in readings]),
        "precision": _worst([(one.read, one.right) for one in readings]),
        "confusions": [
            {"wanted": wanted, "read": read, "count": count}
            for (wanted, read), count in confused.most_common(MOST)
        ],
        "industries": _worst(
            [(one.case.industry, one.right) for one in readings if one.case.industry], overall
        ),
        "tags": _worst([(tag, one.right) for one in readings for tag in one.case.tags], overall),
    }


def _worst(rows: Sequence[tuple[str, bool]], below: float = 1.0) -> list[dict[str, Any]]:
    """The lowest shares first, none that reaches `below`."""
    of, right = Counter(name for name, _ in rows), Counter(name for name, was_right in rows if was_right)
    found = [name for name in of if of[name] >= LEAST_CASES and right[name] < below * of[name]]
    worst = sorted(found, key=lambda name: (right[name] / of[name], name))[:MOST]
    return [{"name": str(name), "right": right[name], "of": of[name]} for name in worst]
