"""Tables as readable lines: every cell with its column's name, and no word of header or cell lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from knowledge.readers import Block

Cells = tuple[str, ...]


def row(header: Cells, cells: Cells, page: int | None = None) -> Block:
    """A line of a table. Cells beyond the header have no name; they are words all the same."""
    pairs = zip_longest(header, cells, fillvalue="")
    text = "；".join(f"{name}：{cell}" if name else cell for name, cell in pairs if cell)
    return Block("row", text, page=page, header=header, cells=cells)


def under(header: Cells, lines: Sequence[Cells | Block], page: int | None = None) -> list[Block]:
    """The lines below a header, remarks between them as they are. A header that stands alone is a line itself."""
    rows = [line for line in lines if not isinstance(line, Block)]
    alone = [row((), header, page)] if any(header) and not rows else []
    below = [line if isinstance(line, Block) else row(header, line, page) for line in lines]
    return [*alone, *bare(header, rows, page), *below]


def bare(header: Cells, lines: Sequence[Cells], page: int | None = None) -> list[Block]:
    """The names of columns in which nothing stands below: no line carries them, so they are one by themselves."""
    unused = tuple(
        "" if any(line[at : at + 1] not in {(), ("",)} for line in lines) else name
        for at, name in enumerate(header)
    )
    words = "；".join(filter(None, unused))
    return [Block("row", words, page=page, header=header, cells=unused)] if lines and words else []


def titled(names: Sequence[Cells]) -> Cells:
    """Several lines of header as one: “价格” above “标准价” is “价格 标准价”, a name that goes on below itself is one."""
    columns = zip_longest(*names, fillvalue="")
    return tuple(" ".join(dict.fromkeys(filter(None, column))) for column in columns)
