"""Word files by python-docx: heading styles, counted clauses, tables in their place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from knowledge.readers import Block, Unreadable
from knowledge.readers.docx_numbers import Numbers
from knowledge.readers.markdown import row
from knowledge.readers.text import paragraph

_OLE = b"\xd0\xcf\x11\xe0"
"""Begins an encrypted .docx (and an old .doc that was renamed)."""


def read(path: Path) -> list[Block]:
    from docx import Document
    from docx.table import Table

    if path.read_bytes()[:4] == _OLE:
        raise Unreadable(
            "Word 文件加了密码,或是改了扩展名的旧 .doc;请去掉密码、另存为 .docx 再上传",
            "encrypted .docx or renamed .doc",
        )
    try:
        document = Document(str(path))
        items = list(document.iter_inner_content())
    except Exception as error:
        raise Unreadable("Word 文件打不开,可能已损坏;请另存一份再上传", f"broken .docx: {error}") from error
    numbers = Numbers(document)
    found: list[Block] = []
    for item in items:
        found += _table(item) if isinstance(item, Table) else [_paragraph(item, numbers)]
    return found


def _paragraph(item: Any, numbers: Numbers) -> Block:
    words = item.text.strip()
    text = f"{numbers.before(item)}{words}" if words else ""
    level = _outline_level(item)
    return Block("heading", text, level=level) if level else paragraph(text)


def _outline_level(item: Any) -> int:
    """By style name in either language, else by the outline level set on paragraph or style; 0 = body text."""
    name = (item.style.name if item.style is not None else "") or ""
    if name in {"Title", "标题"}:
        return 1
    if level := re.match(r"(?:heading|标题)\s*(\d)", name, re.IGNORECASE):
        return int(level[1])
    holders = [item._p] + ([item.style.element] if item.style is not None else [])
    found = [value for holder in holders for value in holder.xpath("./w:pPr/w:outlineLvl/@w:val")]
    return int(found[0]) + 1 if found and int(found[0]) < 9 else 0


def _table(table: Any) -> list[Block]:
    lines = [_cells(line) for line in table.rows]
    if len(lines) == 1:
        return [row((), lines[0])]
    return [row(lines[0], cells) for cells in lines[1:]]


def _cells(line: Any) -> tuple[str, ...]:
    """python-docx gives a merged cell once per column it covers: the words stand in the first of them."""
    found: list[str] = []
    before = None
    for cell in line.cells:
        found.append("" if cell._tc is before else " ".join(cell.text.split()))
        before = cell._tc
    return tuple(found)
