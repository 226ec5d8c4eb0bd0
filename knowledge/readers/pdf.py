"""PDF by pypdfium2: pages kept, running heads removed, columns in reading order, tables put together across pages."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from knowledge.readers import Block, LeftOut, Unreadable
from knowledge.readers.pdf_page import NEAR, Grid, Line, page_content
from knowledge.readers.pdf_written import Written, written_on
from knowledge.readers.table import row, under
from knowledge.readers.text import heading_level, paragraph, without_text

MOST_PAGES = 2000
PDFIUM = threading.RLock()
"""PDFium is not made for threads: whoever reads or draws holds this."""
COLUMN = 60.0
"""Points within which lines start in the same column, indents included."""
_PAGE_NUMBER = re.compile(r"^[第\-–]?\s*\d+\s*(?:[/of共]+\s*\d+)?\s*[页\-–]?$|^Page \d+", re.IGNORECASE)
_LEADER = re.compile(r"[.…·․]{4,}\s*\d+$|(?:[.…·] ?){5,}")
_STARTS = re.compile(
    r"^(?:\d+[.、)]\s|\d+(?:\.\d+)+\s|[•●■◆·\-–*]\s?|第[一二三四五六七八九十百零\d]+[章条节]|[(（]?[一二三四五六七八九十\d]{1,2}[)）、])"
)
_ENDS = "。!?！？；;：:"
Item = Line | Grid


def read(path: Path) -> list[Block | LeftOut]:
    with PDFIUM:
        return _read(path)


def _read(path: Path) -> list[Block | LeftOut]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)  # type: ignore[no-untyped-call]
    except pypdfium2.PdfiumError as error:
        raise _refusal(error) from error
    try:
        if len(document) > MOST_PAGES:
            raise Unreadable(
                f"PDF 有 {len(document)} 页,上限 {MOST_PAGES} 页;请按章节拆分",
                f"{len(document)} pages; at most {MOST_PAGES}",
            )
        document.init_forms()  # type: ignore[no-untyped-call]
        pages, written = list[list[Item]](), list[Written]()
        for at in range(len(document)):
            page = document[at]
            pages.append(page_content(page, at + 1))
            written.append(written_on(page, document.formenv))
        kept = _without_running_heads(pages)
        silent = [at for at, page in enumerate(kept) if not page and _shows_something(document[at])]
        blocks = blocks_of([_in_reading_order(_without_contents(page)) for page in kept])
        left_out = [without_text([at + 1 for at in silent], len(pages))] if silent else []
        if comments := sum(one.comments for one in written):
            left_out.append(LeftOut(f"{comments} 条批注", f"{comments} comments"))
        return [*left_out, *_with_written(blocks, written)]
    finally:
        document.close()  # type: ignore[no-untyped-call]


def _with_written(blocks: Sequence[Block], written: Sequence[Written]) -> Iterator[Block]:
    """After what else stands on their page, under the heading that is open there."""
    at = 0
    for number, page in enumerate(written, 1):
        end = max((no for no, one in enumerate(blocks, 1) if (one.page or 0) <= number), default=0)
        yield from blocks[at:end]
        yield from (Block("text", line, page=number) for line in page.lines)
        at = max(at, end)


def _refusal(error: Exception) -> Unreadable:
    if "password" in str(error).lower() or "security" in str(error).lower():
        return Unreadable("PDF 加了密码,请去掉密码后再上传", f"encrypted PDF: {error}")
    return Unreadable("PDF 打不开,文件可能已损坏;请重新导出后再上传", f"broken PDF: {error}")


def _shows_something(page: Any) -> bool:
    """A picture or a drawing, which may be words to a reader; an empty page is none."""
    return any(True for _ in page.get_objects(max_depth=2))


def _without_running_heads(pages: Sequence[list[Item]]) -> list[list[Item]]:
    """Drop first and last lines that repeat (but for the page's number) on a third of the pages or more, and page
    numbers. “X200 参数” above one page and “X350 参数” above the next are no running heads, nor is what stands alone on
    every page (labels, vouchers)."""
    edges = Counter(
        shape
        for at, page in enumerate(pages)
        for shape in {shape for line in _edge(page) for shape in _shapes(line, at)}
    )
    running = {shape for shape, count in edges.items() if count >= max(3, len(pages) / 3)}
    kept = []
    for at, page in enumerate(pages):
        edge = {
            id(line)
            for line in _edge(page)
            if not running.isdisjoint(_shapes(line, at)) or _PAGE_NUMBER.match(line.text)
        }
        kept.append([one for one in page if id(one) not in edge])
    return kept if any(kept) else list(pages)


def _without_contents(page: Sequence[Item]) -> list[Item]:
    return [one for one in page if not (isinstance(one, Line) and _LEADER.search(one.text))]


def _edge(page: Sequence[Item]) -> list[Line]:
    return [one for one in (*page[:2], *page[-2:]) if isinstance(one, Line)]


def _shapes(line: Line, page: int) -> set[str]:
    """The line as it is, and with each of its numbers counted from the page on which it stands."""
    text = line.text
    counted = (
        f"{text[: found.start()]}{int(found[0]) - page:+}{text[found.end() :]}"
        for found in re.finditer(r"\d{1,6}", text)
    )
    return {text, *counted}


def _in_reading_order(page: list[Item]) -> list[Item]:
    """Where prose is set in two columns, the left one comes first; a full-width line or table divides the page."""
    gutter = _gutter([one for one in page if isinstance(one, Line)])
    if gutter is None:
        return page
    ordered, left, right = list[Item](), list[Item](), list[Item]()
    for one in page:
        if isinstance(one, Line) and (
            one.starts[0] >= gutter - NEAR or one.right <= gutter or gutter in _near(one.starts, gutter)
        ):
            for cell, start, end in zip(one.cells, one.starts, one.ends, strict=True):
                side = right if start >= gutter - NEAR else left
                side.append(replace(one, cells=(cell,), starts=(start,), ends=(end,)))
        else:
            ordered += [*left, *right, one]
            left, right = [], []
    return [*ordered, *left, *right]


def _near(starts: Iterable[float], at: float) -> set[float]:
    return {at for start in starts if abs(start - at) <= 2 * NEAR}


def _gutter(lines: Sequence[Line]) -> float | None:
    """Where the second column starts, if at least six lines are two long pieces of prose side by side."""
    pairs = [line for line in lines if len(line.cells) == 2 and all(len(cell) > 12 for cell in line.cells)]
    if len(pairs) < 6:
        return None
    start = median(line.starts[1] for line in pairs)
    aligned = [line for line in pairs if abs(line.starts[1] - start) <= 2 * NEAR]
    return start if len(aligned) >= max(6, 0.6 * len(pairs)) else None


def blocks_of(pages: Sequence[Sequence[Item]]) -> list[Block]:
    """Headings, paragraphs and rows of all pages."""
    lines = [one for page in pages for one in page if isinstance(one, Line)]
    sizes = _Sizes(lines)
    found: list[Block] = []
    table: Grid | None = None
    prose: list[Line] = []
    for page in pages:
        for one in _with_loose_tables(page):
            if isinstance(one, Grid):
                found += _paragraphs(prose)
                found += _rows(one, table if not prose else None)
                table, prose = (
                    (
                        one
                        if not _continues(one, table)
                        else replace(one, rows=table.rows[:1] if table else one.rows)
                    ),
                    [],
                )
            elif sizes.is_heading(one):
                found += [*_paragraphs(prose), Block("heading", one.text, sizes.level(one), one.page)]
                prose, table = [], None
            elif not ("续表" in one.text and len(one.text) < 12):
                prose.append(one)
    return found + _paragraphs(prose)


class _Sizes:
    """Which lines are headings: larger than the body, or short and numbered; levels by numbering, else by size."""

    def __init__(self, lines: Sequence[Line]) -> None:
        by_size = Counter[float]()
        for line in lines:
            by_size[round(line.height, 1)] += len(line.text)
        self.body = by_size.most_common(1)[0][0] if by_size else 10.0
        self.larger = sorted((size for size in by_size if size > self.body * 1.09), reverse=True)

    def is_heading(self, line: Line) -> bool:
        if len(line.text) > 50 or len(line.cells) > 2:
            return False
        larger = line.height > self.body * 1.09 and line.text[-1] not in "。;；,，"
        return larger or (paragraph(line.text).kind == "heading" and line.text[-1] not in _ENDS)

    def level(self, line: Line) -> int:
        if paragraph(line.text).kind == "heading":
            return heading_level(line.text)
        size = round(line.height, 1)
        return min(self.larger.index(size) + 1, 4) if size in self.larger else 4


def _rows(grid: Grid, before: Grid | None) -> list[Block]:
    """Each row with its column names; a table that goes on after a page break keeps the names of its first part."""
    if before is None or not _continues(grid, before):
        header = grid.rows[0]
        return under(header, [cells for cells in grid.rows[1:] if cells != header], grid.page)
    header = before.rows[0]
    return [row(header, cells, grid.page) for cells in grid.rows if cells != header]


def _continues(grid: Grid, before: Grid | None) -> bool:
    """The same columns on the next page, with the header repeated or left out."""
    if (
        before is None
        or grid.page != before.page + 1
        and grid.page != before.page
        or len(grid.starts) != len(before.starts)
    ):
        return False
    aligned = all(abs(a - b) <= 3 * NEAR for a, b in zip(grid.starts, before.starts, strict=True))
    return grid.rows[0] == before.rows[0] or (aligned and grid.page != before.page)


def _with_loose_tables(page: Sequence[Item]) -> list[Item]:
    """Tables without rules: two or more lines in a row whose pieces start under those of the first."""
    found: list[Item] = []
    run: list[Line] = []
    for one in [*page, None]:
        if isinstance(one, Line) and _fits(run, one):
            run.append(one)
            continue
        found += _loose(run)
        run = []
        if isinstance(one, Line) and len(one.cells) > 1:
            run = [one]
        elif one is not None:
            found.append(one)
    return found


def _fits(run: Sequence[Line], line: Line) -> bool:
    """Each piece starts under a column of the first line; a lone piece is the wrapped text of the cell above it."""
    if not run or run[-1].top - line.top > 3.2 * line.height:
        return False
    columns = run[0].starts
    aligned = all(any(abs(start - column) <= 3 * NEAR for column in columns) for start in line.starts)
    wrapped = len(line.cells) == 1 and line.starts[0] > columns[0] + 3 * NEAR
    return aligned and (len(line.cells) > 1 or (wrapped and len(run) > 1))


def _loose(run: Sequence[Line]) -> list[Item]:
    if sum(len(line.cells) > 1 for line in run) < 2:
        return list(run)
    columns, rows = run[0].starts, list[list[str]]()
    for line in run:
        cells = [""] * len(columns)
        for cell, start in zip(line.cells, line.starts, strict=True):
            cells[min(range(len(columns)), key=lambda at: abs(columns[at] - start))] += cell
        if len(line.cells) == 1 and rows:
            rows[-1] = [above + more for above, more in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return [Grid(tuple(map(tuple, rows)), columns, run[0].top, run[0].page)]


def _paragraphs(lines: Sequence[Line]) -> list[Block]:
    """A line that does not reach the right edge, or one that starts like an item, ends a paragraph."""
    if not lines:
        return []
    found: list[list[Line]] = []
    for line in lines:
        if found and not _STARTS.match(line.text) and _goes_on(found[-1][-1], line, lines):
            found[-1].append(line)
        else:
            found.append([line])
    return [Block("text", _joined(one), page=one[0].page) for one in found]


def _goes_on(line: Line, following: Line, lines: Sequence[Line]) -> bool:
    """The line was filled to the edge of its column; after a full stop it must have been filled entirely, on one page."""
    if line.page != following.page and line.text[-1] in _ENDS:
        return False
    edge = max(one.right for one in lines if abs(one.starts[0] - line.starts[0]) < COLUMN)
    return line.right > edge - (1 if line.text[-1] in _ENDS else 3) * line.height


def _joined(lines: Sequence[Line]) -> str:
    text = ""
    for line in lines:
        gap = " " if text[-1:].isascii() and text[-1:].isalnum() and line.text[:1].isascii() else ""
        text += gap + line.text
    return text
