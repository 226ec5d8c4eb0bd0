"""Contrasts and near-duplicates fall into one fold, proved on the shipped examples by other measures than the one that finds them."""

from __future__ import annotations

from collections import Counter, defaultdict
from difflib import SequenceMatcher
from itertools import pairwise

import pytest

from intents import Example, shipped_examples
from intents.contrast import firsts, folds_of
from intents.examples import fold_of, near
from intents.heldout import FOLDS
from intents.normalise import normalise

SHORT = 6
"""Characters below which likeness tells nothing: 定别家了, 换别人了."""


def example(name: str, text: str, intent: str = "technical_inquiry") -> Example:
    return Example(name, text, "customer", intent)


@pytest.fixture(scope="module")
def shipped() -> list[Example]:
    return shipped_examples()


@pytest.fixture(scope="module")
def folds(shipped: list[Example]) -> list[int]:
    return folds_of(shipped, FOLDS)


def test_a_contrast_cut_by_a_block_of_lines_stays_together() -> None:
    last, first = example("tr-x-0011", "质保到期了还修吗"), example("tr-x-0012", "质保到期了,续一年吧")
    assert fold_of(last, FOLDS) != fold_of(first, FOLDS)
    assert len(set(folds_of([last, first], FOLDS))) == 1


def test_a_frame_taken_up_in_another_file_goes_with_the_first() -> None:
    one, other = example("tr-a-0100", "这台离心机最高多少转"), example("tr-z-0005", "这台离心机最低多少转")
    far = example("tr-z-0006", "发票什么时候能开出来")
    assert firsts([other, far, one]) == [2, 1, 2]


def test_what_belongs_to_either_belongs_to_both() -> None:
    chain = [
        example("tr-a-0001", "合同里写的质保是两年"),
        example("tr-b-0001", "合同里写的质保是两年还是三年来着"),
        example("tr-c-0001", "质保是两年还是三年来着,我忘了问"),
    ]
    assert firsts(chain[::2]) == [0, 1]
    assert firsts(chain) == [0, 0, 0]


def test_a_set_of_one_template_is_split_by_lines_all_the_same() -> None:
    made = [example(f"t-{number:04}", f"请问{chr(0x4E00 + number)}号机的精度是多少") for number in range(120)]
    assert len(set(folds_of(made, FOLDS))) > 1


def test_most_lines_stay_with_their_neighbours(shipped: list[Example], folds: list[int]) -> None:
    moved = sum(fold_of(one, FOLDS) != fold for one, fold in zip(shipped, folds, strict=True))
    assert 0 < moved < 0.15 * len(shipped)
    assert min(Counter(folds).values()) > 0.15 * len(shipped)


def test_near_lines_of_a_file_that_are_alike_fall_into_one_fold(
    shipped: list[Example], folds: list[int]
) -> None:
    """Neighbours compared by their longest common parts, which is not how groups are found."""
    alike = [
        (one.id, other.id)
        for (one, fold), (other, its_fold) in pairwise(zip(shipped, folds, strict=True))
        if fold != its_fold and _likeness(one, other) >= 0.6
    ]
    assert alike == []


def test_near_duplicates_anywhere_fall_into_one_fold(shipped: list[Example], folds: list[int]) -> None:
    """Every pair, by the trigrams of which the training set is kept apart from dev and test."""
    grams = [near(one.text) for one in shipped]
    having: dict[str, list[int]] = defaultdict(list)
    split = []
    for at, mine in enumerate(grams):
        for other, shared in Counter(other for gram in mine for other in having[gram]).items():
            if folds[at] != folds[other] and shared >= 0.4 * len(mine | grams[other]):
                split.append((shipped[other].id, shipped[at].id))
        for gram in mine:
            having[gram].append(at)
    assert split == []


def _likeness(one: Example, other: Example) -> float:
    texts = normalise(one.text), normalise(other.text)
    return SequenceMatcher(None, *texts, autojunk=False).ratio() if min(map(len, texts)) >= SHORT else 0.0
