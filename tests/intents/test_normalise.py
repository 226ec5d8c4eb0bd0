"""One spelling for the same words, and the way back to the characters as written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.normalise import aligned, normalise


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("５０台Ｘ２００", "50台x200"),
        ("這個價格能優惠嗎", "这个价格能优惠吗"),
        ("报 价 单 发 我", "报价单发我"),
        ("api key 怎么拿", "api key怎么拿"),
        ("哈哈哈哈哈", "哈哈"),
        ("急!!!!!", "急!!"),
        ("好的~~~", "好的"),
        ("👍", "好的"),
        ("抱价单发我", "报价单发我"),
        ("开飘抬头错了", "开票抬头错了"),
        ("  多少钱?  ", "多少钱?"),
        ("，。！？", ",。!?"),
        ("", ""),
    ],
)
def test_the_same_words_get_one_spelling(said: str, read: str) -> None:
    assert normalise(said) == read


def test_a_span_leads_back_to_the_words_as_they_were_written() -> None:
    whole = aligned("你好,  绪签 怎么弄??")
    start = whole.text.index("续签")
    span = whole.span(start, start + 2)
    assert span.text == "绪签"
    assert whole.original[span.start : span.end] == "绪签"


def test_an_emoji_of_two_characters_comes_from_one_place() -> None:
    whole = aligned("嗯👍")
    assert whole.text == "嗯好的"
    assert whole.span(1, 3).text == "👍"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="报价抱 单x2０！!~👍這個 aB,。 ", max_size=40))
def test_every_character_keeps_a_place_in_the_original_in_order(text: str) -> None:
    whole = aligned(text)
    assert len(whole.text) == len(whole.origin)
    assert list(whole.origin) == sorted(whole.origin)
    assert all(0 <= at < len(text) for at in whole.origin)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="报价单發票x2０！!~ aB,。急", max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
