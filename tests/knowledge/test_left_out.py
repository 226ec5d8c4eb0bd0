"""What could not be read is said: to the person who brought the file, and in the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.ingesting import told
from knowledge import Added, AddOutcome, Library
from knowledge.passages import cut
from knowledge.readers import contents, read
from knowledge.readers.text import listed
from tests.fakes.pdf import Words, field, text_box, write_pdf

Write = Callable[[str, str], Path]


def scanned(path: Path, pages: str) -> Path:
    """A PDF whose pages have text (T), a picture (P) or nothing (-)."""
    from fpdf import FPDF
    from PIL import Image

    pdf = FPDF()
    pdf.set_font("helvetica", size=10)
    for kind in pages:
        pdf.add_page()
        if kind == "T":
            pdf.cell(60, 8, "Noise of the X200: 56 dB")
        elif kind == "P":
            pdf.image(Image.new("RGB", (40, 30), "gray"), x=10, y=10, w=180)
    pdf.output(str(path))
    return path


def words(path: Path) -> list[str]:
    return [one.words for one in contents(path).left_out]


def test_a_pdf_says_how_many_of_its_pages_have_no_text(tmp_path: Path) -> None:
    found = contents(scanned(tmp_path / "手册.pdf", "T" + "P" * 20))
    assert len(found.blocks) == 1
    (one,) = found.left_out
    assert one.words == "共 21 页里有 20 页没有文字:第 2–21 页,扫描的请先做文字识别(OCR)再上传"
    assert one.detail == "20 of 21 pages without text: 2–21"


def test_an_empty_page_is_nothing_that_was_left_out(tmp_path: Path) -> None:
    assert words(scanned(tmp_path / "手册.pdf", "T-T-")) == []


def test_comments_on_a_pdf_are_counted_and_what_is_hidden_or_secret_is_not_read(tmp_path: Path) -> None:
    written = [
        text_box("这个价对吗", "Text"),
        text_box("再核一下", "Highlight"),
        text_box("已收回", "FreeText", "/F 2"),
        field("口令", "hunter2", more="/Ff 8192"),
        field("空着", ""),
    ]
    found = contents(write_pdf(tmp_path / "单.pdf", [[Words(60, 800, "订货单")]], written={1: written}))
    assert [block.text for block in found.blocks] == ["订货单"]
    assert [(one.words, one.detail) for one in found.left_out] == [("2 条批注", "2 comments")]


def test_titles_that_differ_by_the_model_are_no_running_heads(tmp_path: Path) -> None:
    pages = [
        [Words(60, 800, f"青禾 产品目录 {at + 7}"), Words(60, 780, f"X{at + 2}00 参数"), Words(60, 700, f"噪声{50 + 3 * at} dB。")]
        for at in (0, 2, 3, 7)
    ]  # fmt: skip
    for number, page in enumerate(pages):
        page[0] = Words(60, 800, f"青禾 产品目录 {number + 7}")
    said = "\n".join(block.text for block in read(write_pdf(tmp_path / "目录.pdf", pages)))
    assert all(f"X{at}00 参数" in said for at in (2, 4, 5, 9))
    assert "产品目录" not in said


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([3], "3"), ([2, 3, 4, 9], "2–4、9"), (list(range(1, 40, 2)), "1、3、5、7、9、11、13、15 等")],
)
def test_page_numbers_are_listed_as_a_person_writes_them(numbers: list[int], said: str) -> None:
    assert listed(numbers) == said


def test_slides_of_pictures_and_charts_are_named_and_speaker_notes_are_read(tmp_path: Path) -> None:
    from PIL import Image
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    deck, inch = Presentation(), Inches(1)
    first = deck.slides.add_slide(deck.slide_layouts[5])
    assert first.shapes.title is not None
    first.shapes.title.text = "产品线"
    assert first.notes_slide.notes_text_frame is not None
    first.notes_slide.notes_text_frame.text = "底价可以到九折"
    picture = tmp_path / "图.png"
    Image.new("RGB", (20, 20), "gray").save(picture)
    pictured = deck.slides.add_slide(deck.slide_layouts[6])
    pictured.shapes.add_picture(str(picture), inch, inch)
    assert pictured.notes_slide.notes_text_frame is not None
    pictured.notes_slide.notes_text_frame.text = "图上是旧款"
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["一季度"]
    data.add_series("销量", (3,))  # type: ignore[no-untyped-call]
    chart = deck.slides.add_slide(deck.slide_layouts[5])
    assert chart.shapes.title is not None
    chart.shapes.title.text = "销量"
    chart.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, inch, inch, inch, inch, data)
    deck.slides.add_slide(deck.slide_layouts[6])
    deck.save(str(tmp_path / "片.pptx"))
    found = contents(tmp_path / "片.pptx")
    assert [(piece.heading, piece.text) for piece in cut(found.blocks)[:2]] == [
        ("产品线 › 演讲者备注", "底价可以到九折"),
        ("第 2 页 › 演讲者备注", "图上是旧款"),
    ]
    assert [one.words for one in found.left_out] == [
        "共 4 页里有 1 页没有文字:第 2 页,扫描的请先做文字识别(OCR)再上传",
        "第 3 页图表里的文字",
    ]


def test_a_workbook_names_hidden_sheets_comments_charts_and_formulas_nobody_computed(tmp_path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.chart import BarChart
    from openpyxl.comments import Comment

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (["型号", "单价", "折后"], ["X200", 100, "=B2*0.9"], ["X350", 200, '=IF(A3="","",B3*0.9)']):
        sheet.append(line)
    sheet["A2"].comment = Comment("停产", "王")
    sheet.add_chart(BarChart(), "E5")  # type: ignore[call-arg, unused-ignore]
    book.create_sheet("成本").sheet_state = "hidden"
    path = tmp_path / "价.xlsx"
    book.save(path)
    assert words(path) == [
        "1 张隐藏的工作表",
        "1 条批注",
        "2 个公式没有算出的值,请用 Excel 打开、保存后再上传",
        "图表",
    ]


def test_the_outcome_says_it_in_both_languages(library: Library, tmp_path: Path, write: Write) -> None:
    added = library.add(scanned(tmp_path / "手册.pdf", "TPP"))
    assert added.outcome is AddOutcome.ADDED
    assert added.left_out == ("共 3 页里有 2 页没有文字:第 2–3 页,扫描的请先做文字识别(OCR)再上传",)
    assert added.detail == "added; left out: 2 of 3 pages without text: 2–3"
    assert told(added, None).endswith(f"没有收进来的:{added.left_out[0]}。")
    assert library.add(write("整份.md", "# 标题\n正文")).left_out == ()


def test_nothing_is_said_where_nothing_is_missing() -> None:
    added = Added(AddOutcome.ADDED, "手册.md", "已收录", "added", "d1", "手册", "V1", passages=3)
    assert "没有收进来" not in told(added, None)
