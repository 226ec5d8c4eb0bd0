"""Every format gives blocks in reading order, or says clearly why it cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.passages import cut
from knowledge.readers import LARGEST, Block, Unreadable, read
from tests.fakes.pdf import Words, write_pdf

Write = Callable[[str, str], Path]


def rows(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks if block.kind == "row"]


def headings(blocks: list[Block]) -> list[tuple[int, str]]:
    return [(block.level, block.text) for block in blocks if block.kind == "heading"]


class TestText:
    def test_clauses_start_blocks_of_their_own(self, write: Write) -> None:
        text = "采购合同\n\n第一条 标的\n甲方购买离心机。\n7.1 质保期36个月。\n7.2 免费维修。"
        blocks = read(write("合同.txt", text))
        assert [block.text.split()[0] for block in blocks if block.text[0] == "7"] == ["7.1", "7.2"]

    def test_an_old_windows_file_is_read_in_its_own_encoding(self, tmp_path: Path) -> None:
        path = tmp_path / "政策.txt"
        path.write_bytes("七天内可以退货。".encode("gb18030"))
        assert read(path)[0].text == "七天内可以退货。"

    def test_bytes_that_are_no_text_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "x.txt"
        path.write_bytes(b"\xff\xff\xff\xff\xff\xff")
        with pytest.raises(Unreadable, match="UTF-8"):
            read(path)


class TestMarkdown:
    def test_front_matter_is_no_content(self, write: Write) -> None:
        blocks = read(write("a.md", "---\nauthor: x\n---\n# 标题\n正文"))
        assert [block.text for block in blocks] == ["标题", "正文"]

    def test_a_table_row_carries_its_column_names(self, write: Write) -> None:
        blocks = read(write("a.md", "| 参数 | X200 | X350 |\n|---|---|---|\n| 噪声 | 56 dB | 60 dB |\n"))
        assert rows(blocks) == ["参数：噪声；X200：56 dB；X350：60 dB"]

    def test_heading_levels_are_kept(self, write: Write) -> None:
        assert headings(read(write("a.md", "# 一\n## 二\n### 三\n正文"))) == [(1, "一"), (2, "二"), (3, "三")]


class TestHtml:
    PAGE = """<html><body><header>公司首页</header><nav>产品 价格 关于</nav><main><h1>退货政策</h1>
      <p>七天无理由。</p><table><tr><th>情形</th><th>运费</th></tr><tr><td>质量问题</td><td>卖方承担</td></tr></table>
      <ul><li>保留<b>原包装</b></li></ul><script>track()</script></main><footer>版权所有</footer></body></html>"""

    def test_navigation_header_footer_and_scripts_are_left_out(self, write: Write) -> None:
        words = " ".join(block.text for block in read(write("p.html", self.PAGE)))
        assert not any(noise in words for noise in ("首页", "关于", "版权", "track"))

    def test_headings_tables_and_lists_are_kept(self, write: Write) -> None:
        blocks = read(write("p.html", self.PAGE))
        assert headings(blocks) == [(1, "退货政策")]
        assert rows(blocks) == ["情形：质量问题；运费：卖方承担"]
        assert "保留原包装" in [block.text for block in blocks]


class TestSpreadsheets:
    def test_merged_headers_are_put_together(self, tmp_path: Path) -> None:
        from openpyxl import Workbook

        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "2026价目"
        for line in (["型号", "价格", None], [None, "标准价", "代理价"], ["X200", 18800, 16000]):
            sheet.append(line)
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C1")
        path = tmp_path / "价目.xlsx"
        book.save(path)
        blocks = read(path)
        assert headings(blocks) == [(1, "2026价目")]
        assert rows(blocks) == ["型号：X200；价格 标准价：18800；价格 代理价：16000"]

    def test_a_hidden_sheet_is_not_shown(self, tmp_path: Path) -> None:
        from openpyxl import Workbook

        book = Workbook()
        assert book.active is not None
        book.active.append(["公开"])
        secret = book.create_sheet("成本")
        secret.append(["底价 9000"])
        secret.sheet_state = "hidden"
        path = tmp_path / "价目.xlsx"
        book.save(path)
        assert not any("底价" in block.text for block in read(path))

    def test_percentages_and_dates_read_as_shown(self, tmp_path: Path) -> None:
        from datetime import datetime

        from openpyxl import Workbook

        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["档位", "折扣", "生效"])
        sheet.append(["10台", 0.05, datetime(2026, 3, 1)])
        sheet["B2"].number_format = "0%"
        path = tmp_path / "折扣.xlsx"
        book.save(path)
        assert rows(read(path)) == ["档位：10台；折扣：5%；生效：2026-03-01"]

    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    def test_a_csv_is_read_with_the_separator_it_uses(self, write: Write, separator: str) -> None:
        path = write("价.csv", f"型号{separator}单价\nX200{separator}18800\n")
        assert rows(read(path)) == ["型号：X200；单价：18800"]

    def test_a_blank_line_ends_a_table(self, write: Write) -> None:
        path = write("价.csv", "型号,单价\nX200,18800\n,\n数量,折扣\n10,5%\n")
        assert rows(read(path)) == ["型号：X200；单价：18800", "数量：10；折扣：5%"]


class TestWord:
    def test_headings_paragraphs_and_tables_stand_in_their_order(self, tmp_path: Path) -> None:
        from docx import Document

        document = Document()
        document.add_heading("技术参数", 1)
        document.add_paragraph("以下为标准配置。")
        table = document.add_table(2, 2)
        for cell, words in zip(
            [cell for line in table.rows for cell in line.cells],
            ["参数", "数值", "噪声", "56 dB"],
            strict=True,
        ):
            cell.text = words
        document.add_heading("安装", 2)
        path = tmp_path / "手册.docx"
        document.save(str(path))
        blocks = read(path)
        assert [block.kind for block in blocks] == ["heading", "text", "row", "heading"]
        assert blocks[2].text == "参数：噪声；数值：56 dB"
        assert headings(blocks) == [(1, "技术参数"), (2, "安装")]

    def test_numbers_that_word_counts_are_shown(self, tmp_path: Path) -> None:
        from docx import Document

        document = Document()
        for words in ("开箱", "调平", "通电"):
            document.add_paragraph(words, style="List Number")
        path = tmp_path / "步骤.docx"
        document.save(str(path))
        assert [block.text for block in read(path)] == ["1. 开箱", "2. 调平", "3. 通电"]

    def test_a_merged_cell_is_read_once(self, tmp_path: Path) -> None:
        from docx import Document

        document = Document()
        table = document.add_table(2, 3)
        for at, words in enumerate(["项目", "条件", "备注"]):
            table.rows[0].cells[at].text = words
        merged = table.rows[1].cells[0].merge(table.rows[1].cells[1])
        merged.text = "开箱验收"
        path = tmp_path / "表.docx"
        document.save(str(path))
        assert rows(read(path)) == ["条件；备注", "项目：开箱验收"]

    def test_clauses_that_word_counts_become_citable(self, tmp_path: Path) -> None:
        from docx import Document
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls

        document = Document()
        numbering = document.part.numbering_part.element
        levels = "".join(
            f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{shown}"/></w:lvl>'
            for at, (kind, shown) in enumerate([("chineseCounting", "第%1条"), ("decimal", "（%2）")])
        )
        counted = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77">{levels}</w:abstractNum>'
        numbering.insert(0, parse_xml(counted))
        numbering.append(
            parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>')
        )
        for level, words in ((0, "标的"), (0, "质量保证"), (1, "质保期36个月。"), (1, "免费维修。")):
            properties = document.add_paragraph(words)._p.get_or_add_pPr()
            properties.append(
                parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>')
            )
        path = tmp_path / "合同.docx"
        document.save(str(path))
        pieces = cut(read(path))
        assert ("第二条（1）", "（1） 质保期36个月。") in [(piece.clause, piece.text) for piece in pieces]

    def test_an_encrypted_or_renamed_old_file_is_named_as_such(self, tmp_path: Path) -> None:
        path = tmp_path / "合同.docx"
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
        with pytest.raises(Unreadable, match="密码"):
            read(path)


class TestSlides:
    def test_a_slide_is_a_page_and_its_title_a_heading(self, tmp_path: Path) -> None:
        from pptx import Presentation

        deck = Presentation()
        for title, words in (("产品线", "离心机与计量泵"), ("服务", "24小时到场")):
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            assert slide.shapes.title is not None
            slide.shapes.title.text = title
            slide.placeholders[1].text = words  # type: ignore[attr-defined]
        path = tmp_path / "介绍.pptx"
        deck.save(str(path))
        found = [(block.kind, block.text, block.page) for block in read(path)]
        assert found == [
            ("heading", "产品线", 1),
            ("text", "离心机与计量泵", 1),
            ("heading", "服务", 2),
            ("text", "24小时到场", 2),
        ]


def _page(number: int, *lines: str) -> list[Words]:
    head = [Words(60, 800, "青禾 产品手册"), Words(280, 30, f"{number}")]
    return [*head, *(Words(60, 740 - 18 * at, words) for at, words in enumerate(lines))]


class TestPdf:
    def test_pages_are_kept_and_running_heads_and_page_numbers_are_not(self, tmp_path: Path) -> None:
        pages = [_page(at, f"本页讲的是事项{'甲乙丙丁'[at]},请注意{'!' * at}。") for at in range(4)]
        blocks = read(write_pdf(tmp_path / "手册.pdf", pages))
        assert [block.page for block in blocks] == [1, 2, 3, 4]
        assert not any("产品手册" in block.text for block in blocks)

    def test_a_large_line_is_a_heading(self, tmp_path: Path) -> None:
        page = [Words(60, 760, "安装要求", 18)]
        page += [Words(60, 720 - 18 * at, "机器四周应留出三十厘米的通风距离,地面应平整。") for at in range(4)]
        blocks = read(write_pdf(tmp_path / "手册.pdf", [page]))
        assert headings(blocks)[0][1] == "安装要求"

    def test_wrapped_lines_become_one_paragraph(self, tmp_path: Path) -> None:
        first = "质量保证期自设备验收合格之日起计算为期三十六个月在此期间出现的非人为故障由供方负责免费"
        page = [Words(60, 740, first), Words(60, 722, "维修并承担往返运费。")]
        blocks = read(write_pdf(tmp_path / "合同.pdf", [page]))
        assert [block.text for block in blocks] == [first + "维修并承担往返运费。"]

    def test_two_columns_are_read_one_after_the_other(self, tmp_path: Path) -> None:
        left = [f"左栏第{at}行讲的是安装与调平的步骤" for at in "一二三四五六七八"]
        right = [f"右栏第{at}行讲的是保养与清洁的步骤" for at in "一二三四五六七八"]
        page = [Words(50, 740 - 16 * at, words) for at, words in enumerate(left)]
        page += [Words(310, 740 - 16 * at, words) for at, words in enumerate(right)]
        text = "".join(block.text for block in read(write_pdf(tmp_path / "两栏.pdf", [page])))
        assert text.index("左栏第八行") < text.index("右栏第一行")

    def test_a_table_without_rules_is_read_by_its_columns(self, tmp_path: Path) -> None:
        lines = [("参数", "X200", "X350"), ("噪声", "56 dB", "60 dB"), ("重量", "28 kg", "128 kg")]
        page = [
            Words(60 + 150 * column, 740 - 18 * at, cell)
            for at, line in enumerate(lines)
            for column, cell in enumerate(line)
        ]
        assert "参数：重量；X200：28 kg；X350：128 kg" in rows(read(write_pdf(tmp_path / "t.pdf", [page])))

    def test_a_ruled_table_goes_on_over_a_page_break_with_its_column_names(self, tmp_path: Path) -> None:
        from fpdf import FPDF

        pdf = FPDF()
        pdf.set_font("helvetica", size=10)
        for lines in ([("Model", "Noise"), ("X200", "56 dB")], [("X350", "60 dB"), ("P60", "40 dB")]):
            pdf.add_page()
            for line in lines:
                for cell in line:
                    pdf.cell(60, 8, cell, border=1)
                pdf.ln(8)
        path = tmp_path / "ruled.pdf"
        pdf.output(str(path))
        blocks = read(path)
        assert rows(blocks) == [
            "Model：X200；Noise：56 dB",
            "Model：X350；Noise：60 dB",
            "Model：P60；Noise：40 dB",
        ]
        assert [block.page for block in blocks] == [1, 2, 2]

    def test_a_scan_without_text_says_that_it_needs_ocr(self, tmp_path: Path) -> None:
        from fpdf import FPDF
        from PIL import Image

        pdf = FPDF()
        pdf.add_page()
        pdf.image(Image.new("RGB", (400, 300), "gray"), x=10, y=10, w=180)
        path = tmp_path / "扫描件.pdf"
        pdf.output(str(path))
        with pytest.raises(Unreadable, match="OCR") as refused:
            read(path)
        assert "no text layer" in refused.value.detail

    def test_an_encrypted_file_asks_for_one_without_password(self, tmp_path: Path) -> None:
        path = write_pdf(tmp_path / "密.pdf", [_page(1, "内容")], encrypt=True)
        with pytest.raises(Unreadable, match="密码"):
            read(path)

    def test_a_password_protected_file_asks_for_one_without_password(self, tmp_path: Path) -> None:
        from fpdf import FPDF

        pdf = FPDF()
        pdf.add_page()
        pdf.set_font("helvetica", size=10)
        pdf.cell(40, 10, "secret")
        pdf.set_encryption(owner_password="o", user_password="u")
        path = tmp_path / "密.pdf"
        pdf.output(str(path))
        with pytest.raises(Unreadable, match="密码"):
            read(path)

    def test_a_long_file_is_read_within_seconds(self, tmp_path: Path) -> None:
        pages = [
            _page(at, *(f"第{at}页第{line}行的说明文字若干。" for line in range(12))) for at in range(300)
        ]
        began = time.process_time()
        blocks = read(write_pdf(tmp_path / "长.pdf", pages))
        assert blocks[-1].page == 300
        assert time.process_time() - began < 20


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".xlsx", ".pptx"])
class TestBroken:
    def test_a_broken_file_is_refused_in_both_languages(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"坏{suffix}"
        path.write_bytes(b"PK\x03\x04 this is not what it says" * 20)
        with pytest.raises(Unreadable, match="打不开") as refused:
            read(path)
        assert "broken" in refused.value.detail

    def test_an_empty_file_is_refused(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"空{suffix}"
        path.touch()
        with pytest.raises(Unreadable, match="0 字节"):
            read(path)


@pytest.mark.parametrize(("suffix", "better"), [(".doc", ".docx"), (".xls", ".xlsx"), (".ppt", ".pptx")])
def test_an_old_office_format_says_what_to_save_it_as(tmp_path: Path, suffix: str, better: str) -> None:
    path = tmp_path / f"旧{suffix}"
    path.write_bytes(b"x")
    with pytest.raises(Unreadable, match=f"另存为 {better}"):
        read(path)


@pytest.mark.parametrize("name", ["图.png", "没有扩展名"])
def test_an_unknown_format_names_those_that_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")
    with pytest.raises(Unreadable, match=r"\.docx"):
        read(path)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "大.pdf"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(Unreadable, match="50 MB"):
        read(path)


def test_white_space_alone_is_no_text(write: Write) -> None:
    with pytest.raises(Unreadable, match="没有文字"):
        read(write("空白.md", "\n\n   \n"))


def test_a_long_contract_keeps_every_character(write: Write) -> None:
    clauses = [f"第{at}条 甲方应在{at}日内付款,逾期按日支付违约金。" for at in range(1, 60)]
    pieces = cut(read(write("合同.txt", "\n\n".join(clauses))))
    together = "".join(piece.text for piece in pieces).replace("\n", "")
    assert all(clause in together for clause in clauses)
