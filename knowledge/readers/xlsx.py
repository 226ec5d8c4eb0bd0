"""Spreadsheets by openpyxl: each row becomes a line with its headers; merged headers are filled, sheets are headings."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from knowledge.readers import Block, LeftOut, Unreadable
from knowledge.readers.table import Cells, titled, under
from knowledge.readers.text import decode

_FORMULA_ALONE = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
MOST_CELLS = 5_000_000
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([^"']{1,40})["']""")


def read(path: Path) -> list[Block | LeftOut]:
    from openpyxl import load_workbook

    _merge_little(path)
    try:
        with path.open("rb") as file:  # a broken one is not closed by openpyxl
            book = load_workbook(file, data_only=True)
    except Exception as error:
        raise Unreadable(
            "Excel 文件打不开,可能已损坏或加了密码;请另存一份再上传", f"broken or encrypted .xlsx: {error}"
        ) from error
    found: list[Block | LeftOut] = [*_left_out(path, book)]
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        _spans_little(sheet)
        wide = {at for merged in sheet.merged_cells.ranges for at in _alone(sheet, merged)}
        for merged in list(sheet.merged_cells.ranges):
            value = sheet.cell(merged.min_row, merged.min_col).value
            sheet.unmerge_cells(str(merged))
            for line in sheet.iter_rows(merged.min_row, merged.max_row, merged.min_col, merged.max_col):
                for cell in line:
                    cell.value = value
        grid = [[_shown(cell.value, cell.number_format) for cell in line] for line in sheet.iter_rows()]
        found += [Block("heading", sheet.title, level=1), *rows(grid, wide)]
    return found


def _alone(sheet: Any, merged: Any) -> range:
    """The lines (from 0) that one merged cell takes for itself: a title or a remark."""
    if merged.min_col == merged.max_col:
        return range(0)
    beside = any(
        cell.value not in {None, ""}
        for line in sheet.iter_rows(merged.min_row, merged.max_row)
        for cell in line
        if not merged.min_col <= cell.column <= merged.max_col
    )
    return range(0) if beside else range(merged.min_row - 1, merged.max_row)


def _left_out(path: Path, book: Any) -> Iterator[LeftOut]:
    """What stands in parts of the file that openpyxl reads no words from."""
    hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
    if hidden:
        yield LeftOut(f"{len(hidden)} 张隐藏的工作表", f"hidden sheets {hidden}")
    with zipfile.ZipFile(path) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist() if name.endswith(".xml")]
    if count := sum(_comments(part) for name, part in parts if name.startswith("xl/comments")):
        yield LeftOut(f"{count} 条批注", f"{count} comments")
    if count := sum(_not_computed(part) for name, part in parts if "/worksheets/" in name):
        words = f"{count} 个公式没有算出的值,请用 Excel 打开、保存后再上传"
        yield LeftOut(words, f"{count} formulas without a stored value; open and save in Excel")
    if any(name.startswith("xl/charts/chart") for name, _ in parts):
        yield LeftOut("图表", "charts")
    if any(name.startswith("xl/drawings/") and b"<a:t>" in part for name, part in parts):
        yield LeftOut("文本框里的文字", "text boxes")


def _comments(part: bytes) -> int:
    return len(re.findall(rb"<(?:\w+:)?comment\s", part))


def _not_computed(part: bytes) -> int:
    """Cells whose formula Excel never worked out: programs write such files, and the cells read as empty."""
    return sum(b't="str"' not in cell[1] for cell in _FORMULA_ALONE.finditer(part))


def _merge_little(path: Path) -> None:
    """openpyxl makes every cell of a merge while it loads: one line of XML would fill the memory."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".xml") and "/worksheets/" in name:
                merged = sum(_size(one) for one in _MERGE.finditer(archive.read(name)))
                if merged > MOST_CELLS:
                    raise _too_wide(f"{name} merges {merged} cells")


def _size(merge: re.Match[bytes]) -> int:
    from openpyxl.utils.cell import range_boundaries

    try:
        left, top, right, bottom = range_boundaries(merge[1].decode("ascii"))
    except (ValueError, TypeError):
        return 0
    if left is None or top is None or right is None or bottom is None:
        return MOST_CELLS + 1  # whole rows or columns
    return (right - left + 1) * (bottom - top + 1)


def _spans_little(sheet: Any) -> None:
    """One cell in the last corner would make billions of empty ones."""
    cells = (sheet.max_row or 0) * (sheet.max_column or 0)
    if cells > MOST_CELLS:
        raise _too_wide(f"sheet {sheet.title!r} spans {cells} cells")


def _too_wide(detail: str) -> Unreadable:
    words = "工作表跨度太大(超过五百万格);请删掉多余的行列或合并后再上传"
    return Unreadable(words, f"{detail}; at most {MOST_CELLS}")


def read_csv(path: Path) -> list[Block]:
    text = decode(path.read_bytes())
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    grid = list(csv.reader(io.StringIO(text), delimiter=separator))
    return [Block("heading", path.stem, level=1), *rows(grid)]


_REMARK = re.compile(r"^(?:注|备注|说明|附[:：注]|[※*＊]|[一二三四五六七八九十]+、)|[。，,;；:：!！?？]")
_LONGEST_VALUE = 20


def rows(grid: Sequence[Sequence[str]], wide: Collection[int] = ()) -> list[Block]:
    """A blank line ends a table; the first line of several cells is its header (two lines where it was merged).

    Lines of one cell are titles or remarks: those that one merged cell takes (`wide`), those above a header, and those
    that read so. Any other is a row, of which the other cells are empty.
    """
    found: list[Block] = []
    header: Cells = ()
    below = list[Cells | Block]()

    def close() -> None:
        nonlocal header
        found.extend(under(header, below))
        header = ()
        below.clear()

    lines = [tuple(cell.strip() for cell in line) for line in grid]
    for at, (line, following) in enumerate(zip(lines, [*lines[1:], ()], strict=True)):
        filled = [cell for cell in line if cell]
        if not filled:
            close()
        elif at in wide and at - 1 in wide and line == lines[at - 1]:
            continue  # a title two lines high
        elif at in wide or (len(filled) == 1 and (not header or _remarks(filled[0]))):
            below.append(Block("text", filled[0]))
        elif not header:
            close()
            header = line
        elif not any(isinstance(one, tuple) for one in below) and _continues(header, line, following):
            header = titled([header, line])
        else:
            below.append(line)
    close()
    return found


def _remarks(words: str) -> bool:
    return len(words) > _LONGEST_VALUE or _REMARK.search(words) is not None


def _continues(header: tuple[str, ...], line: tuple[str, ...], below: tuple[str, ...]) -> bool:
    """A second header line: the first one repeats a merged name, and this one has no numbers though the next has."""
    merged = any(a and a == b for a, b in pairwise(header))
    return merged and not any(_numeric(cell) for cell in line) and any(_numeric(cell) for cell in below)


def _numeric(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("%", "").replace("¥", "").isdigit()


def _shown(value: Any, number_format: str = "") -> str:
    """A value as the sheet shows it, as far as words need it: dates without time, 5 % rather than 0.05."""
    if value is None:
        return ""
    if "%" in number_format and isinstance(value, (int, float)):
        return f"{round(value * 100, 4):g}%"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)
