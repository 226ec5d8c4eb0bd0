"""What the card before was about is seen beside words that are too short alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import Classifier, Example, load, save, train
from intents.card_before import knowing_cards
from intents.features import CARD
from tests.intents.conftest import small_set

PRICE, TERMS = "报价发您了,一台三万", "合同里质保写的是两年"


def after_turns() -> list[Example]:
    """Five words that mean one thing after a price and another after a term."""
    return [
        Example(f"{intent}-{number}", words, "customer", intent, context=(before,))
        for intent, before in (("quote_request", PRICE), ("contract_terms", TERMS))
        for number, words in enumerate(("能再商量吗", "这个不行", "改一改吧", "太死了", "再让一步"), 900)
    ]


@pytest.fixture(scope="module")
def taught() -> Classifier:
    return train([*small_set(), *after_turns()])


def cards(model: Classifier, text: str, *context: str) -> list[str]:
    return [one.name for one in model.eyes.see(text, context) if one.name.startswith(CARD)]


def test_the_intent_of_the_turn_before_is_a_feature_of_short_words_only(taught: Classifier) -> None:
    assert cards(taught, "能再商量吗", "多少钱一台") == ["i:quote_request"]
    assert cards(taught, "能再商量吗", "多少钱一台", "质保几年") == ["i:contract_terms"]
    assert cards(taught, "能再商量吗") == []
    assert cards(taught, "我们科室的人都觉得你们这个还能再商量商量吗", "多少钱一台") == []


def test_a_turn_in_other_words_that_reads_the_same_is_read_on(taught: Classifier) -> None:
    """Other turns before than those of the examples; what they have in common is what they are about."""
    assert taught.read("再让一步", context=["多少钱一台"]).best.intent == "quote_request"
    assert taught.read("再让一步", context=["质保期从哪天算"]).best.intent == "contract_terms"


def test_a_model_from_a_file_sees_cards_as_before(taught: Classifier, tmp_path: Path) -> None:
    save(taught, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    for before in ("多少钱一台", "质保几年"):
        assert again.read("改一改吧", context=[before]) == taught.read("改一改吧", context=[before])


def test_heads_that_were_never_taught_cards_look_for_none(small: Classifier) -> None:
    assert knowing_cards(small.eyes, small.heads).card is None
    assert cards(small, "能再商量吗", "多少钱一台") == []
