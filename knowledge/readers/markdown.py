"""Markdown by markdown-it: headings, paragraphs, lists, tables."""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.readers import Block
from knowledge.readers.text import decode

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def read(path: Path) -> list[Block]:
    text = _FRONT_MATTER.sub("", decode(path.read_bytes()))
    return blocks(MarkdownIt("commonmark").enable("table").parse(text))


def blocks(tokens: list[Token]) -> list[Block]:
    found: list[Block] = []
    level, header, cells = 0, tuple[str, ...](), list[str]()
    in_head = in_table = False
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "table_open":
                in_table, header = True, ()
            case "table_close":
                in_table = False
            case "thead_open" | "thead_close":
                in_head = token.type == "thead_open"
            case "tr_open":
                cells = []
            case "tr_close" if in_head:
                header = tuple(cells)
            case "tr_close":
                found.append(row(header, tuple(cells)))
            case "inline" if in_table:
                cells.append(_plain(token))
            case "inline":
                found.append(
                    Block("heading", _plain(token), level) if level else Block("text", _plain(token))
                )
            case "fence" | "code_block":
                found.append(Block("text", token.content.strip()))
    return found


def row(header: tuple[str, ...], cells: tuple[str, ...], page: int | None = None) -> Block:
    """A table row as a readable line: every cell with its column's name."""
    pairs = zip(header, cells, strict=False) if header else (("", cell) for cell in cells)
    text = "；".join(f"{name}：{cell}" if name else cell for name, cell in pairs if cell)
    return Block("row", text, page=page, header=header, cells=cells)


def _plain(token: Token) -> str:
    words = [
        child.content if child.type in {"text", "code_inline"} else " " if "break" in child.type else ""
        for child in token.children or ()
    ]
    return "".join(words).strip()
