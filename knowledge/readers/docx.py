"""Word files by python-docx: heading styles, numbered clauses, tables in their place."""

from __future__ import annotations

import re
from pathlib import Path

from docx import Document
from docx.table import Table
from docx.text.paragraph import Paragraph

from knowledge.readers import Block, Unreadable
from knowledge.readers.markdown import row
from knowledge.readers.text import paragraph


def read(path: Path) -> list[Block]:
    try:
        document = Document(str(path))
    except Exception as error:  # zipfile, lxml, KeyError: every way a broken file can fail
        raise Unreadable("Word 文件打不开,可能已损坏或加了密码;请另存一份再上传") from error
    found: list[Block] = []
    for item in document.iter_inner_content():
        found += _table(item) if isinstance(item, Table) else [_paragraph(item)]
    return found


def _paragraph(item: Paragraph) -> Block:
    style = item.style.name if item.style else ""
    if level := re.match(r"(?:Heading|标题)\s*(\d)", style or ""):
        return Block("heading", item.text.strip(), level=int(level[1]))
    if style == "Title":
        return Block("heading", item.text.strip(), level=1)
    return paragraph(item.text.strip())


def _table(table: Table) -> list[Block]:
    lines = [tuple(_unmerged([cell.text.strip() for cell in line.cells])) for line in table.rows]
    return (
        [row(lines[0], cells) for cells in lines[1:]]
        if len(lines) > 1
        else [row((), cells) for cells in lines]
    )


def _unmerged(cells: list[str]) -> list[str]:
    """python-docx repeats a merged cell once per column it covers."""
    return [cell if at == 0 or cell != cells[at - 1] else "" for at, cell in enumerate(cells)]
