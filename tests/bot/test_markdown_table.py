"""A table in words: what is written is read back, by others' readers too, and told in lines where it cannot be drawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.markdown_table import Table, blocks, in_lines

SPEEDS = Table(("参数", "X200", "X350"), (("转速", "300 rpm", "350 rpm"), ("制冷", "—", "有")))
TOLD = f"**对照**:2 项不同\n\n{SPEEDS}\n\n> 《手册》第3页"
_CELLS = st.text(st.characters(codec="utf-8") | st.sampled_from("|\\`*\n "), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.tuples(*[_CELLS] * width), max_size=4))
    return Table(draw(st.tuples(*[_CELLS] * width)), tuple(rows))


def test_a_table_is_markdown_between_pipes() -> None:
    assert str(SPEEDS).splitlines() == [
        "| 参数 | X200 | X350 |",
        "| --- | --- | --- |",
        "| 转速 | 300 rpm | 350 rpm |",
        "| 制冷 | — | 有 |",
    ]


def test_words_fall_apart_into_text_and_tables() -> None:
    assert list(blocks(TOLD)) == ["**对照**:2 项不同", SPEEDS, "> 《手册》第3页"]
    assert list(blocks("")) == []


def test_where_no_table_is_shown_each_row_is_a_line_that_names_whose_value_it_is() -> None:
    assert in_lines(TOLD).splitlines() == [
        "**对照**:2 项不同",
        "· 转速:X200 300 rpm;X350 350 rpm",
        "· 制冷:X200 —;X350 有",
        "> 《手册》第3页",
    ]


def test_words_without_a_table_stay_as_they_are() -> None:
    for words in ("压力 | 流量", "| 不是 |\n表", "a\n\n\n| - |", "|a|\r\n|-|\r\n|b|", " \n前后空行\n "):
        assert in_lines(words) == words


def test_a_row_that_is_too_short_or_too_long_keeps_to_the_head() -> None:
    (read,) = blocks("| 甲 | 乙 |\n| --- | --- |\n| 1 |\n| 1 | 2 | 3 |")
    assert read == Table(("甲", "乙"), (("1", ""), ("1", "2")))
    assert in_lines(f"{read}") == "· 1:乙 \n· 1:乙 2"


@given(tables())
def test_what_was_written_is_read_back(table: Table) -> None:
    def tidy(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(" ".join(cell.split()) for cell in cells)

    written = f"前\n\n{table}\n\n后"
    assert list(blocks(written)) == ["前", Table(tidy(table.head), tuple(map(tidy, table.rows))), "后"]


@given(st.text(st.sampled_from("|-\\ :\na"), max_size=60))
def test_any_words_can_be_taken_apart(words: str) -> None:
    assert isinstance(in_lines(words), str)


def test_another_reader_of_markdown_finds_the_same_cells() -> None:
    odd = Table(("a|b", "c"), (("d\\", "e | f"), ("x\ny", "\\|")))
    tokens = MarkdownIt("commonmark").enable("table").parse(str(odd))
    read = ["".join(part.content for part in one.children or []) for one in tokens if one.type == "inline"]
    assert read == ["a|b", "c", "d\\", "e | f", "x y", "\\|"]
