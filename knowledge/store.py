"""Documents as rows and bytes: what is true, and what the index can always be rebuilt from."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select, update

from knowledge.model import Citation, DocumentInfo, DocumentKind, Passage
from knowledge.passages import Piece
from knowledge.tables import DocumentRow, PassageRow, StateRow, VersionRow


@dataclass(frozen=True)
class Particulars:
    """What is known of a file besides its bytes."""

    kind: DocumentKind
    title: str
    version: str
    file_name: str
    customer: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    owner: str | None = None


@dataclass(frozen=True)
class CurrentVersion:
    """A version that answers. `stamp` changes with anything the index holds of it besides its passages."""

    id: str
    document_id: str
    title: str
    customer: str | None

    @property
    def stamp(self) -> str:
        return hashlib.sha256(f"{self.id}\n{self.title}\n{self.customer}".encode()).hexdigest()[:16]


class DocumentStore:
    """Rows in the database, original bytes in `folder` by content hash. Every change counts up `generation`."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._reading = engine.execution_options(yiju_reads=True)
        self._folder = folder

    # -- asking ---------------------------------------------------------------------------------------------------

    def generation(self) -> int:
        with Session(self._reading) as session:
            return session.exec(select(StateRow.generation)).first() or 0

    def documents(self) -> tuple[DocumentInfo, ...]:
        """By kind, then title; restricted ones with their customer."""
        pieces = dict(self._count(PassageRow.version_id))
        versions = dict(self._count(VersionRow.document_id))
        with Session(self._reading) as session:
            rows = session.exec(
                select(DocumentRow, VersionRow).where(VersionRow.id == DocumentRow.current)
            ).all()
            found = [_info(row, at, pieces.get(at.id, 0), versions.get(row.id, 1)) for row, at in rows]
        return tuple(sorted(found, key=lambda one: (one.kind, one.title, one.customer or "")))

    def _count(self, column: str) -> Sequence[tuple[str, int]]:
        with Session(self._reading) as session:
            return list(session.exec(select(col(column), func.count()).group_by(col(column))).all())

    def find(self, document_id: str) -> DocumentInfo | None:
        return next((one for one in self.documents() if one.id == document_id), None)

    def same_document(self, kind: DocumentKind, title: str, customer: str | None) -> str | None:
        """The document that a file of this kind, title and customer is a new version of."""
        with Session(self._reading) as session:
            wanted = select(DocumentRow.id).where(
                DocumentRow.title == title, DocumentRow.customer == customer, DocumentRow.kind == kind.value
            )
            return session.exec(wanted).first()

    def with_content(self, content_hash: str, customer: str | None) -> str | None:
        """The document whose current version has these very bytes, for the same customer."""
        with Session(self._reading) as session:
            wanted = (
                select(DocumentRow.id)
                .join(VersionRow, col(VersionRow.id) == DocumentRow.current)
                .where(VersionRow.content_hash == content_hash, DocumentRow.customer == customer)
            )
            return session.exec(wanted).first()

    def current(self) -> tuple[CurrentVersion, ...]:
        with Session(self._reading) as session:
            rows = session.exec(select(DocumentRow)).all()
            return tuple(CurrentVersion(row.current, row.id, row.title, row.customer) for row in rows)

    def passages_of(self, version_id: str) -> tuple[Passage, ...]:
        with Session(self._reading) as session:
            return self._passages(session, col(PassageRow.version_id) == version_id)

    def passages(self, ids: Iterable[str]) -> tuple[Passage, ...]:
        """Those of the ids that exist, of current or earlier versions."""
        with Session(self._reading) as session:
            return self._passages(session, col(PassageRow.id).in_(list(ids)))

    def _passages(self, session: Session, where: ColumnElement[bool]) -> tuple[Passage, ...]:
        """By columns: a row object for each of three tables took longer than the query."""
        wanted = (
            columns(*_COLUMNS)
            .join(VersionRow, col(VersionRow.id) == PassageRow.version_id)
            .join(DocumentRow, col(DocumentRow.id) == VersionRow.document_id)
            .where(where)
            .order_by(col(PassageRow.position))
        )
        return tuple(_passage(*row) for row in session.execute(wanted))

    def models(self) -> tuple[str, ...]:
        """Every product model that passages of current versions name, sorted."""
        with Session(self._reading) as session:
            wanted = select(PassageRow.products).join(
                DocumentRow, col(DocumentRow.current) == PassageRow.version_id
            )
            rows = session.exec(wanted.where(PassageRow.products != "").distinct()).all()
        return tuple(sorted({model for row in rows for model in row.split("\n")}))

    def bytes_of(self, document_id: str, version_id: str | None = None) -> bytes | None:
        """The original file of the current (or a named) version."""
        with Session(self._reading) as session:
            wanted = select(VersionRow.content_hash).join(
                DocumentRow, col(DocumentRow.id) == VersionRow.document_id
            )
            wanted = wanted.where(
                DocumentRow.id == document_id, VersionRow.id == (version_id or DocumentRow.current)
            )
            content_hash = session.exec(wanted).first()
        return self._file(content_hash).read_bytes() if content_hash else None

    def missing_files(self) -> tuple[str, ...]:
        """File names of versions whose original bytes are gone from the folder."""
        with Session(self._reading) as session:
            rows = session.exec(select(VersionRow.file_name, VersionRow.content_hash)).all()
        return tuple(name for name, content_hash in rows if not self._file(content_hash).exists())

    # -- changing -------------------------------------------------------------------------------------------------

    def add(self, raw: bytes, about: Particulars, pieces: Sequence[Piece], replaces: str | None) -> str:
        """A new document, or the new current version of `replaces`. Bytes first, then one transaction."""
        content_hash = hashlib.sha256(raw).hexdigest()
        self._keep(raw, content_hash)
        document_id = replaces or f"d{uuid.uuid4().hex[:12]}"
        version_id = f"v{uuid.uuid4().hex[:12]}"
        with Session(self._engine) as session, session.begin():
            self._write_document(session, document_id, version_id, about, bool(replaces))
            session.flush()
            session.add(_version_row(version_id, document_id, content_hash, len(raw), about))
            session.flush()
            session.add_all(_passage_row(version_id, at, piece) for at, piece in enumerate(pieces))
            _count_up(session)
        return document_id

    def _write_document(
        self, session: Session, document: str, version: str, about: Particulars, known: bool
    ) -> None:
        if not known:
            session.add(
                DocumentRow(
                    id=document,
                    kind=about.kind.value,
                    title=about.title,
                    customer=about.customer,
                    owner=about.owner,
                    current=version,
                )
            )
            return
        changed = {"kind": about.kind.value, "title": about.title, "current": version}
        session.execute(update(DocumentRow).where(col(DocumentRow.id) == document).values(**changed))

    def amend(self, document_id: str, about: Particulars) -> None:
        """New particulars for the same bytes."""
        with Session(self._engine) as session, session.begin():
            row = session.get_one(DocumentRow, document_id)
            version = session.get_one(VersionRow, row.current)
            row.kind, row.title, row.owner = about.kind.value, about.title, about.owner or row.owner
            version.label, version.valid_from, version.valid_until = (
                about.version,
                about.valid_from,
                about.valid_until,
            )
            _count_up(session)

    def remove(self, document_id: str) -> bool:
        """Every version, passage and byte of it; False where there is no such document."""
        with Session(self._engine) as session, session.begin():
            hashes = session.exec(
                select(VersionRow.content_hash).where(VersionRow.document_id == document_id)
            ).all()
            if not hashes:
                return False
            versions = select(VersionRow.id).where(VersionRow.document_id == document_id)
            session.execute(delete(PassageRow).where(col(PassageRow.version_id).in_(versions)))
            session.execute(delete(VersionRow).where(col(VersionRow.document_id) == document_id))
            session.execute(delete(DocumentRow).where(col(DocumentRow.id) == document_id))
            kept = set(
                session.exec(
                    select(VersionRow.content_hash).where(col(VersionRow.content_hash).in_(hashes))
                ).all()
            )
            _count_up(session)
        for content_hash in set(hashes) - kept:
            self._file(content_hash).unlink(missing_ok=True)
        return True

    def _keep(self, raw: bytes, content_hash: str) -> None:
        path = self._file(content_hash)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(f".{uuid.uuid4().hex[:6]}")
            half.write_bytes(raw)
            half.replace(path)

    def _file(self, content_hash: str) -> Path:
        return self._folder / content_hash[:2] / content_hash


def _count_up(session: Session) -> None:
    if session.execute(update(StateRow).values(generation=StateRow.generation + 1)).rowcount == 0:  # type: ignore[attr-defined]
        session.add(StateRow(generation=1))


def _version_row(
    version_id: str, document_id: str, content_hash: str, size: int, about: Particulars
) -> VersionRow:
    return VersionRow(
        id=version_id,
        document_id=document_id,
        label=about.version,
        content_hash=content_hash,
        file_name=about.file_name,
        size=size,
        valid_from=about.valid_from,
        valid_until=about.valid_until,
        added_at=datetime.now(UTC),
    )


def _passage_row(version_id: str, at: int, piece: Piece) -> PassageRow:
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
)
"""What a passage is made of, in the order of `_passage`."""


def _passage(
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
) -> Passage:
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
    )


def _info(row: DocumentRow, at: VersionRow, passages: int, versions: int) -> DocumentInfo:
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
    )
