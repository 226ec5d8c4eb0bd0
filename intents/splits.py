"""Training, development and test part of labelled utterances, such that no part has seen another: what is nearly the same stays together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from intents.examples import Example, near

LIKENESS = 0.7
"""Jaccard of character trigrams from which two utterances are nearly the same; as where models are judged."""
PARTS = (("train", 0.8), ("dev", 0.1), ("test", 0.1))


def split_of(examples: Sequence[Example]) -> dict[str, str]:
    """Id → part. A group goes where the hash of its first member's id says: what is labelled later moves nothing."""
    return {
        examples[at].id: _part(examples[group[0]].id)
        for group in alike([one.text for one in examples])
        for at in group
    }


def alike(texts: Sequence[str]) -> list[list[int]]:
    """Places of texts that are nearly the same, directly or over others between them; each group and all groups in order."""
    grams = [near(text) for text in texts]
    leads = list(range(len(texts)))
    by_gram: dict[str, list[int]] = {}
    for at, mine in enumerate(grams):
        for other in {other for gram in mine for other in by_gram.get(gram, ())}:
            if len(mine & grams[other]) >= LIKENESS * len(mine | grams[other]):
                one, two = sorted((_lead(leads, at), _lead(leads, other)))
                leads[two] = one
        for gram in mine:
            by_gram.setdefault(gram, []).append(at)
    groups: dict[int, list[int]] = {}
    for at in range(len(texts)):
        groups.setdefault(_lead(leads, at), []).append(at)
    return list(groups.values())


def _lead(leads: list[int], at: int) -> int:
    while leads[at] != at:
        leads[at] = leads[leads[at]]
        at = leads[at]
    return at


def _part(name: str) -> str:
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
    for part, size in PARTS:
        if share < size:
            return part
        share -= size
    return PARTS[-1][0]
