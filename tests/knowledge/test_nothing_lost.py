"""Nothing that a reader of a document sees vanishes: every visible word is in the passages, in its order."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.model import NOTES
from knowledge.passages import cut
from knowledge.readers import Block, html, read
from tests.fakes.pdf import Words, field, options, shown_as, text_box, write_pdf

Write = Callable[[str, str], Path]
INLINE = ["a", "b", "code", "em", "font", "i", "mark", "span", "strong", "u"]
BLOCK = ["address", "article", "blockquote", "div", "fieldset", "h2", "h3", "p", "pre", "section", "x-card"]
NOISE = [
    "<nav>噪 <a>噪</a></nav>",
    "<script>噪()</script>",
    "<style>.噪{}</style>",
    "<!-- 噪 -->",
    "<aside>噪</aside>",
]
WORD = "<word>"
words = st.sampled_from([WORD, f" {WORD} ", f"{WORD}<br>{WORD}", f"{WORD}\n{WORD}"])


def _within(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.lists(children | st.sampled_from(NOISE), min_size=1, max_size=4).map("".join)
    tagged = st.tuples(st.sampled_from([*INLINE, *BLOCK]), parts).map(
        lambda one: f"<{one[0]}>{one[1]}</{one[0]}>"
    )
    listed = parts.map(lambda inner: f"<ul><li>{inner}</li><li>{WORD}</li></ul>")
    table = st.tuples(parts, st.booleans()).map(
        lambda one: (
            f"<table>{'<tr><th>表头</th><th>表头二</th></tr>' if one[1] else ''}"
            f"<tr><td>{one[0]}</td><td>{WORD}</td></tr></table>"
        )
    )
    return tagged | listed | table


pages = st.lists(st.recursive(words, _within, max_leaves=12), min_size=1, max_size=4).map("".join)


def _numbered(page: str) -> tuple[str, list[str]]:
    counter = itertools.count()
    filled = re.sub(WORD, lambda _: f"字{next(counter)}号", page)
    return filled, [f"字{at}号" for at in range(next(counter))]


@given(pages)
@settings(deadline=None)
def test_every_visible_word_of_a_page_is_kept_in_its_order(page: str) -> None:
    filled, expected = _numbered(page)
    blocks = [block for block in html.blocks(f"<body>{filled}</body>") if block.text.strip()]
    assert re.findall(r"字\d+号", "\n".join(block.text for block in blocks)) == expected
    kept = _all_of(blocks)
    assert all(word in kept for word in expected)
    assert "噪" not in kept


def _all_of(blocks: list[Block]) -> str:
    pieces = cut(blocks)
    return "".join(piece.text for piece in pieces) + "\n".join(piece.heading for piece in pieces)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "<div>质保期为<span>24个月</span>,自验收之日起。</div>",
            ["质保期为24个月,自验收之日起。"],
        ),
        ("<div>付款方式:<p>预付三成。</p>余款货到付。</div>", ["付款方式:", "预付三成。", "余款货到付。"]),
        ("<body>只有<b>粗体</b>和<a href=x>链接</a></body>", ["只有粗体和链接"]),
        ("<p>第一行<br>第二行</p>", ["第一行\n第二行"]),
        ("<p>10<sup>4</sup> Ω,30 m<sup>2</sup></p>", ["10⁴ Ω,30 m²"]),
        ("<figure><img><figcaption>图 1 外形</figcaption></figure>", ["图 1 外形"]),
        ("<article>甲</article><article>乙</article>", ["甲", "乙"]),
        ("<form><table><tr><td>整页在表单里</td></tr></table></form><form>搜索</form>", ["整页在表单里"]),
        ("<table><caption>表 2</caption><tr><td>甲</td></tr></table>", ["表 2", "甲"]),
        ("<table><tr><th>型号</th><th>价格</th></tr></table>", ["型号；价格"]),
        ("<table><tr><th>噪声</th><td>56 dB</td></tr></table>", ["噪声；56 dB"]),
        (
            "<table><tr><th>型号<th>价格<tr><td>X200<td>1<td>另加运费</table>",
            ["型号：X200；价格：1；另加运费"],
        ),
        ("<table><tr><th>型号<th>备注<tr><td>X200<td></table>", ["备注", "型号：X200"]),
        (
            (
                "<table><thead><tr><th rowspan=2>型号<th colspan=2>价格<tr><th>标准<th>代理</thead>"
                "<tr><td>X200<td>3<td>2<tr><td colspan=3>以上含税</table>"
            ),
            ["型号：X200；价格 标准：3；价格 代理：2", "以上含税"],
        ),
        (
            "<table><tr><td><h2>左栏</h2>甲</td><td>乙<table><tr><td>丙</td></tr></table></td></tr></table>",
            ["左栏", "甲", "乙", "丙"],
        ),
    ],
)
def test_a_page_reads_as_a_browser_shows_it(page: str, expected: list[str]) -> None:
    assert [block.text for block in html.blocks(page)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("术语<br>下行", ["术语\n下行"]),
        ("<div>整块 HTML</div>", ["整块 HTML"]),
        ("<table><tr><th>型号</th><th>价</th></tr><tr><td>X200</td><td>1</td></tr></table>", ["型号：X200；价：1"]),
        ("前<span>中</span>后", ["前中后"]),
        ("| 型号 | 价 |\n|---|---|\n| X200 | 1<br>2 |", ["型号：X200；价：1 2"]),
        ("---\n甲方与乙方约定如下。\n---\n正文", ["甲方与乙方约定如下。", "正文"]),
        ("价格[^1]\n\n[^1]: 不含税", ["价格[^1]", "[^1]: 不含税"]),
        ("```\n一\n  二\n```", ["一\n二"]),
        ("\n".join(f"{'  ' * deep}- 第{deep}层" for deep in range(14)), [f"第{deep}层" for deep in range(14)]),
    ],
)  # fmt: skip
def test_a_markdown_file_reads_as_it_is_shown(write: Write, text: str, expected: list[str]) -> None:
    assert [block.text for block in read(write("a.md", text))] == expected


class TestSheets:
    HEAD = "型号,制冷,联网,静音\n"

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            ("X200,是,是,是\n是,是,是,是\n", ["型号：X200；制冷：是；联网：是；静音：是", "型号：是；制冷：是；联网：是；静音：是"]),
            ("X200,是,否,是\nX350,,,\n", ["型号：X200；制冷：是；联网：否；静音：是", "型号：X350"]),
            ("X200,是,是,是\n,,面议,\n", ["型号：X200；制冷：是；联网：是；静音：是", "联网：面议"]),
            ("X200,是,是,\n", ["静音", "型号：X200；制冷：是；联网：是"]),
            ("X200,是,是,是,加长款\n", ["型号：X200；制冷：是；联网：是；静音：是；加长款"]),
            ("", ["型号；制冷；联网；静音"]),
        ],
    )  # fmt: skip
    def test_every_row_keeps_its_headers(self, write: Write, lines: str, expected: list[str]) -> None:
        assert [block.text for block in read(write("表.csv", self.HEAD + lines))[1:]] == expected

    @pytest.mark.parametrize("remark", ["注:以上不含税", "价格如有变动，恕不另行通知", "一、离心机"])
    def test_a_remark_between_the_rows_is_no_value(self, write: Write, remark: str) -> None:
        blocks = read(write("表.csv", f"型号,单价\nX200,1\n{remark},\nX350,2\n"))
        assert [(block.kind, block.text) for block in blocks[1:]] == [
            ("row", "型号：X200；单价：1"),
            ("text", remark),
            ("row", "型号：X350；单价：2"),
        ]

    def test_the_last_line_after_a_gap_is_read(self, write: Write) -> None:
        blocks = read(write("表.csv", "型号,单价\nX200,1\n,\n合计,1\n"))
        assert blocks[-1].text == "合计；1"

    def test_a_title_in_one_merged_cell_is_no_header(self, tmp_path: Path) -> None:
        from openpyxl import Workbook

        book = Workbook()
        sheet = book.active
        assert sheet is not None
        for line in (["2026 价目", None], [None, None], ["型号", "单价"], ["X200", 1], ["以上含税", None]):
            sheet.append(line)
        for merged in ("A1:B2", "A5:B5"):
            sheet.merge_cells(merged)
        book.save(tmp_path / "价.xlsx")
        texts = [(block.kind, block.text) for block in read(tmp_path / "价.xlsx")[1:]]
        assert texts == [("text", "2026 价目"), ("row", "型号：X200；单价：1"), ("text", "以上含税")]


def _table_texts() -> Iterator[list[list[str]]]:
    yield [["型号"], ["X200"]]
    yield [["型号", "X200"]]


@pytest.mark.parametrize("lines", list(_table_texts()))
def test_a_table_of_one_row_or_column_on_a_slide_is_read(tmp_path: Path, lines: list[list[str]]) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    shapes = deck.slides.add_slide(deck.slide_layouts[6]).shapes
    inch = Inches(1)
    table = shapes.add_table(len(lines), len(lines[0]), inch, inch, inch * 4, inch).table
    for at, line in enumerate(lines):
        for column, cell in enumerate(line):
            table.cell(at, column).text = cell
    deck.save(str(tmp_path / "片.pptx"))
    text = read(tmp_path / "片.pptx")[0].text
    assert all(cell in text for line in lines for cell in line)


NOTE = st.lists(st.integers(0, 2), min_size=1, max_size=5)
"""How many lines of notes each slide has."""


@given(NOTE, st.data())
@settings(deadline=None, max_examples=25)
def test_every_line_of_a_speakers_notes_is_kept_below_its_slide(
    lines: list[int], data: st.DataObject
) -> None:
    """Titles or none, text or none: no slide's own words come to stand below the notes of one before."""
    from pptx import Presentation
    from pptx.util import Inches

    deck, noted, shown = Presentation(), list[str](), list[str]()
    for at, count in enumerate(lines):
        slide = deck.slides.add_slide(deck.slide_layouts[5 if data.draw(st.booleans()) else 6])
        if slide.shapes.title is not None:
            slide.shapes.title.text = f"标题{at}"
        if data.draw(st.booleans()):
            box = slide.shapes.add_textbox(Inches(1), Inches(2), Inches(4), Inches(1))
            box.text_frame.text = f"正文{at}号"
            shown.append(f"正文{at}号")
        said = [f"备注{at}之{no}号" for no in range(count)]
        if said:
            assert slide.notes_slide.notes_text_frame is not None
            slide.notes_slide.notes_text_frame.text = "\n".join(said)
            noted += said
    if not (noted or shown):
        return
    with TemporaryDirectory() as folder:
        deck.save(f"{folder}/片.pptx")
        pieces = cut(read(Path(folder, "片.pptx")))
    below = "\n".join(one.text for one in pieces if one.heading.endswith(NOTES))
    above = "\n".join(one.text for one in pieces if not one.heading.endswith(NOTES))
    assert re.findall(r"备注\d之\d号", below) == noted
    assert re.findall(r"正文\d号", above) == shown
    for one in pieces:
        if named := re.findall(r"标题(\d)", one.heading):
            assert set(re.findall(r"备注(\d)", one.text)) <= {named[-1]}


