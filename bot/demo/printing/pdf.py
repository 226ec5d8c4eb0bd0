"""Manuals as PDF by fpdf2: cover, contents, running head and foot, ruled tables that go on over pages.

Needs a TrueType font with Chinese glyphs; the subset that is used gets embedded. WenQuanYi Zen Hei (Debian:
fonts-wqy-zenhei) permits that.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.fonts import FontFace
from fpdf.outline import OutlineSection

from bot.demo.printing.pieces import Grid, Heading, Item, Piece, Words

FONT = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"
BODY = 10.5
SIZES = {1: 20.0, 2: 15.0, 3: 12.5}
LINE = 6.2
"""Millimetres from line to line."""
_UNITS = re.compile(r"[!-~°±×≤≥‰℃√]+[，。；：、）”》]*|.[，。；：、）”》]*|\s+")
"""What stays on one line: a number or word, a character with the punctuation that follows it."""

logging.getLogger("fontTools").setLevel(logging.ERROR)
"""It reports tables of the font that a PDF has no use for."""


class _Paper(FPDF):
    """A4 with a page number below every page, and the running head above it if there is one."""

    def __init__(self, title: str, running: str) -> None:
        super().__init__()
        self.running = running
        self.set_margins(22, 24, 22)
        self.set_auto_page_break(True, 22)
        self.add_font("cjk", fname=os.environ.get("YIJU_DEMO_FONT", FONT))
        self.set_title(title)
        self.set_creation_date(datetime(2026, 6, 1, tzinfo=UTC))

    def header(self) -> None:
        if not self.running:
            return
        self.set_font("cjk", size=8.5)
        self.set_y(11)
        self.cell(0, 6, self.running, border="B")
        self.set_y(24)

    def footer(self) -> None:
        self.set_font("cjk", size=8.5)
        self.set_y(-15)
        self.cell(0, 6, f"第 {self.page_no()} 页", align="C")


def write(pieces: Sequence[Piece], title: str, path: Path) -> None:
    """A manual, of more than six chapters, gets a running head and a page of contents; a data sheet does not."""
    chapters = [at for at, piece in enumerate(pieces) if isinstance(piece, Heading) and piece.level == 2]
    is_manual = len(chapters) > 6
    paper = _Paper(title, running=title if is_manual else "")
    paper.add_page()
    for at, piece in enumerate(pieces):
        if is_manual and at == chapters[0]:
            paper.insert_toc_placeholder(_contents)
        _keep_together(paper, piece, pieces[at + 1 : at + 2])
        _set(paper, piece)
    paper.output(str(path))


def _set(paper: Any, piece: Piece) -> None:
    match piece:
        case Heading(text, level):
            paper.ln(4)
            if level > 1:
                paper.start_section(text, level=level - 2)
            paper.set_font("cjk", size=SIZES[level])
            paper.multi_cell(0, SIZES[level] * 0.55, text, align="L", new_x="LMARGIN", new_y="NEXT")
            paper.ln(1.5)
        case Words(text):
            _lines(paper, text)
        case Item(text):
            _lines(paper, f"· {text}")
        case Grid(rows):
            _table(paper, rows)


def _lines(paper: Any, text: str) -> None:
    paper.set_font("cjk", size=BODY)
    paper.multi_cell(0, LINE, _wrapped(paper, text, paper.epw - 3), align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(1.2)


def _wrapped(paper: Any, text: str, width: float) -> str:
    """Break between Chinese characters but not inside numbers and words; fpdf2 breaks at spaces only."""
    lines = [""]
    for unit in _UNITS.findall(text):
        if lines[-1] and paper.get_string_width((lines[-1] + unit).rstrip()) > width:
            lines.append("")
        lines[-1] += unit if lines[-1] else unit.lstrip()
    return "\n".join(line.rstrip() for line in lines)


def _table(paper: Any, rows: Sequence[Sequence[str]]) -> None:
    paper.set_font("cjk", size=9.5)
    shares = _shares(rows)
    style = FontFace(fill_color=(226, 240, 233))
    with paper.table(
        col_widths=shares, line_height=5.6, text_align="LEFT", padding=1, headings_style=style
    ) as table:
        for cells in rows:
            line = table.row()
            for cell, share in zip(cells, shares, strict=True):
                line.cell(_wrapped(paper, cell, share * paper.epw - 6))
    paper.ln(3)


def _shares(rows: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """Column widths by the longest cell, none narrower than a tenth."""
    longest = [min(max(len(cell) for cell in column), 26) + 3 for column in zip(*rows, strict=True)]
    return tuple(one / sum(longest) for one in longest)


def _keep_together(paper: Any, piece: Piece, following: Sequence[Piece]) -> None:
    """No heading at the foot of a page without what it is about."""
    if isinstance(piece, Heading) and following and paper.will_page_break(38):
        paper.add_page()


def _contents(paper: Any, outline: Sequence[OutlineSection]) -> None:
    paper.set_x(paper.l_margin)
    paper.set_font("cjk", size=14)
    paper.cell(0, 10, "目录", new_x="LMARGIN", new_y="NEXT")
    paper.set_font("cjk", size=BODY)
    for section in outline:
        if section.level == 0:
            _entry(paper, section.name, section.page_number)


def _entry(paper: Any, name: str, page: int) -> None:
    dots = "."
    while paper.get_string_width(f"{name} {dots} {page}") < paper.epw - 6:
        dots += "."
    paper.cell(0, 8, f"{name} {dots} {page}", new_x="LMARGIN", new_y="NEXT")
