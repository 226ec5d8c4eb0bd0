"""A data sheet as slides: one a heading, its paragraphs above its table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.util import Inches, Pt

from bot.demo.printing.pieces import Grid, Heading, Piece

_TITLE_ONLY = 5
"""Index of that layout in python-pptx's own template."""
LEFT, TOP, WIDTH = Inches(0.6), Inches(1.25), Inches(8.8)


def write(pieces: Sequence[Piece], title: str, path: Path) -> None:
    """The first slide carries the title and what stands before the first heading."""
    deck = Presentation()
    deck.core_properties.title = title
    deck.core_properties.author = ""
    cover = deck.slides.add_slide(deck.slide_layouts[0])
    cover.shapes.title.text = title
    slide: Any = cover
    words: list[str] = []
    for piece in pieces:
        if isinstance(piece, Heading):
            _set_words(slide, words)
            slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
            slide.shapes.title.text = piece.text
            words = []
        elif isinstance(piece, Grid):
            _set_table(slide, piece)
        else:
            words.append(piece.text)
    _set_words(slide, words)
    deck.save(str(path))


def _set_words(slide: Any, words: Sequence[str]) -> None:
    if not words:
        return
    frame = slide.shapes.add_textbox(LEFT, TOP, WIDTH, Inches(5)).text_frame
    frame.word_wrap = True
    for at, text in enumerate(words):
        paragraph = frame.paragraphs[0] if at == 0 else frame.add_paragraph()
        paragraph.text = text
        paragraph.font.size = Pt(18)
        paragraph.space_after = Pt(12)


def _set_table(slide: Any, grid: Grid) -> None:
    rows, columns = len(grid.rows), len(grid.rows[0])
    height = Inches(0.38)
    table = slide.shapes.add_table(rows, columns, LEFT, TOP, WIDTH, height * rows).table
    for at, line in enumerate(grid.rows):
        table.rows[at].height = height
        for column, text in enumerate(line):
            cell = table.cell(at, column)
            cell.text = text
            cell.text_frame.paragraphs[0].font.size = Pt(13)
