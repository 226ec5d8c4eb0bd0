"""A table inside words, as Markdown has it between pipes: the only place that writes one, reads one, or tells it in lines.

What is said in a chat stays one text on its way. Whoever can draw a table takes the words apart by `blocks`; a platform
that shows none says them `in_lines`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_TABLE = re.compile(r"^\|.*\|\n\|(?: *:?-+:? *\|)+(?:\n\|.*\|)*$", re.MULTILINE)
_CELL = re.compile(r"((?:\\.|[^|\\])*)\|")


@dataclass(frozen=True)
class Table:
    """The first cell of a row says what it is about, the others belong to the products at the head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        """As Markdown; a cell cannot end its column or its row."""
        return "\n".join(map(_row, (self.head, ("---",) * len(self.head), *self.rows)))

    @property
    def lines(self) -> tuple[str, ...]:
        """A row a line, each value behind the product that it is of."""
        return tuple(f"· {name}:{';'.join(_named(self.head[1:], values))}" for name, *values in self.rows)


def blocks(words: str) -> Iterator[str | Table]:
    """The words in their order: text as it stands, and the tables in it."""
    at = 0
    for found in _TABLE.finditer(words):
        yield from _text(words[at : found.start()])
        yield _read(found.group())
        at = found.end()
    yield from _text(words[at:])


def in_lines(words: str) -> str:
    """The same words where no table can be shown."""
    if not _TABLE.search(words):
        return words
    return "\n".join(
        line for one in blocks(words) for line in (one.lines if isinstance(one, Table) else (one,))
    )


def _text(words: str) -> Iterator[str]:
    if words.strip():
        yield words.strip("\n")


def _read(table: str) -> Table:
    head, _, *rows = map(_cells, table.split("\n"))
    return Table(head, tuple((*row, *("",) * len(head))[: len(head)] for row in rows))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\\([\\|])", r"\1", cell).strip() for cell in _CELL.findall(line[1:]))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(cell: str) -> str:
    return re.sub(r"([\\|])", r"\\\1", " ".join(cell.split()))


def _named(names: Iterable[str], values: Iterable[str]) -> Iterator[str]:
    return (f"{name} {value}" for name, value in zip(names, values, strict=True))
