"""Which utterances belong together when data are split: contrasts and near-duplicates never fall apart.

Authors write contrasts side by side (the same words, one turned: another intent) and return to a frame later, also in
another file. A split between them would let a model be measured on what it has nearly seen. Two utterances belong together
where they share much of their words, wherever they stand, or something of them and stand side by side; and so does what
belongs to either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from math import ceil

from intents.examples import CONTRAST, Example, fold_of, near, numbered

ALIKE = 0.35
"""Share of common character pairs (Jaccard) from which two utterances belong together, wherever they stand."""
BESIDE = 3
"""Lines of one file within which authors' contrasts are written."""
ALIKE_BESIDE = 0.06
"""The same for two lines so near; of lines far apart one pair in a hundred reaches it."""
LARGEST = 0.1
"""Share of a fold (and more than `CONTRAST` examples) from which what belongs together is a template, not a contrast."""


def folds_of(examples: Sequence[Example], folds: int) -> list[int]:
    """The fold of each example: that of its block of lines, or of the first one that it belongs together with.

    Sets made from one template would end up in one fold; their examples go by blocks alone.
    """
    first = firsts(examples)
    sizes, most = Counter(first), max(CONTRAST, LARGEST * len(examples) / folds)
    return [fold_of(examples[at if sizes[at] <= most else own], folds) for own, at in enumerate(first)]


def firsts(examples: Sequence[Example]) -> list[int]:
    """For each example the place of the first, by id, of those that belong together with it."""
    place = sorted(range(len(examples)), key=lambda at: numbered(examples[at].id))
    rank = {at: number for number, at in enumerate(place)}
    root = list(range(len(examples)))

    def first(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    pairs = [near(one.text, 2) for one in examples]
    for one, other in (*_alike(pairs), *_beside(examples, pairs, place)):
        low, high = sorted((first(one), first(other)), key=rank.__getitem__)
        root[high] = low
    return [first(at) for at in range(len(examples))]


def _alike(pairs: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Those that share much of their words, found over their rare character pairs.

    Two of n and m pairs can only be that alike if one is among the n - ⌈n · ALIKE⌉ + 1 rarest of the first and among as
    many of the second (prefix filtering, Chaudhuri et al. 2006): few utterances have to be compared.
    """
    often = Counter(pair for mine in pairs for pair in mine)
    having: dict[str, list[int]] = defaultdict(list)
    for at, mine in enumerate(pairs):
        rarest = sorted(mine, key=lambda pair: (often[pair], pair))[: len(mine) - ceil(len(mine) * ALIKE) + 1]
        for other in {other for pair in rarest for other in having[pair]}:
            if _share(len(mine & pairs[other]), mine, pairs[other]) >= ALIKE:
                yield at, other
        for pair in rarest:
            having[pair].append(at)


def _beside(
    examples: Sequence[Example], pairs: Sequence[frozenset[str]], place: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Near lines of one file that share something of their words."""
    for number, one in enumerate(place):
        for other in place[number + 1 : number + 1 + BESIDE]:
            (file, line), (its_file, its_line) = numbered(examples[one].id), numbered(examples[other].id)
            if file == its_file and its_line - line <= BESIDE:
                shared = len(pairs[one] & pairs[other])
                if _share(shared, pairs[one], pairs[other]) >= ALIKE_BESIDE:
                    yield one, other


def _share(shared: int, one: frozenset[str], other: frozenset[str]) -> float:
    return shared / (len(one) + len(other) - shared)
