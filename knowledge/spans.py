"""When each version of a document was the one that answers: what questions about the past are held against."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from knowledge.tables import VersionRow


class Span(NamedTuple):
    """When a version was the one that answers. `since` None: from the first; `until` None: it still is."""

    since: date | None
    until: date | None


def spans_of(session: Session) -> dict[str, Span]:
    """By version id, of documents with several versions."""
    several = select(VersionRow.document_id).group_by(VersionRow.document_id).having(func.count() > 1)
    wanted = (
        select(VersionRow.document_id, VersionRow.id, VersionRow.added_at)
        .where(col(VersionRow.document_id).in_(several))
        .order_by(VersionRow.document_id, col(VersionRow.added_at))
    )
    rows = session.exec(wanted).all()
    found: dict[str, Span] = {}
    for before, (document, version, added), after in zip(
        [None, *rows], rows, [*rows[1:], None], strict=False
    ):
        found[version] = Span(
            added.date() if before is not None and before[0] == document else None,
            after[2].date() if after is not None and after[0] == document else None,
        )
    return found
