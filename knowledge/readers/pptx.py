"""Slides by python-pptx: a slide's title is a heading, its number the page; top to bottom, then left to right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from knowledge.readers import Block, Unreadable
from knowledge.readers.markdown import row


def read(path: Path) -> list[Block]:
    from pptx import Presentation

    try:
        slides = list(Presentation(str(path)).slides)
    except Exception as error:
        raise Unreadable(
            "PPT 文件打不开,可能已损坏或加了密码;请另存一份再上传", f"broken or encrypted .pptx: {error}"
        ) from error
    return [block for number, slide in enumerate(slides, 1) for block in _slide(slide, number)]


def _slide(slide: Any, number: int) -> Iterator[Block]:
    title = slide.shapes.title
    if title is not None and title.text.strip():
        yield Block("heading", " ".join(title.text.split()), level=1, page=number)
    for shape in sorted(_flat(slide.shapes), key=lambda one: (one.top or 0, one.left or 0)):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, number)


def _flat(shapes: Iterable[Any]) -> Iterator[Any]:
    """Shapes in groups as well."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _shape(shape: Any, page: int) -> Iterator[Block]:
    if getattr(shape, "has_table", False) and shape.has_table:
        lines = [tuple(" ".join(cell.text.split()) for cell in line.cells) for line in shape.table.rows]
        yield from (row(lines[0], line, page) for line in lines[1:])
    elif shape.has_text_frame:
        for words in shape.text_frame.text.splitlines():
            if words.strip():
                yield Block("text", words.strip(), page=page)
