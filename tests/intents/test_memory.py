"""A settled correction works at once, for the same words and, less, for words near to them."""

from __future__ import annotations

from intents import Classifier
from intents.memory import Remembered, remember


def remembering(small: Classifier, *settled: tuple[str, str]) -> Classifier:
    rows = [Remembered(text, "customer", intent) for text, intent in settled]
    return small.remembering(remember(rows, small.heads, small.eyes))


def test_the_same_words_are_read_as_settled(small: Classifier) -> None:
    text = "多少钱一台"
    assert small.read(text).best.intent == "quote_request"
    taught = remembering(small, (text, "vague_interest")).read(text)
    assert taught.best.intent == "vague_interest"
    assert taught.best.confidence > 0.9


def test_words_near_to_a_correction_move_less(small: Classifier) -> None:
    taught = remembering(small, ("质保几年", "technical_inquiry"))

    def technical(text: str) -> float:
        return {str(one.intent): one.confidence for one in taught.read(text).ranked}["technical_inquiry"]

    assert technical("质保几年") > technical("请问质保几年呢") > technical("质保期几年") > technical("先看看")
    assert taught.read("先看看").ranked == small.read("先看看").ranked


def test_the_latest_settlement_of_the_same_words_counts(small: Classifier) -> None:
    taught = remembering(small, ("先看看", "quote_request"), ("先看看", "contract_terms"))
    assert taught.read("先看看").best.intent == "contract_terms"


def test_an_intent_or_speaker_that_the_model_does_not_know_changes_nothing(small: Classifier) -> None:
    taught = remembering(small, ("先看看", "not_an_intent"))
    assert taught.read("先看看").ranked == small.read("先看看").ranked
    rows = [Remembered("先看看", "rep", "schedule")]
    assert len(remember(rows, small.heads, small.eyes)) == 0


def test_probabilities_still_add_up(small: Classifier) -> None:
    taught = remembering(small, ("先看看", "contract_terms"))
    assert abs(sum(one.confidence for one in taught.read("先看看吧").ranked) - 1) < 1e-6
