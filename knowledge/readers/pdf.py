"""PDF by pypdfium2: pages kept, running heads removed, tables put back together across pages.

A PDF knows characters and where they stand, no tables. Lines whose words stand in columns are read as rows; the
first of them is the header, and the same header printed again on the next page goes on with the table.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from knowledge.readers import Block, Unreadable
from knowledge.readers.markdown import row
from knowledge.readers.text import paragraph

MOST_PAGES = 2000
GAP = 1.6
"""Times a character's width: a wider space within a line separates columns."""
_PAGE_NUMBER = re.compile(r"^[第-]?\s*\d+\s*(?:/\s*\d+)?\s*[页-]?$|^Page \d+")


@dataclass(frozen=True)
class Line:
    """One printed line: its cells left to right, where each starts, and its height in points."""

    cells: tuple[str, ...]
    starts: tuple[float, ...]
    top: float
    height: float
    page: int

    @property
    def text(self) -> str:
        return " ".join(self.cells)


def read(path: Path) -> list[Block]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("PDF 打不开:可能加了密码或已损坏;请去掉密码、重新导出后再上传") from error
    try:
        if len(document) > MOST_PAGES:
            raise Unreadable(f"PDF 有 {len(document)} 页,上限 {MOST_PAGES} 页;请按章节拆分")
        lines = [line for number in range(len(document)) for line in _page(document[number], number + 1)]
        return _blocks(_without_running_heads(lines, len(document)))
    finally:
        document.close()


def _page(page: object, number: int) -> list[Line]:
    """Characters → words by position → lines by baseline."""
    textpage = page.get_textpage()  # type: ignore[attr-defined]
    characters = []
    for index in range(textpage.count_chars()):
        character = textpage.get_text_range(index, 1)
        if character.strip():
            left, bottom, right, top = textpage.get_charbox(index)
            characters.append((character, left, bottom, right, top))
    textpage.close()
    return _two_columns(_lines(characters, number))


def _lines(characters: list[tuple[str, float, float, float, float]], page: int) -> list[Line]:
    rows: list[list[tuple[str, float, float, float, float]]] = []
    for character in sorted(characters, key=lambda one: (-(one[2] + one[4]) / 2, one[1])):
        middle, height = (character[2] + character[4]) / 2, character[4] - character[2]
        if rows and abs(_middle(rows[-1]) - middle) < max(3.0, height * 0.55):
            rows[-1].append(character)
        else:
            rows.append([character])
    return [_line(sorted(one, key=lambda c: c[1]), page) for one in rows]


def _middle(characters: list[tuple[str, float, float, float, float]]) -> float:
    return median((one[2] + one[4]) / 2 for one in characters)


def _line(characters: list[tuple[str, float, float, float, float]], page: int) -> Line:
    height = median(one[4] - one[2] for one in characters) or 8.0
    width = max(median(one[3] - one[1] for one in characters), height * 0.5)
    cells, starts, end = [""], [characters[0][1]], characters[0][1]
    for character, left, _, right, _ in characters:
        if left - end > width * GAP:
            cells.append("")
            starts.append(left)
        elif left - end > width * 0.3 and cells[-1] and (cells[-1][-1].isascii() and character.isascii()):
            cells[-1] += " "
        cells[-1] += character
        end = max(end, right)
    return Line(tuple(cells), tuple(starts), characters[0][4], height, page)


def _two_columns(lines: list[Line]) -> list[Line]:
    """Where most lines have two long cells starting at the same place, the page is set in two columns of prose."""
    pairs = [line for line in lines if len(line.cells) == 2 and all(len(cell) > 14 for cell in line.cells)]
    if len(pairs) < 8 or len(pairs) < len(lines) * 0.5:
        return lines
    second = median(line.starts[1] for line in pairs)
    left, right = [], []
    for line in lines:
        for cell, start in zip(line.cells, line.starts, strict=True):
            (right if start >= second - 5 else left).append(
                Line((cell,), (start,), line.top, line.height, line.page)
            )
    return left + right


def _without_running_heads(lines: list[Line], pages: int) -> list[Line]:
    """First and last lines of pages that repeat (but for digits) on a third of the pages or more."""
    by_page: dict[int, list[Line]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    edges = Counter(_shape(line) for page in by_page.values() for line in {*page[:2], *page[-2:]})
    running = {shape for shape, count in edges.items() if count >= max(3, pages / 3)}
    kept = []
    for page in by_page.values():
        edge = {*page[:2], *page[-2:]}
        kept += [
            line
            for line in page
            if not (line in edge and (_shape(line) in running or _PAGE_NUMBER.match(line.text)))
        ]
    return kept


def _shape(line: Line) -> str:
    return re.sub(r"\d+", "0", line.text)


def _blocks(lines: list[Line]) -> list[Block]:
    body = median(line.height for line in lines) if lines else 0.0
    found: list[Block] = []
    header: Line | None = None
    prose: list[Line] = []
    for line, below in zip(lines, [*lines[1:], None], strict=True):
        if len(line.cells) > 1:
            found += _prose(prose)
            prose = []
            if header is None:
                header = line
                if below is None or len(below.cells) < 2:  # a single line with gaps is no table
                    found.append(Block("text", line.text, page=line.page))
                    header = None
            elif line.cells != header.cells:
                found.append(row(header.cells, _align(line, header), line.page))
        elif header is not None and _goes_on(line, below, header):
            continue
        elif (
            header is not None and found and found[-1].kind == "row" and line.starts[0] > header.starts[0] + 5
        ):
            found[-1] = _appended(found[-1], line, header)
        else:
            header = None if not _between_pages(line, below) else header
            if line.height > body * 1.12 or paragraph(line.text).kind == "heading":
                found += [*_prose(prose), _heading(line, body)]
                prose = []
            else:
                prose.append(line)
    return found + _prose(prose)


def _goes_on(line: Line, below: Line | None, header: Line) -> bool:
    """“续表” lines between two parts of one table."""
    return "续表" in line.text and below is not None and below.cells == header.cells


def _between_pages(line: Line, below: Line | None) -> bool:
    return below is not None and below.page != line.page and len(line.text) < 12


def _align(line: Line, header: Line) -> tuple[str, ...]:
    """Put each cell under the header that starts nearest to it."""
    cells = [""] * len(header.cells)
    for cell, start in zip(line.cells, line.starts, strict=True):
        nearest = min(range(len(header.starts)), key=lambda at: abs(header.starts[at] - start))
        cells[nearest] = f"{cells[nearest]} {cell}".strip()
    return tuple(cells)


def _appended(block: Block, line: Line, header: Line) -> Block:
    """A cell's text that wrapped to a second line."""
    more = _align(line, header)
    cells = tuple(f"{cell}{extra}" for cell, extra in zip(block.cells, more, strict=False))
    return row(block.header, cells, block.page)


def _heading(line: Line, body: float) -> Block:
    from knowledge.readers.text import heading_level

    numbered = paragraph(line.text)
    level = heading_level(line.text) if numbered.kind == "heading" else 1 if line.height > body * 1.4 else 2
    return Block("heading", line.text, level=level, page=line.page)


def _prose(lines: list[Line]) -> list[Block]:
    """Lines that belong together become a paragraph: a full stop or a clear gap ends one."""
    found: list[Block] = []
    words, page = "", None
    for line in lines:
        page = page or line.page
        words += line.text
        if line.text[-1:] in "。!?;:" or len(line.text) < 14:
            found.append(Block("text", words, page=page))
            words, page = "", None
    return [*found, Block("text", words, page=page)] if words else found
