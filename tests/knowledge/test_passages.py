"""Passages follow a document's structure, and nothing that it says is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.passages import LONGEST, LONGEST_TABLE, cut, models
from knowledge.readers import Block
from knowledge.readers.table import row


def heading(text: str, level: int = 1) -> Block:
    return Block("heading", text, level)


def text(words: str, page: int | None = None) -> Block:
    return Block("text", words, page=page)


def test_each_clause_is_a_passage_with_its_number() -> None:
    pieces = cut([heading("第七条 质保"), text("7.1 质保期36个月。"), text("7.2 免费维修。")])
    assert [(one.clause, one.text) for one in pieces] == [
        ("7.1", "7.1 质保期36个月。"),
        ("7.2", "7.2 免费维修。"),
    ]


def test_a_numbered_item_is_cited_with_the_clause_above_it() -> None:
    pieces = cut([heading("第七条 质保", 2), text("（一）整机36个月;"), text("（二）易损件6个月。")])
    assert [one.clause for one in pieces] == ["第七条（一）", "第七条（二）"]


def test_the_heading_path_stands_with_every_passage() -> None:
    pieces = cut([heading("手册"), heading("参数", 2), text("甲"), heading("安装", 2), text("乙")])
    assert [one.heading for one in pieces] == ["手册 › 参数", "手册 › 安装"]


def test_short_paragraphs_join_and_long_ones_split_at_sentences() -> None:
    sentence = "机器四周应留出三十厘米的通风距离。"
    short = cut([text(sentence), text(sentence)])
    assert [one.text for one in short] == [f"{sentence}\n{sentence}"]
    long = cut([text(sentence * 60)])
    assert len(long) > 1
    assert all(one.text.endswith("。") and len(one.text) <= LONGEST for one in long)


def test_every_piece_of_a_long_table_repeats_the_column_names() -> None:
    pieces = cut([row(("型号", "单价"), (f"X{number}", "18800")) for number in range(100, 160)])
    assert len(pieces) > 1
    assert all(line.startswith("型号：") for one in pieces for line in one.text.split("\n"))
    assert all(one.table and len(one.text) <= LONGEST_TABLE + 60 for one in pieces)


def test_tables_with_other_columns_do_not_mix() -> None:
    assert len(cut([row(("a", "b"), ("1", "2")), row(("c", "d"), ("3", "4"))])) == 2


def test_models_are_carried_down_from_the_nearest_heading_that_names_one() -> None:
    pieces = cut(
        [
            heading("X200 与 X350"),
            heading("X200 参数", 2),
            text("噪声56分贝"),
            heading("安装", 2),
            text("调平"),
        ]
    )
    assert [one.products for one in pieces] == [("X200",), ("X200", "X350")]


def test_the_models_of_the_title_are_the_last_resort() -> None:
    assert cut([text("噪声56分贝")], "P60 说明书")[0].products == ("P60",)


def test_standards_and_alarm_codes_are_no_models() -> None:
    assert models("符合 ISO9001 与 GB4793,报警 E03,防护 IP67,型号 X-200R、P60H") == ["X-200R", "P60H"]


def test_codes_in_a_column_of_codes_are_no_models() -> None:
    pieces = cut([row(("代码", "含义"), ("F02", "缺水")), row(("代码", "含义"), ("A07", "光源衰减"))])
    assert pieces[0].products == ()


def test_revision_tables_and_withdrawn_values_are_marked() -> None:
    revisions = cut([heading("修订记录"), row(("版本", "内容"), ("V2", "噪声改为 56 dB"))])
    withdrawn = cut([heading("历史价格"), text("2024 年单价 17800 元")])
    assert revisions[0].superseded
    assert withdrawn[0].superseded
    assert not cut([heading("参数"), text("噪声 56 dB")])[0].superseded


@pytest.mark.parametrize("remark", ["已作废", "自 V3 起作废", "已废止。"])
def test_a_withdrawn_row_is_marked_apart_from_the_rows_that_hold(remark: str) -> None:
    columns = ("参数", "数值", "备注")
    rows = [("噪声", "60 dB", remark), ("噪声", "56 dB", ""), ("净重", "28 kg", "已作废型号的配件通用")]
    old, current = cut([heading("X200 技术参数"), *(row(columns, cells) for cells in rows)])
    assert (old.superseded, current.superseded) == (True, False)
    assert "60 dB" in old.text
    assert "60 dB" not in current.text
    assert "28 kg" in current.text


def test_a_heading_that_nothing_stands_under_becomes_a_passage() -> None:
    pieces = cut([heading("第一条 不得转让", 2), heading("第二条 付款", 2), text("30 日内付清。")])
    assert [one.text for one in pieces] == ["第一条 不得转让", "30 日内付清。"]
    assert cut([heading("唯一一句")])[0].text == "唯一一句"


def test_a_chapter_over_its_sections_is_no_passage() -> None:
    assert len(cut([heading("第一章"), heading("1.1 用途", 2), text("用于实验室。")])) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["heading", "text", "row"]), st.text("甲乙丙丁。7.2（一）X200", min_size=1))
    )
)
def test_nothing_that_a_document_says_is_lost(written: list[tuple[str, str]]) -> None:
    blocks = [
        row(("列",), (words,)) if kind == "row" else heading(words) if kind == "heading" else text(words)
        for kind, words in written
    ]
    kept = "".join(one.text + one.heading for one in cut(blocks))
    assert all(char in kept for _, words in written for char in words)


def test_an_empty_document_has_no_passages() -> None:
    assert cut([]) == []
