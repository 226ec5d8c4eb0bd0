"""Documents as lists show them: read by pages, and only those that somebody may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from knowledge.model import DocumentInfo, DocumentKind
from knowledge.tables import DocumentRow, PassageRow, VersionRow
from knowledge.visibility import KEEPER, Reader


@dataclass(frozen=True)
class Wanted:
    """Which documents a list shows."""

    words: str = ""
    """In the title or the file's name."""
    reader: Reader = KEEPER
    customers: frozenset[str] | None = None
    """Whose papers may be seen, besides those that are nobody's; None: everybody's."""


def infos(which: ColumnElement[bool]) -> Select[Any]:
    """Documents with a version each, how many passages that has, and how many versions there are."""
    passages = select(func.count()).where(col(PassageRow.version_id) == col(VersionRow.id)).scalar_subquery()
    counted = aliased(VersionRow)
    versions = select(func.count()).where(col(counted.document_id) == col(DocumentRow.id)).scalar_subquery()
    return select(DocumentRow, VersionRow, passages, versions).join(VersionRow, which)


IS_CURRENT = col(VersionRow.id) == col(DocumentRow.current)
INFOS = infos(IS_CURRENT)
IN_ORDER = (col(DocumentRow.kind), col(DocumentRow.title), col(DocumentRow.customer), col(DocumentRow.id))


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found = list[ColumnElement[bool]]()
    if wanted.words:
        name = func.lower(col(DocumentRow.title) + col(VersionRow.file_name))
        found.append(name.contains(wanted.words.lower(), autoescape=True))
    if (readable := wanted.reader.visibilities) is not None:
        found.append(col(DocumentRow.visibility).in_(readable))
    if wanted.customers is not None:
        whose = col(DocumentRow.customer)
        found.append(whose.is_(None) | whose.in_(wanted.customers))
    return found


def info(row: DocumentRow, at: VersionRow, passages: int, versions: int) -> DocumentInfo:
    return DocumentInfo(
        row.id,
        DocumentKind(row.kind),
        row.title,
        at.label,
        at.file_name,
        at.content_hash,
        at.size,
        passages,
        at.added_at,
        row.customer,
        at.valid_from,
        at.valid_until,
        row.owner,
        versions,
        row.visibility,
        at.id,
    )
