"""Words are cut and parted between characters, and data stays data in markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.dingtalk.text import fit, link, one_line, parts, plain, spread
from tests.fakes.dingtalk_payloads import UNHURRIED


@UNHURRIED
@given(st.text(), st.integers(8, 200))
def test_fitted_text_is_within_its_bytes_and_unchanged_where_it_fits(text: str, most: int) -> None:
    fitted = fit(text, most)
    assert len(fitted.encode()) <= most
    assert fitted == text if len(text.encode()) <= most else fitted.endswith("…")


@UNHURRIED
@given(st.text(), st.integers(8, 200))
def test_parts_lose_nothing_but_empty_edges(text: str, most: int) -> None:
    pieces = parts(text, most)
    assert all(len(piece.encode()) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_character_is_never_cut_in_two() -> None:
    assert fit("报价单" * 10, 11) == "报价…"
    assert parts("报价单", 4) == ["报", "价", "单"]


def test_text_is_parted_at_line_ends_where_it_can_be() -> None:
    assert parts("一二\n三四\n五六", 13) == ["一二\n三四", "五六"]


def test_what_does_not_fit_into_its_slots_is_said_to_be_elsewhere() -> None:
    assert spread(["一二", "三四"], 3, 7, "…") == ["一二", "三四", ""]
    filled = spread(["一二三", "四五六", "七八九"], 2, 12, "(见页)")
    assert filled == ["一二三", "…(见页)"]


@UNHURRIED
@given(st.lists(st.text(max_size=40), max_size=6), st.integers(1, 4))
def test_slots_are_always_as_many_as_asked_for(paragraphs: list[str], slots: int) -> None:
    filled = spread(paragraphs, slots, 64, "…(见页)")
    assert len(filled) == slots
    assert all(len(slot.encode()) <= 64 for slot in filled)


@pytest.mark.parametrize(
    "words",
    [
        "[免费](http://evil.example)",
        "![x](http://evil.example/x.png)",
        "<a atId=lisi>李四</a>",
        "[x][1]",
        "[1]: http://evil.example",
    ],
)
def test_words_of_others_make_no_links_pictures_or_mentions(words: str) -> None:
    shown = plain(words)
    assert not re.search(r"\]\(|\]\[|\]:|!\[|<", shown)
    assert plain(shown) == shown


def test_ordinary_words_stay_as_they_are() -> None:
    assert plain("报价 [含税] 900 元!") == "报价 [含税] 900 元!"
    assert one_line("  两行\n 字 ") == "两行 字"


def test_links_lead_to_web_pages_only() -> None:
    assert link("第3页", "https://yiju.example/d/t?p=(1)") == "[第3页](https://yiju.example/d/t?p=%281%29)"
    assert link("第3页", "javascript:alert(1)") == "第3页"
    assert link("见[3]页", "https://yiju.example/") == "[见 3 页](https://yiju.example/)"
