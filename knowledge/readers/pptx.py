"""Slides by python-pptx: a slide's title is a heading, its number the page; top to bottom, then left to right.

Speaker notes stand under a heading of their own below the slide's: nobody in front of the slides sees them, and no
customer is told them (`Passage.for_reps`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from knowledge.model import NOTES
from knowledge.readers import Block, LeftOut, Unreadable
from knowledge.readers.table import under
from knowledge.readers.text import listed, without_text


def read(path: Path) -> list[Block | LeftOut]:
    from pptx import Presentation

    try:
        with path.open("rb") as file:
            slides = list(Presentation(file).slides)
    except Exception as error:
        raise Unreadable(
            "PPT 文件打不开,可能已损坏或加了密码;请另存一份再上传", f"broken or encrypted .pptx: {error}"
        ) from error
    numbered = dict(enumerate(slides, 1))
    shown = {number: list(_slide(slide, number)) for number, slide in numbered.items()}
    left_out = _left_out(numbered, [number for number in shown if not shown[number]])
    return [*left_out, *_with_notes(shown, {number: _notes(slide) for number, slide in numbered.items()})]


def _with_notes(shown: Mapping[int, Sequence[Block]], notes: Mapping[int, Sequence[str]]) -> Iterator[Block]:
    """A slide without a title is called by its number where it would stand below the notes of one before."""
    below = False
    for number, blocks in shown.items():
        below = below or bool(notes[number])
        if below and (blocks or notes[number]) and not any(one.kind == "heading" for one in blocks[:1]):
            yield Block("heading", f"第 {number} 页", level=1, page=number)
        yield from blocks
        if notes[number]:
            yield Block("heading", NOTES, level=2, page=number)
            yield from (Block("text", words, page=number) for words in notes[number])


def _left_out(slides: Mapping[int, Any], silent: Sequence[int]) -> Iterator[LeftOut]:
    pictured = [at for at in silent if any(True for _ in slides[at].shapes)]
    if pictured:
        yield without_text(pictured, len(slides))
    drawn = [at for at, slide in slides.items() if any(_is_drawing(one) for one in _flat(slide.shapes))]
    if drawn:
        yield LeftOut(f"第 {listed(drawn)} 页图表里的文字", f"charts or diagrams of slides {listed(drawn)}")


def _notes(slide: Any) -> list[str]:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return [line.strip() for line in frame.text.splitlines() if line.strip()] if frame is not None else []


def _is_drawing(shape: Any) -> bool:
    """Charts, and what python-pptx knows no name for (SmartArt, embedded objects)."""
    frame = shape._element.tag.endswith("}graphicFrame")
    return frame and not shape.has_table


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
        yield from under(lines[0], lines[1:], page)
    elif shape.has_text_frame:
        for words in shape.text_frame.text.splitlines():
            if words.strip():
                yield Block("text", words.strip(), page=page)
