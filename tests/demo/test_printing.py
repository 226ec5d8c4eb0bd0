"""How texts are taken apart and set."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from bot.demo import documents
from bot.demo.company import DEMO, DemoDocument
from bot.demo.printing.pdf import _shares, _wrapped
from bot.demo.printing.pieces import Grid, Heading, Item, Words, parse


class Ruler:
    """Every character is one wide."""

    def get_string_width(self, text: str) -> float:
        return len(text)


def test_markdown_becomes_headings_words_items_and_grids() -> None:
    text = "# 标题\n\n一段话。\n\n- 甲\n- 乙\n\n1. 一\n2. 二\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert parse(text) == [
        Heading("标题", 1),
        Words("一段话。"),
        Item("甲"),
        Item("乙"),
        Item("一", 1),
        Item("二", 2),
        Grid((("a", "b"), ("1", "2"))),
    ]


def test_numbers_and_words_are_never_broken_over_two_lines() -> None:
    lines = _wrapped(Ruler(), "允许转速为16500 r/min，再高就会报警", 9).splitlines()
    assert lines == ["允许转速为", "16500", "r/min，再高就", "会报警"]


def test_no_line_begins_with_a_full_stop() -> None:
    assert _wrapped(Ruler(), "一二三四。五", 4).splitlines() == ["一二三", "四。五"]


def test_a_long_column_is_wider_and_all_fill_the_page() -> None:
    shares = _shares([("代码", "处理方法"), ("E03", "停机后对称放置并配平")])
    assert shares[1] > shares[0]
    assert sum(shares) == pytest.approx(1)


def test_a_source_that_names_an_unknown_fact_is_refused() -> None:
    lost = DemoDocument(
        DEMO / "documents" / "contract-renhe.docx", "contract", "合同", "1", customer="没有的公司"
    )
    with pytest.raises(UndefinedError):
        documents.text_of(lost)
