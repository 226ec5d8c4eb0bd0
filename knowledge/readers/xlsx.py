"""Spreadsheets by openpyxl: each row becomes a line with its headers; merged headers are filled, sheets are headings."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from knowledge.readers import Block, Unreadable
from knowledge.readers.markdown import row
from knowledge.readers.text import decode


def read(path: Path) -> list[Block]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, data_only=True)
    except Exception as error:
        raise Unreadable(
            "Excel 文件打不开,可能已损坏或加了密码;请另存一份再上传", f"broken or encrypted .xlsx: {error}"
        ) from error
    found: list[Block] = []
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        for merged in list(sheet.merged_cells.ranges):
            value = sheet.cell(merged.min_row, merged.min_col).value
            sheet.unmerge_cells(str(merged))
            for line in sheet.iter_rows(merged.min_row, merged.max_row, merged.min_col, merged.max_col):
                for cell in line:
                    cell.value = value
        grid = [[_shown(cell.value, cell.number_format) for cell in line] for line in sheet.iter_rows()]
        found += [Block("heading", sheet.title, level=1), *rows(grid)]
    return found


def read_csv(path: Path) -> list[Block]:
    text = decode(path.read_bytes())
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    grid = list(csv.reader(io.StringIO(text), delimiter=separator))
    return [Block("heading", path.stem, level=1), *rows(grid)]


def rows(grid: Sequence[Sequence[str]]) -> list[Block]:
    """Lines of one cell are titles or remarks; the first wider line is the header (two lines where it was merged)."""
    found: list[Block] = []
    header: tuple[str, ...] = ()
    lines = [tuple(cell.strip() for cell in line) for line in grid]
    for line, below in zip(lines, [*lines[1:], ()], strict=True):
        filled = [cell for cell in line if cell]
        if not filled:
            header = ()  # a blank line ends a table
        elif len(set(filled)) == 1:
            found.append(Block("text", filled[0]))
        elif not header:
            header = line
        elif _continues(header, line, below):
            header = tuple(
                a if a == b or not b else f"{a} {b}".strip() for a, b in zip(header, line, strict=False)
            )
        else:
            found.append(row(header, line))
    return found


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
