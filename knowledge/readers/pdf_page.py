"""One PDF page as it is printed: characters by position into lines, ruled tables into cells (by pypdfium2)."""

from __future__ import annotations

import ctypes
import importlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

GAP = 1.7
"""Times a line's height: a wider space within a line separates columns."""
NEAR = 3.0
"""Points within which two rules or starts count as the same."""


@dataclass(frozen=True)
class Char:
    """A character in its em box (not the ink, which is tiny for a full stop). `spaced`: white space stood before it."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    spaced: bool

    @property
    def middle(self) -> float:
        return (self.bottom + self.top) / 2

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Line:
    """A printed line: its segments left to right with where each starts and ends, its top and height in points."""

    cells: tuple[str, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    top: float
    height: float
    page: int

    @property
    def right(self) -> float:
        return self.ends[-1]

    @property
    def text(self) -> str:
        return " ".join(self.cells)


@dataclass(frozen=True)
class Grid:
    """A ruled table: rows of cells, where its columns start, and its place on the page."""

    rows: tuple[tuple[str, ...], ...]
    starts: tuple[float, ...]
    top: float
    page: int


@dataclass(frozen=True)
class _Rule:
    """A straight line of a table's frame (or an edge of a filled cell)."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def upright(self) -> bool:
        return self.top - self.bottom > self.right - self.left

    def touches(self, other: _Rule) -> bool:
        apart = (
            max(self.left, other.left) - min(self.right, other.right),
            max(self.bottom, other.bottom) - min(self.top, other.top),
        )
        return max(apart) <= NEAR


def page_content(page: Any, number: int) -> list[Line | Grid]:
    """Everything on the page from top to bottom; what stands in a ruled table is only in its grid."""
    chars = _chars(page)
    grids = []
    for rules in _frames(_rules(page)):
        grid, chars = _grid(rules, chars, number)
        if grid is not None:
            grids.append(grid)
    lines = lines_of(chars, number)
    return sorted([*lines, *grids], key=lambda one: -one.top)


def _chars(page: Any) -> list[Char]:
    text = page.get_textpage()
    found, spaced = list[Char](), False
    for at in range(text.count_chars()):
        char = text.get_text_range(at, 1)
        if not char.strip() or char == "\ufffe":
            spaced = True
            continue
        left, bottom, right, top = text.get_charbox(at, loose=True)
        found.append(Char(char, left, bottom, right, top, spaced))
        spaced = False
    text.close()
    return [char for char in found if char.top > char.bottom]


def lines_of(chars: Iterable[Char], page: int) -> list[Line]:
    """Characters whose middles lie at one height, from left to right."""
    rows: list[list[Char]] = []
    for char in sorted(chars, key=lambda one: -one.middle):
        if rows and abs(rows[-1][0].middle - char.middle) < 0.5 * min(
            rows[-1][0].top - rows[-1][0].bottom, char.top - char.bottom
        ):
            rows[-1].append(char)
        else:
            rows.append([char])
    return [_line(sorted(row, key=lambda one: one.left), page) for row in rows]


def _line(row: Sequence[Char], page: int) -> Line:
    height = median(char.top - char.bottom for char in row)
    cells, starts, ends = [""], [row[0].left], [row[0].left]
    for char in row:
        gap = char.left - ends[-1]
        if gap > height * GAP:
            cells.append("")
            starts.append(char.left)
            ends.append(char.right)
        elif cells[-1] and _needs_space(cells[-1][-1], char, gap, height):
            cells[-1] += " "
        cells[-1] += char.text
        ends[-1] = max(ends[-1], char.right)
    return Line(tuple(cells), tuple(starts), tuple(ends), max(char.top for char in row), height, page)


def _needs_space(before: str, char: Char, gap: float, height: float) -> bool:
    """White space beside Latin letters and digits is kept; between Chinese characters only where it is wide."""
    if before > "\u2e80" and char.text > "\u2e80":
        return char.spaced and gap > 0.3 * height
    return char.spaced or gap > 0.3 * height