WRITTEN = st.lists(st.lists(st.sampled_from(["text", "choice", "box"]), max_size=4), min_size=1, max_size=3)


@given(WRITTEN)
@example([[], [], []])  # one line a page, the same but for its number
@settings(deadline=None, max_examples=25)
def test_every_value_of_a_form_is_kept_with_its_name_on_its_page(kinds: list[list[str]]) -> None:
    counter, expected, written = itertools.count(), list[tuple[int, str]](), dict[int, list[str]]()
    for page, wanted in enumerate(kinds, 1):
        written[page] = []
        for kind, at in zip(wanted, counter, strict=False):
            entries, line = {
                "text": (field(f"f{at}", f"值{at}号", more=shown_as(f"名{at}")), f"名{at}：值{at}号"),
                "choice": (
                    field(f"项{at}", "b", "Ch", options(("a", "别的"), ("b", f"选{at}号"))),
                    f"项{at}：选{at}号",
                ),
                "box": (text_box(f"写{at}号"), f"写{at}号"),
            }[kind]
            written[page].append(entries)
            expected.append((page, line))
    pages = [[Words(60, 780, f"第{at}张订货单的说明文字。")] for at in range(len(kinds))]
    with TemporaryDirectory() as folder:
        blocks = read(write_pdf(Path(folder, "单.pdf"), pages, written=written))
    assert any("说明文字" in block.text for block in blocks)
    assert [(block.page, block.text) for block in blocks if "说明文字" not in block.text] == expected
    assert [block.page for block in blocks] == sorted(block.page or 0 for block in blocks)
    assert all(line in _all_of(blocks) for _, line in expected)


def test_what_was_ticked_is_said_and_what_was_not_is_none(tmp_path: Path) -> None:
    box = "/AP << /N << /Yes 3 0 R /Off 3 0 R >> >>"
    ticked = f"/Subtype /Widget /FT /Btn /T (a) {shown_as('含安装')} /V /Yes /AS /Yes {box}"
    bare = f"/Subtype /Widget /FT /Btn /T (b) {shown_as('含培训')} /V /Off /AS /Off {box}"
    path = write_pdf(tmp_path / "单.pdf", [[Words(60, 780, "订货单")]], written={1: [ticked, bare]})
    assert [block.text for block in read(path)] == ["订货单", "含安装：已勾选"]
