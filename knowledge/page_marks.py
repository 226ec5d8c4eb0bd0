"""Where on a page of a PDF a passage's words stand: rectangles to mark on its picture."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from ctypes import byref, c_double, c_int
from dataclasses import dataclass
from typing import Any, NamedTuple
from unicodedata import normalize

ENOUGH = 0.5
"""Share of a passage's characters that must be found on the page; with less, marks would point at the wrong words."""
SHORTEST = 2
"""Characters of a piece that is looked for: single ones stand everywhere."""
MOST_CHARS = 20_000
"""Of a page; a page with more is a drawing, and a picture without marks will do."""
_PIECES = re.compile(r"[\n；;：:。，,|]+")


class Box(NamedTuple):
    """In pixels of the picture, from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class _Words:
    """The characters of a page without blanks, each with its number on the page."""

    text: str
    at: tuple[int, ...]


def boxes(page: Any, text: str, width: int, height: int) -> tuple[Box, ...]:
    """One box a line of the passage's words on a page drawn at this size; none where too few of them are found.

    Readers put lines and cells together in their own way, so the pieces of a passage are looked for one by one, the
    longest first, the others as near to it as they stand and are not marked yet.
    """
    if not text:
        return ()
    words_of_page = page.get_textpage()
    try:
        words = _words(words_of_page)
        found = _found(words, text)
        return tuple(_lines(words_of_page, page, found, width, height))
    finally:
        words_of_page.close()


def _words(page: Any) -> _Words:
    pdfium: Any = importlib.import_module("pypdfium2.raw")  # made at import: no types

    text, at = list[str](), list[int]()
    for number in range(min(page.count_chars(), MOST_CHARS)):
        plain = _plain(chr(pdfium.FPDFText_GetUnicode(page, number)))
        text.append(plain)
        at.extend([number] * len(plain))
    return _Words("".join(text), tuple(at))


def _plain(text: str) -> str:
    """Full-width and half-width alike, without blanks and what PDFium puts in at line ends."""
    return "".join(char for char in normalize("NFKC", text) if not char.isspace() and char.isprintable())


def _found(words: _Words, text: str) -> list[int]:
    """Numbers of the page's characters that the passage consists of, in order."""
    pieces = [plain for piece in _PIECES.split(text) if len(plain := _plain(piece)) >= SHORTEST]
    marked, matched, anchor = set[int](), 0, -1
    for piece in sorted(pieces, key=len, reverse=True):
        starts = [found.start() for found in re.finditer(re.escape(piece), words.text)]
        if not starts:
            continue
        start = (
            starts[0]
            if anchor < 0
            else min(starts, key=lambda one: (words.at[one] in marked, abs(one - anchor)))
        )
        anchor = start if anchor < 0 else anchor
        matched += len(piece)
        marked.update(words.at[start : start + len(piece)])
    whole = sum(map(len, pieces))
    return sorted(marked) if whole and matched >= ENOUGH * whole else []


def _lines(words: Any, page: Any, numbers: Sequence[int], width: int, height: int) -> Iterator[Box]:
    line: Box | None = None
    before = -1
    for number in numbers:
        box = _on_picture(page, words.get_charbox(number, loose=True), width, height)
        if line is not None and number - before <= 3 and _is_same_line(line, box):
            line = Box(
                min(line.left, box.left),
                min(line.top, box.top),
                max(line.right, box.right),
                max(line.bottom, box.bottom),
            )
        else:
            if line is not None:
                yield line
            line = box
        before = number
    if line is not None:
        yield line


def _is_same_line(line: Box, box: Box) -> bool:
    return min(line.bottom, box.bottom) - max(line.top, box.top) > 0.5 * min(
        line.bottom - line.top, box.bottom - box.top
    )


def _on_picture(page: Any, box: Sequence[float], width: int, height: int) -> Box:
    """PDFium knows where a page's own origin is and how it is turned."""
    left, bottom, right, top = box
    one, other = _point(page, left, top, width, height), _point(page, right, bottom, width, height)
    return Box(min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))


def _point(page: Any, x: float, y: float, width: int, height: int) -> tuple[int, int]:
    pdfium: Any = importlib.import_module("pypdfium2.raw")  # made at import: no types

    across, down = c_int(), c_int()
    pdfium.FPDF_PageToDevice(
        page, 0, 0, width, height, 0, c_double(x), c_double(y), byref(across), byref(down)
    )
    return across.value, down.value
