"""Documents as rows and bytes: what is true, and what the index can always be rebuilt from."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, delete, select, update

from knowledge.listing import IN_ORDER, INFOS, IS_CURRENT, Wanted, conditions, info, infos
from knowledge.model import DocumentInfo, Passage
from knowledge.particulars import Particulars
from knowledge.passage_rows import PASSAGES, passage, passage_row
from knowledge.passages import Piece
from knowledge.spans import Span, spans_of
from knowledge.tables import DocumentRow, LikelyRow, PassageRow, StateRow, VersionRow
from knowledge.visibility import EVERYONE, KEEPER, Reader, team_of


@dataclass(frozen=True)
class IndexedVersion:
    """A version that is searched: the current one of a document, or one that it replaced, for questions about the past.

    `stamp` changes with anything the index holds of it besides its passages' text."""

    id: str
    document_id: str
    title: str
    customer: str | None
    questions: str = ""
    """All questions that its passages are thought to answer."""
    visibility: str = EVERYONE
    replaced: bool = False

    @property
    def stamp(self) -> str:
        written = f"{self.id}\n{self.title}\n{self.customer}\n{self.questions}"
        if self.visibility != EVERYONE:  # what was indexed before there were others stays as it is
            written += f"\n{self.visibility}"
        if self.replaced:
            written += "\nreplaced"
        return hashlib.sha256(written.encode()).hexdigest()[:16]


_GENERATION = select(StateRow.__table__.c.generation)  # type: ignore[attr-defined]


