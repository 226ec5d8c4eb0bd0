"""HTML by selectolax: what a page shows besides its navigation, header, footer and scripts.

Words between two block tags are a paragraph, whatever inline tags they stand in, as a browser lays them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from knowledge.readers import Block
from knowledge.readers.table import Cells, row, titled, under
from knowledge.readers.text import decode, raised

_NOISE = (
    "script, style, template, noscript, svg, nav, aside, button, select, textarea, datalist, iframe, "
    "form:not(:has(h1, h2, h3, p, table, main, article)), "  # ASP.NET wraps the whole page in a form
    "[role=navigation], [role=banner], [role=contentinfo], "
    "[aria-hidden=true], [hidden], .nav, .navbar, .menu, .sidebar, .footer, .header, .breadcrumb, .breadcrumbs, .cookie, .toc, "
    "#nav, #menu, #sidebar, #footer, #header, "
    "body > header, body > footer, body > div > header, body > div > footer"
)
_INLINE = re.compile(
    "a|abbr|acronym|b|bd[io]|big|cite|code|data|del|dfn|em|font|i|img|ins|kbd|label|mark|q|r[bpt]|ruby|s|samp|small|"
    "span|strike|strong|sub|sup|time|tt|u|var|wbr|o:p"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
WIDEST = 50
"""Columns that one cell may cover."""


def read(path: Path) -> list[Block]:
    return blocks(decode(path.read_bytes()))


def blocks(page: str) -> list[Block]:
    tree = LexborHTMLParser(page)
    for node in tree.css(_NOISE):
        node.decompose()
    mains = tree.css("main, [role=main]")
    root = mains[0] if len(mains) == 1 else tree.body
    return _blocks(root) if root else []


def _blocks(node: LexborNode) -> list[Block]:
    found: list[Block] = []
    words: list[str] = []
    for piece in [*_pieces(node), None]:
        if isinstance(piece, str):
            words.append(piece)
            continue
        if text := _lines("".join(words)):
            found.append(Block("text", text))
        words = []
        if piece:
            found.append(piece)
    return found


def _pieces(node: LexborNode, as_typed: bool = False) -> Iterator[str | Block | None]:
    """Words as they follow each other, blocks of their own kind, and None where a block tag begins or ends."""
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if child.is_text_node:
            words = child.text_content or ""
            yield words if as_typed else _spaced(words)
        elif tag == "br":
            yield "\n"
        elif tag in _HEADINGS:
            yield Block("heading", _plain(child), level=_HEADINGS[tag])
        elif tag == "table":
            yield None
            yield from _table(child)
        elif tag == "sup":
            yield raised(child.text())
        elif _INLINE.fullmatch(tag):
            yield from _pieces(child, as_typed)
        elif child.is_element_node:
            yield None
            yield from _pieces(child, as_typed or tag == "pre")
            yield None


def _spaced(words: str) -> str:
    """White space as HTML has it: any run of it is one space, at the edges too."""
    inner = " ".join(words.split())
    before, after = " " * words[:1].isspace(), " " * words[-1:].isspace()
    return f"{before}{inner}{after}" if inner else before


def _lines(words: str) -> str:
    return "\n".join(filter(None, (" ".join(line.split()) for line in words.split("\n"))))


def _plain(node: LexborNode) -> str:
    """All words below a node on one line."""
    return " ".join(" ".join(block.text for block in _blocks(node)).split())


def _table(table: LexborNode) -> Iterator[Block]:
    for caption in _own(table, "caption"):
        yield from _blocks(caption)
    if table.css_first("td table, td h1, td h2, td h3, td h4, td h5, td h6"):  # a page laid out by a table
        for cell in _own(table, "td", "th"):
            yield from _blocks(cell)
        return
    names, lines = list[Cells](), list[Cells | Block]()
    for line, cells in _grid(table):
        own = [cell.tag or "" for cell in _own(line, "th", "td")]
        if len(own) == 1 < len(cells) and len(set(cells)) == 1:  # over all columns: a title or a remark
            lines.append(row((), cells[:1]))
        elif _heads(line, own, first=not names and not lines):
            if any(isinstance(one, tuple) for one in lines):
                yield from under(titled(names), lines)
                names, lines = [], []
            names.append(cells)
        elif any(cells):
            lines.append(cells)
    yield from under(titled(names), lines)


def _heads(line: LexborNode, own: list[str], first: bool) -> bool:
    """All cells are names; in the first line one of them is enough. A name beside its value, though, is a row."""
    if line.parent is not None and line.parent.tag == "thead":
        return True
    return len(own) > 1 and (set(own) == {"th"} or (first and "th" in own and len(own) > 2))


def _grid(table: LexborNode) -> Iterator[tuple[LexborNode, Cells]]:
    """Each line with a cell for every column; what covers several columns or lines stands in each of them."""
    below: dict[int, tuple[int, str]] = {}
    for line in _own(table, "tr"):
        cells: list[str] = []
        own = list(_own(line, "th", "td"))
        while own or len(cells) in below:
            if len(cells) in below:
                high, words = below.pop(len(cells))
                wide = 1
            else:
                cell = own.pop(0)
                words, wide, high = _plain(cell), min(_span(cell, "colspan"), WIDEST), _span(cell, "rowspan")
            for _ in range(wide):
                if high > 1:
                    below[len(cells)] = (high - 1, words)
                cells.append(words)
        yield line, tuple(cells)


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or ""
    return max(1, int(value[:5])) if value.isascii() and value.isdigit() else 1


def _own(node: LexborNode, *tags: str) -> Iterator[LexborNode]:
    """Those below, without those of tables within."""
    for child in node.iter():
        if child.tag in tags:
            yield child
        elif child.tag != "table":
            yield from _own(child, *tags)
