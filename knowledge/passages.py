"""Blocks into citable passages: by structure, not by a character count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from knowledge.readers import Block

LONGEST = 420
"""Characters of prose in one passage; longer paragraphs are split at sentences."""
LONGEST_TABLE = 300
"""Characters of table rows in one passage; every row carries its column names, so a piece reads by itself."""
CLAUSE = re.compile(
    r"^(第[一二三四五六七八九十百零〇\d]+条|\d{1,2}(?:\.\d{1,2}){1,3}(?![\d.%a-zA-Z])|[(（][一二三四五六七八九十\d]+[)）])"
)
MODEL = re.compile(r"(?<![A-Za-z0-9\-])[A-Z]{1,4}-?\d{2,4}[A-Z]{0,2}(?![A-Za-z0-9\-])")
_NOT_A_MODEL = re.compile(
    r"(?:E|IP|DN|PN|GB|YY|ISO|IEC|EN|RS|HT|USB|PM|CE|UL|RJ|QA|V|NO|TCP|UTF|SN|PT|CO|AC|DC|M)-?\d+[A-Z]{0,2}"
)
_OLD = re.compile(r"修订(?:记录|历史|说明)|版本(?:记录|历史)|变更(?:记录|历史)|已作废|旧版|历史价格")
_CODE_HEADER = re.compile(r"^(?!.*型号).*(?:代码|代号|编号|编码|序号|料号|故障码|报警|货号|件号)")
_WITHDRAWN = re.compile(r"(?:已|自.{1,12}起)(?:作废|废止)[。.]?")
_VERSION_HEADER = re.compile(r"修订|版本|版次")


@dataclass(frozen=True)
class Piece:
    """A passage before it has an id. `superseded` marks what is kept for the record only (revision tables)."""

    text: str
    heading: str = ""
    page: int | None = None
    clause: str | None = None
    products: tuple[str, ...] = ()
    superseded: bool = False
    table: bool = False


@dataclass
class _Place:
    """Where in the document we are: the headings above, the clause, the models they name."""

    title: str = ""
    path: list[tuple[int, str]] = field(default_factory=list)
    clause: str | None = None
    page: int | None = None
    said: bool = True
    """Something stands under the nearest heading, or a heading below it."""

    def enter(self, block: Block) -> None:
        self.said = False
        self.path = [one for one in self.path if one[0] < block.level] + [(block.level, block.text)]
        found = CLAUSE.match(block.text)
        self.clause = found[1] if found else None
        self.page = block.page

    @property
    def heading(self) -> str:
        return " › ".join(words for _, words in self.path)

    @property
    def models(self) -> list[str]:
        """Of the nearest heading that names any, else of the title."""
        for words in (*(text for _, text in reversed(self.path)), self.title):
            if named := models(words):
                return named
        return []


def models(text: str) -> list[str]:
    """Product models named in a text, as printed, each once; standards, alarm codes and the like are none."""
    return [one for one in dict.fromkeys(MODEL.findall(text)) if not _NOT_A_MODEL.fullmatch(one)]


def cut(blocks: Sequence[Block], title: str = "") -> list[Piece]:
    """Paragraphs and table rows under one heading join up to their limit; a clause starts a passage of its own."""
    place, pieces = _Place(title), list[Piece]()
    waiting: list[Block] = []

    def close() -> None:
        pieces.extend(_pieces(waiting, place))
        place.said = place.said or bool(waiting)
        waiting.clear()

    for block in blocks:
        if block.kind == "heading":
            close()
            pieces.extend(_bare(place, block))
            place.enter(block)
            continue
        if waiting and not _belongs(block, waiting):
            close()
        waiting.append(block)
    close()
    return [*pieces, *_bare(place)]


def _bare(place: _Place, following: Block | None = None) -> list[Piece]:
    """A heading that nothing stands under says something by itself, or it would be lost."""
    if place.said or not place.path or (following is not None and following.level > place.path[-1][0]):
        return []
    return [_piece(place.path[-1][1], place, place.page, place.clause)]


def _belongs(block: Block, waiting: Sequence[Block]) -> bool:
    first = waiting[0]
    if block.kind != first.kind or (block.kind == "row" and block.header != first.header):
        return False
    if _withdrawn(block) != _withdrawn(first):
        return False
    limit = LONGEST_TABLE if block.kind == "row" else LONGEST
    starts_clause = block.kind == "text" and CLAUSE.match(block.text) is not None
    return not starts_clause and sum(len(one.text) for one in waiting) + len(block.text) <= limit


def _withdrawn(row: Block) -> bool:
    """A cell of its own says that the row holds no more; the rows around it still do."""
    return any(_WITHDRAWN.fullmatch(cell.strip()) for cell in row.cells)


def _pieces(blocks: Sequence[Block], place: _Place) -> list[Piece]:
    if not blocks:
        return []
    text = "\n".join(block.text for block in blocks)
    if blocks[0].kind == "row":
        old = (
            bool(_OLD.search(place.heading))
            or any(_VERSION_HEADER.search(name) for name in blocks[0].header[:1])
            or _withdrawn(blocks[0])
        )
        return [_piece(text, place, blocks[0].page, place.clause, table=True, old=old, of=_named_in(blocks))]
    found = CLAUSE.match(text)
    clause = _joined(place.clause, found[1]) if found else place.clause
    return [_piece(part, place, blocks[0].page, clause) for part in _sentences(text)]


def _joined(above: str | None, clause: str) -> str:
    """“(一)” says little without the clause above; “7.2” says it all."""
    return f"{above}{clause}" if above and clause[0] in "(（" else clause


def _sentences(text: str) -> list[str]:
    if len(text) <= LONGEST:
        return [text]
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=LONGEST,
        chunk_overlap=0,
        separators=["\n", "。", "；", ";", "，", ",", ""],
        keep_separator="end",
    )
    return splitter.split_text(text)


def _named_in(rows: Sequence[Block]) -> str:
    """The words that may name models: not F02 in a column of alarm codes, nor BG-03 in one of part numbers."""
    cells = [
        cell
        for row in rows
        for at, cell in enumerate(row.cells)
        if at >= len(row.header) or not _CODE_HEADER.search(row.header[at])
    ]
    return "\n".join([*rows[0].header, *cells])


def _piece(
    text: str,
    place: _Place,
    page: int | None,
    clause: str | None,
    table: bool = False,
    old: bool = False,
    of: str | None = None,
) -> Piece:
    named = tuple(models(text if of is None else of) or place.models)
    old = old or bool(_OLD.search(place.heading + text[:20]))
    return Piece(text, place.heading, page, clause, named, old, table)