class DocumentStore:
    """Rows in the database, original bytes in `folder` by content hash. Every change counts up `generation`."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._reading = engine.execution_options(yiju_reads=True)
        self._folder = folder

    # -- asking ---------------------------------------------------------------------------------------------------

    def generation(self) -> int:
        # asked before every search: without a session it takes a third of the time
        with self._reading.connect() as connection:
            return connection.execute(_GENERATION).scalar() or 0

    def documents(self) -> tuple[DocumentInfo, ...]:
        """By kind, then title; restricted ones with their customer."""
        with Session(self._reading) as session:
            return tuple(info(*row) for row in session.execute(INFOS.order_by(*IN_ORDER)))

    def find(self, document_id: str) -> DocumentInfo | None:
        with Session(self._reading) as session:
            row = session.execute(INFOS.where(col(DocumentRow.id) == document_id)).first()
            return info(*row) if row else None

    def page(self, wanted: Wanted, first: int, most: int) -> tuple[tuple[DocumentInfo, ...], int]:
        """Some of the documents in order, from the number `first` on, and how many there are in all."""
        where = conditions(wanted)
        query = INFOS.where(*where).order_by(*IN_ORDER).offset(first).limit(most)
        total = columns(func.count()).select_from(DocumentRow).join(VersionRow, IS_CURRENT).where(*where)
        with Session(self._reading) as session:
            return tuple(info(*row) for row in session.execute(query)), session.execute(total).scalar_one()

    def same_document(self, about: Particulars, reader: Reader = KEEPER, besides: str = "") -> str | None:
        """The document that a file of this kind, title and customer is a new version of, as far as its bringer may
        read it. A paper of another team is another paper. `besides`: a document that is not meant."""
        with Session(self._reading) as session:
            wanted = select(DocumentRow.id, DocumentRow.visibility).where(
                DocumentRow.title == about.title,
                DocumentRow.customer == about.customer,
                DocumentRow.kind == about.kind.value,
                DocumentRow.id != besides,
            )
            return _nearest(session.exec(wanted).all(), about.visibility, reader)

    def with_content(self, content_hash: str, about: Particulars, reader: Reader = KEEPER) -> str | None:
        """The document whose current version has these very bytes, for the same customer; of those that the bringer may
        read."""
        with Session(self._reading) as session:
            wanted = (
                select(DocumentRow.id, DocumentRow.visibility)
                .join(VersionRow, col(VersionRow.id) == DocumentRow.current)
                .where(VersionRow.content_hash == content_hash, DocumentRow.customer == about.customer)
            )
            return _nearest(session.exec(wanted).all(), about.visibility, reader)

    def current(self) -> tuple[IndexedVersion, ...]:
        with Session(self._reading) as session:
            asked = _questions(session)
            return tuple(
                IndexedVersion(
                    row.current, row.id, row.title, row.customer, asked.get(row.current, ""), row.visibility
                )
                for row in session.exec(select(DocumentRow)).all()
            )

    def indexed(self) -> tuple[IndexedVersion, ...]:
        """The current versions, and those that they replaced."""
        return (*self.current(), *self.replaced())

    def replaced(self) -> tuple[IndexedVersion, ...]:
        wanted = select(VersionRow.id, DocumentRow).where(
            VersionRow.document_id == DocumentRow.id, VersionRow.id != DocumentRow.current
        )
        with Session(self._reading) as session:
            return tuple(
                IndexedVersion(version, row.id, row.title, row.customer, "", row.visibility, replaced=True)
                for version, row in session.exec(wanted).all()
            )

    def spans(self) -> dict[str, Span]:
        """Version id → when it was the current one, of documents with several versions."""
        with Session(self._reading) as session:
            return spans_of(session)

    def restricted(self) -> tuple[str, ...]:
        """Every visibility that a document has, besides everyone's."""
        with Session(self._reading) as session:
            wanted = select(DocumentRow.visibility).where(DocumentRow.visibility != EVERYONE).distinct()
            return tuple(sorted(session.exec(wanted).all()))

    def passages_of(self, version_id: str) -> tuple[Passage, ...]:
        with Session(self._reading) as session:
            return self._passages(session, col(PassageRow.version_id) == version_id)

    def part(self, version_id: str, first: int, most: int) -> tuple[tuple[Passage, ...], int]:
        """Passages by their place in a version, and how many it has in all."""
        place = col(PassageRow.position)
        here = (col(PassageRow.version_id) == version_id) & (place >= first) & (place < first + most)
        total = columns(func.count()).where(col(PassageRow.version_id) == version_id)
        with Session(self._reading) as session:
            return self._passages(session, here), session.execute(total).scalar_one()

    def passages(self, ids: Iterable[str]) -> tuple[Passage, ...]:
        """Those of the ids that exist, of current or earlier versions."""
        with Session(self._reading) as session:
            return self._passages(session, col(PassageRow.id).in_(list(ids)))

    def _passages(self, session: Session, where: ColumnElement[bool]) -> tuple[Passage, ...]:
        """By columns: a row object for each of three tables took longer than the query."""
        wanted = PASSAGES.where(where).order_by(col(PassageRow.position))
        return tuple(passage(*row) for row in session.execute(wanted))

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

    def versions(self, document_id: str) -> tuple[DocumentInfo, ...]:
        """Every version of a document, newest first."""
        every = infos(col(VersionRow.document_id) == col(DocumentRow.id))
        with Session(self._reading) as session:
            rows = session.execute(
                every.where(col(DocumentRow.id) == document_id).order_by(col(VersionRow.added_at).desc())
            )
            return tuple(info(*row) for row in rows)

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
            session.add_all(passage_row(version_id, at, piece) for at, piece in enumerate(pieces))
            count_up(session)
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
                    visibility=about.visibility or EVERYONE,
                )
            )
            return
        changed = {"kind": about.kind.value, "title": about.title, "current": version}
        if about.visibility:
            changed["visibility"] = about.visibility
        session.execute(update(DocumentRow).where(col(DocumentRow.id) == document).values(**changed))

    def amend(self, document_id: str, about: Particulars) -> None:
        """New particulars for the same bytes."""
        with Session(self._engine) as session, session.begin():
            row = session.get_one(DocumentRow, document_id)
            version = session.get_one(VersionRow, row.current)
            row.kind, row.title, row.customer = about.kind.value, about.title, about.customer
            row.owner, row.visibility = about.owner, about.visibility or row.visibility
            version.label, version.valid_from, version.valid_until = (
                about.version,
                about.valid_from,
                about.valid_until,
            )
            count_up(session)

    def remove(self, document_id: str) -> bool:
        """Every version, passage and byte of it; False where there is no such document."""
        with Session(self._engine) as session, session.begin():
            hashes = session.exec(
                select(VersionRow.content_hash).where(VersionRow.document_id == document_id)
            ).all()
            if not hashes:
                return False
            versions = select(VersionRow.id).where(VersionRow.document_id == document_id)
            session.execute(delete(LikelyRow).where(col(LikelyRow.version_id).in_(versions)))
            session.execute(delete(PassageRow).where(col(PassageRow.version_id).in_(versions)))
            session.execute(delete(VersionRow).where(col(VersionRow.document_id) == document_id))
            session.execute(delete(DocumentRow).where(col(DocumentRow.id) == document_id))
            kept = set(
                session.exec(
                    select(VersionRow.content_hash).where(col(VersionRow.content_hash).in_(hashes))
                ).all()
            )
            count_up(session)
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


def _nearest(found: Sequence[tuple[str, str]], visibility: str | None, reader: Reader) -> str | None:
    """Of documents alike in all else, the one with this visibility, else one that is not another team's."""
    wanted = visibility or EVERYONE

    def is_anothers(one: str) -> bool:
        return team_of(wanted) is not None and team_of(one) not in {None, team_of(wanted)}

    readable = [(at, one) for at, one in found if reader.may_read(one) and not is_anothers(one)]
    exact = [at for at, one in readable if one == wanted]
    return next(iter([*exact, *(at for at, _ in readable)]), None)


def _questions(session: Session) -> dict[str, str]:
    """Version id → the questions of its passages, in order."""
    wanted = (
        select(LikelyRow.version_id, LikelyRow.passage_id, LikelyRow.questions)
        .join(DocumentRow, col(DocumentRow.current) == LikelyRow.version_id)
        .where(LikelyRow.questions != "")
    )
    found: dict[str, list[str]] = {}
    for version, about, questions in sorted(session.exec(wanted).all()):
        found.setdefault(version, []).append(f"{about}\n{questions}")
    return {version: "\n".join(some) for version, some in found.items()}


def count_up(session: Session) -> None:
    """Something changed that answers depend on: every process notices at its next search."""
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
