"""Markdown as pieces that any printer can set: headings, paragraphs, list items, tables."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass(frozen=True)
class Heading:
    text: str
    level: int


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Item:
    """A list item; `number` counts from 1 in an ordered list and is None in another."""

    text: str
    number: int | None = None


@dataclass(frozen=True)
class Grid:
    """A table; its first row is the header."""

    rows: tuple[tuple[str, ...], ...]


Piece = Heading | Words | Item | Grid


def parse(text: str) -> list[Piece]:
    """Lists are flat and tables plain: all that our sources use."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    found: list[Piece] = []
    rows: list[tuple[str, ...]] = []
    number: int | None = None
    for at, token in enumerate(tokens):
        match token.type:
            case "ordered_list_open":
                number = 0
            case "ordered_list_close":
                number = None
            case "list_item_open" if number is not None:
                number += 1
            case "tr_open":
                rows.append(_cells(tokens, at))
            case "table_close":
                found.append(Grid(tuple(rows)))
                rows = []
            case "inline" if tokens[at - 1].type not in {"th_open", "td_open"}:
                found.append(_piece(tokens, at, number))
    return found


def _piece(tokens: list[Token], at: int, number: int | None) -> Piece:
    opened, text = tokens[at - 1], tokens[at].content
    if opened.type == "heading_open":
        return Heading(text, int(opened.tag[1]))
    return Item(text, number) if tokens[at - 2].type == "list_item_open" else Words(text)


def _cells(tokens: list[Token], at: int) -> tuple[str, ...]:
    found = []
    for token in tokens[at:]:
        if token.type == "inline":
            found.append(token.content)
        if token.type == "tr_close":
            break
    return tuple(found)
