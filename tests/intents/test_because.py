"""The reasons a card shows are stretches of the text as it was written, and they are the words that pulled."""

from __future__ import annotations

import pytest

from intents import Classifier, shipped_model


@pytest.mark.parametrize(
    "text", ["５０台  Ｘ２００ 什麼價格?", "先看看,報價單發我", "👍", "抱价单 发我", "质保几年啊~~~多少钱"]
)
def test_reasons_point_into_the_text_as_it_was_written(text: str) -> None:
    for ranked in shipped_model().read(text).ranked:
        for span in ranked.because:
            assert text[span.start : span.end] == span.text


def test_the_words_that_carry_the_intent_are_the_reason(small: Classifier) -> None:
    best = small.read("那个谁啊,50台多少钱一台").best
    assert best.intent == "quote_request"
    assert any("多少钱" in span.text for span in best.because)


def test_each_of_the_two_best_has_reasons_of_its_own(small: Classifier) -> None:
    first, second = small.read("质保几年,多少钱一台").ranked[:2]
    assert {first.intent, second.intent} == {"quote_request", "contract_terms"}
    reasons = {one.intent: "".join(span.text for span in one.because) for one in (first, second)}
    assert "质保" in reasons["contract_terms"]
    assert "多少钱" in reasons["quote_request"]
