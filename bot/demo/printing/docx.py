"""Contracts and rules as Word files. Contracts in which no clause is numbered by hand get Word's own counting."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt, RGBColor

from bot.demo.printing.pieces import Grid, Heading, Item, Piece, Words

_NUMBERED_BY_HAND = re.compile(r"第.{1,3}条|\d")
_UNNUMBERED = "附件"
_CLAUSES = 90
"""Id of our numbering, out of the way of the template's own."""
_NUMBERING = f"""<w:abstractNum {nsdecls("w")} w:abstractNumId="{_CLAUSES}"><w:multiLevelType w:val="multilevel"/>
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:suff w:val="space"/><w:lvlText w:val="第%1条"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:suff w:val="nothing"/><w:lvlText w:val="（%2）"/></w:lvl>
</w:abstractNum>"""


def write(pieces: Sequence[Piece], title: str, path: Path) -> None:
    """The title goes into the page header, the page number into the footer."""
    document = Document()
    _prepare(document, title)
    counted = not any(
        _NUMBERED_BY_HAND.match(one.text) for one in pieces if isinstance(one, Heading) and one.level == 2
    )
    if counted:
        _define_clauses(document)
    for piece in pieces:
        match piece:
            case Heading(text, level):
                heading = document.add_heading(text, level - 1)
                if counted and level == 2 and not text.startswith(_UNNUMBERED):
                    _count(heading, 0)
            case Words(text):
                document.add_paragraph(text)
            case Item(text):
                item = document.add_paragraph(text, style=None if counted else "List Bullet")
                if counted:
                    _count(item, 1)
            case Grid():
                _set_table(document, piece)
    _sign(document, path)


def _prepare(document: Any, title: str) -> None:
    document.core_properties.title = title
    document.core_properties.author = ""
    for name in ("Normal", "Title", "Heading 1", "Heading 2"):
        style = document.styles[name]
        style.font.name = "SimSun"
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "SimSun")
    document.styles["Normal"].font.size = Pt(11)
    document.sections[0].header.paragraphs[0].text = title
    _page_number(document.sections[0].footer.paragraphs[0])


def _page_number(paragraph: Any) -> None:
    paragraph.add_run("第 ")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    paragraph.add_run(" 页")


def _define_clauses(document: Any) -> None:
    numbering = document.part.numbering_part.element
    numbering.insert(0, parse_xml(_NUMBERING))
    number = f'<w:num {nsdecls("w")} w:numId="{_CLAUSES}"><w:abstractNumId w:val="{_CLAUSES}"/></w:num>'
    numbering.append(parse_xml(number))


def _count(paragraph: Any, level: int) -> None:
    """Let Word count this paragraph."""
    number = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    number.get_or_add_ilvl().val = level
    number.get_or_add_numId().val = _CLAUSES


def _set_table(document: Any, grid: Grid) -> None:
    table = document.add_table(len(grid.rows), len(grid.rows[0]), style="Table Grid")
    for line, cells in zip(table.rows, grid.rows, strict=True):
        for cell, text in zip(line.cells, cells, strict=True):
            cell.text = text
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    document.add_paragraph()


def _sign(document: Any, path: Path) -> None:
    if path.stem.startswith("contract"):
        signatures = document.add_table(2, 2)
        for column, party in enumerate(("甲方（盖章）：", "乙方（盖章）：")):
            signatures.cell(0, column).text = party
            signatures.cell(1, column).text = "日期："
    document.save(str(path))
