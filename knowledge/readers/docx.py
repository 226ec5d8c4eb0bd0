"""Word files by python-docx: heading styles, counted clauses, tables in their place, tables within tables too.

Page headers and footers are left out, as everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.readers import Block, LeftOut, Unreadable
from knowledge.readers.docx_flat import flatten
from knowledge.readers.docx_numbers import Numbers
from knowledge.readers.table import Cells, row, under
from knowledge.readers.text import paragraph

_OLE = b"\xd0\xcf\x11\xe0"
"""Begins an encrypted .docx (and an old .doc that was renamed)."""


def read(path: Path) -> list[Block | LeftOut]:
    from docx import Document

    if path.read_bytes()[:4] == _OLE:
        raise Unreadable(
            "Word 文件加了密码,或是改了扩展名的旧 .doc;请去掉密码、另存为 .docx 再上传",
            "encrypted .docx or renamed .doc",
        )
    try:
        with path.open("rb") as file:
            document = Document(file)
        left_out = flatten(document)
        items = list(document.iter_inner_content())
    except Exception as error:
        raise Unreadable("Word 文件打不开,可能已损坏;请另存一份再上传", f"broken .docx: {error}") from error
    tables = _Tables(Numbers(document))
    found: list[Block | LeftOut] = [*left_out]
    for item in items:
        found += tables.read(item) if hasattr(item, "rows") else [_paragraph(item, tables.numbers)]
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


@dataclass
class _Tables:
    """Rows with their column names. python-docx gives a merged cell once per column and line that it covers: its words
    stand in the first column only, in each line; what is numbered in it counts once."""

    numbers: Numbers
    _known: dict[Any, str] = field(default_factory=dict)

    def read(self, table: Any) -> list[Block]:
        header: Cells = ()
        lines = list[Cells | Block]()
        for line in table.rows:
            cells, inner = self._cells(line)
            if len(cells) > 1 and len({cell._tc for cell in line.cells}) == 1:
                lines.append(row((), cells[:1]))  # one cell over all columns: a title or a remark
            elif not header:
                header = cells
            else:
                lines.append(cells)
            lines += inner
        return under(header, lines)

    def _cells(self, line: Any) -> tuple[Cells, list[Block]]:
        """A line's cells, and the tables within them."""
        found, inner = [""] * line.grid_cols_before, list[Block]()
        before = None
        for cell in line.cells:
            if cell._tc not in self._known:
                words, tables = self._content(cell)
                self._known[cell._tc] = words
                inner += tables
            found.append("" if cell._tc is before else self._known[cell._tc])
            before = cell._tc
        return tuple(found), inner

    def _content(self, cell: Any) -> tuple[str, list[Block]]:
        words, inner = list[str](), list[Block]()
        for item in cell.iter_inner_content():
            if hasattr(item, "rows"):
                inner += self.read(item)
            else:
                words += [self.numbers.before(item), item.text]
        return " ".join(" ".join(words).split()), inner
