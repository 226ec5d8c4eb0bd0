"""Slides by python-pptx: a slide's title is a heading, its number the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from knowledge.readers import Block, Unreadable
from knowledge.readers.markdown import row


def read(path: Path) -> list[Block]:
    from pptx import Presentation

    try:
        slides = list(Presentation(str(path)).slides)
    except Exception as error:  # zipfile, lxml, KeyError: every way a broken file can fail
        raise Unreadable("PPT 文件打不开,可能已损坏或加了密码;请另存一份再上传") from error
    found: list[Block] = []
    for number, slide in enumerate(slides, 1):
        title = slide.shapes.title
        if title is not None and title.text.strip():
            found.append(Block("heading", title.text.strip(), level=1, page=number))
        for shape in slide.shapes:
            if title is None or shape.shape_id != title.shape_id:
                found += _shape(shape, number)
    return found


def _shape(shape: Any, page: int) -> list[Block]:
    if shape.has_table:
        lines = [tuple(cell.text.strip() for cell in line.cells) for line in shape.table.rows]
        return [row(lines[0], line, page) for line in lines[1:]]
    if shape.has_text_frame and shape.text_frame.text.strip():
        return [Block("text", shape.text_frame.text.strip(), page=page)]
    return []