def _rules(page: Any) -> list[_Rule]:
    """Thin paths, and the edges of boxes."""
    raw: Any = importlib.import_module("pypdfium2.raw")  # made at import: no types

    found = []
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=4):
        left, bottom, right, top = item.get_bounds()
        found += _segments(raw, item, (left, bottom, right, top))
    return [rule for rule in found if max(rule.right - rule.left, rule.top - rule.bottom) > 4]


def _segments(raw: Any, item: Any, box: tuple[float, float, float, float]) -> list[_Rule]:
    left, bottom, right, top = box
    if min(right - left, top - bottom) < NEAR:
        return [_Rule(left, bottom, right, top)]
    if raw.FPDFPath_CountSegments(item) > 6:
        return []  # a drawing
    edges = [
        (left, bottom, left, top),
        (right, bottom, right, top),
        (left, bottom, right, bottom),
        (left, top, right, top),
    ]
    return [_Rule(*edge) for edge in edges] if _is_box(raw, item) else []


def _is_box(raw: Any, item: Any) -> bool:
    """Only lines, each level or upright (curves are drawings)."""
    points = []
    for at in range(raw.FPDFPath_CountSegments(item)):
        segment = raw.FPDFPath_GetPathSegment(item, at)
        if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_BEZIERTO:
            return False
        x, y = ctypes.c_float(), ctypes.c_float()
        raw.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y))
        points.append((x.value, y.value))
    return all(abs(a[0] - b[0]) < 0.5 or abs(a[1] - b[1]) < 0.5 for a, b in itertools.pairwise(points))


def _frames(rules: Sequence[_Rule]) -> list[list[_Rule]]:
    """Rules that touch each other belong to one table."""
    frames: list[list[_Rule]] = []
    for rule in rules:
        joined = [frame for frame in frames if any(rule.touches(other) for other in frame)]
        frames = [frame for frame in frames if frame not in joined]
        frames.append([rule, *(one for frame in joined for one in frame)])
    return frames


def _grid(rules: Sequence[_Rule], chars: list[Char], page: int) -> tuple[Grid | None, list[Char]]:
    """The table in a frame, and the characters outside it; None where the frame is no table."""
    columns = _merged([rule.left for rule in rules if rule.upright])
    levels = _merged([rule.top for rule in rules if not rule.upright])
    if len(columns) < 3 or len(levels) < 3:
        return None, chars
    inside = [
        c for c in chars if columns[0] <= c.centre <= columns[-1] and levels[0] <= c.middle <= levels[-1]
    ]
    if not inside:
        return None, chars
    rows = [
        _row(rules, inside, columns, levels[at], levels[at + 1], page)
        for at in reversed(range(len(levels) - 1))
    ]
    outside = set(map(id, inside))
    kept = tuple(row for row in rows if any(row))
    return Grid(kept, tuple(columns[:-1]), levels[-1], page), [
        char for char in chars if id(char) not in outside
    ]


def _row(
    rules: Sequence[_Rule],
    chars: Sequence[Char],
    columns: Sequence[float],
    low: float,
    high: float,
    page: int,
) -> tuple[str, ...]:
    """A row's cells; a cell across several columns stands in each of them."""
    level = (low + high) / 2
    walls = [at for at, x in enumerate(columns) if at in {0, len(columns) - 1} or _has_wall(rules, x, level)]
    cells: list[str] = []
    for at, to in itertools.pairwise(walls):
        own = [c for c in chars if columns[at] <= c.centre <= columns[to] and low <= c.middle <= high]
        text = "".join(_glued(line.text) for line in lines_of(own, page)).strip()
        cells += [text] * (to - at)
    return tuple(cells)


def _glued(text: str) -> str:
    """A wrapped line goes on without a space after Chinese, with one after Latin."""
    return text + (" " if text[-1:].isascii() and text[-1:].isalnum() else "")


def _has_wall(rules: Sequence[_Rule], x: float, level: float) -> bool:
    return any(
        rule.upright and abs(rule.left - x) <= NEAR and rule.bottom <= level <= rule.top for rule in rules
    )


def _merged(values: Iterable[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > NEAR:
            found.append(value)
    return found
