"""How a passage becomes a row, and how rows of three tables become a passage."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlmodel import col

from knowledge.model import Citation, DocumentKind, Passage
from knowledge.passages import Piece
from knowledge.tables import DocumentRow, LikelyRow, PassageRow, VersionRow


def passage_row(version_id: str, at: int, piece: Piece) -> PassageRow:
    """The row of the `at`-th passage of a version."""
    return PassageRow(
        id=f"{version_id}-{at}",
        version_id=version_id,
        position=at,
        text=piece.text,
        heading=piece.heading,
        page=piece.page,
        clause=piece.clause,
        products="\n".join(piece.products),
        superseded=piece.superseded,
        is_table=piece.table,
    )


_COLUMNS = (
    *(
        col(one)
        for one in (PassageRow.id, PassageRow.text, PassageRow.heading, PassageRow.page, PassageRow.clause)
    ),
    *(col(one) for one in (PassageRow.products, PassageRow.superseded, PassageRow.is_table)),
    *(col(one) for one in (VersionRow.label, VersionRow.valid_from, VersionRow.valid_until)),
    *(col(one) for one in (DocumentRow.id, DocumentRow.title, DocumentRow.kind, DocumentRow.customer)),
    col(DocumentRow.visibility),
    col(LikelyRow.questions),
)
"""What a passage is made of, in the order of `passage`."""
PASSAGES = (
    select(*_COLUMNS)
    .join(VersionRow, col(VersionRow.id) == PassageRow.version_id)
    .join(DocumentRow, col(DocumentRow.id) == VersionRow.document_id)
    .outerjoin(LikelyRow, col(LikelyRow.passage_id) == PassageRow.id)
)
"""Every passage of every version, by columns."""


def passage(
    passage_id: str,
    text: str,
    heading: str,
    page: int | None,
    clause: str | None,
    products: str,
    superseded: bool,
    is_table: bool,
    label: str,
    valid_from: date | None,
    valid_until: date | None,
    document_id: str,
    title: str,
    kind: str,
    customer: str | None,
    visibility: str,
    questions: str | None,
) -> Passage:
    """The passage that a row of `PASSAGES` tells of."""
    return Passage(
        passage_id,
        text,
        Citation(document_id, title, label, heading, page, clause, passage_id),
        DocumentKind(kind),
        customer,
        valid_from,
        valid_until,
        tuple(filter(None, products.split("\n"))),
        superseded,
        is_table,
        tuple((questions or "").splitlines()),
        visibility,
    )
