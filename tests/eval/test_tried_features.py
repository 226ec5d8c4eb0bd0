"""Further features go to the heads as the others do, and each accuracy is of the cases it is named for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.baselines.tried_features import (
    WAYS,
    card_before,
    card_before_always,
    cues_before,
    entity_types,
    tried,
)
from intents import Classifier, Example, train
from intents.features import ALONE
from intents.heldout import Seen, in_folds
from tests.intents.conftest import small_set

SHORT = Example("s", "能再商量吗", "customer", "quote_request", context=("多少钱一台",))
LONG = replace(SHORT, text="我们科室的人都想知道这个还能不能再商量商量")


@pytest.fixture(scope="module")
def small() -> Classifier:
    return train(small_set())


def test_a_card_before_is_seen_with_short_words_and_entities_with_all(small: Classifier) -> None:
    assert len(SHORT.text) <= ALONE < len(LONG.text)
    assert "i:quote_request" in [one.name for one in card_before(small, SHORT)]
    assert not list(card_before(small, LONG))
    assert "i:quote_request" in [one.name for one in card_before_always(small, LONG)]
    assert "i:quote_request" in [one.name for one in cues_before(small, SHORT)]
    assert [one.name for one in entity_types(small, replace(SHORT, text="预算三十万"))] == ["e:money"]


def test_each_way_is_measured_on_all_and_after_a_turn(small: Classifier) -> None:
    examples = [*small_set(), SHORT]
    seen = in_folds([Seen(one, small.eyes.see(one.text, one.context)) for one in examples])
    for more in WAYS.values():
        held, held_after, dev, dev_after = tried(more, small, seen, seen)
        assert held is not None
        assert held_after is not None
        assert dev is not None
        assert dev_after is not None
        assert dev.value > 0.9  # its own examples
