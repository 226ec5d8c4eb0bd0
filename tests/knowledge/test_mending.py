"""Slips of the input method are put right; words that merely meet are left alone."""

from __future__ import annotations

from knowledge.mending import LONGEST, mended

WRITTEN = {"台式": 9, "什么": 3, "么价": 1, "质保": 9, "保期": 9}


def put_right(text: str) -> str:
    return mended(text, lambda pair: WRITTEN.get(pair, 0), frozenset())


def test_a_slip_becomes_the_word_that_documents_have() -> None:
    assert put_right("质堡期") == "质保期"


def test_two_words_that_meet_are_no_slip() -> None:
    assert put_right("50台什么价") == "50台什么价"


def test_a_text_too_long_to_be_typed_is_left_as_it_is() -> None:
    long = "质堡期" * LONGEST
    assert put_right(long) == long
