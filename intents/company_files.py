"""A company's own taxonomy and graph: texts in the store, every version kept, the newest in force within a second.

The shipped files are never written. They are version 0, which serves until a trainer saves another one and to which one
can always go back. What a company's taxonomy lacks because the product got new intents since, comes from the shipped one.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from intents.errors import FileOutdated, FileRefused, TaxonomyError
from intents.file_checks import Choices, Problem, graph_problems, read_tree, taxonomy_problems
from intents.graph import GRAPH, KINDS, KnowledgeGraph, load_graph, parse_graph
from intents.tables import FileRow, LabelRow, reading
from intents.taxonomy import SHIPPED, Taxonomy, load_taxonomy, parse_taxonomy

log = structlog.get_logger()
CHECK_EVERY_S = 1.0
T = TypeVar("T")
Mark = tuple[int, int]


class FileKind(StrEnum):
    TAXONOMY = "taxonomy"
    GRAPH = "graph"


_SHIPPED = {FileKind.TAXONOMY: SHIPPED, FileKind.GRAPH: GRAPH}


class CompanyFiles:
    """Both files of one installation. Safe to share between threads; other processes notice within a second."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = engine
        self._clock, self._monotonic = clock, monotonic
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._mark: Mark = (0, 0)
        self._taxonomy, self._graph = load_taxonomy(), load_graph()

    # -- in force ----------------------------------------------------------------------------------------------

    def taxonomy(self) -> Taxonomy:
        self._look()
        return self._taxonomy

    def graph(self) -> KnowledgeGraph:
        self._look()
        return self._graph

    def mark(self) -> Mark:
        """Changes whenever another version comes into force; who asks looks at once."""
        self._looked_at = float("-inf")
        self._look()
        return self._mark

    # -- versions ----------------------------------------------------------------------------------------------

    def text(self, kind: FileKind, number: int | None = None) -> str:
        """A version's text, the newest where no number is given. Raises `FileOutdated` for a number there is not."""
        row = self._row(kind, number)
        if row is None and number:
            raise FileOutdated(f"there is no version {number} of the {kind}; `versions` lists them")
        return row.text if row and row.text else shipped_text(kind)

    def versions(self, kind: FileKind, limit: int = 50) -> list[FileRow]:
        """Newest first, without the shipped one."""
        wanted = select(FileRow).where(FileRow.kind == kind).order_by(col(FileRow.number).desc())
        with reading(self.engine) as session:
            return list(session.exec(wanted.limit(limit)))

    def latest(self, kind: FileKind) -> int:
        """The number of the version in force; 0 is the shipped one."""
        row = self._row(kind)
        return row.number if row else 0

    def save(
        self, kind: FileKind, text: str, by: str, *, why: str, follows: int, actions: Iterable[str] = ()
    ) -> FileRow:
        """A new version, in force at once. `follows`: the number that its writer had before them.

        Raises `FileRefused` with what is wrong, `FileOutdated` where somebody saved another version meanwhile.
        """
        if problems := self.problems(kind, text, actions):
            raise FileRefused(kind, problems)
        return self._add(kind, "" if text == shipped_text(kind) else text, by, why, follows)

    def restore(
        self, kind: FileKind, number: int, by: str, *, why: str, follows: int, actions: Iterable[str] = ()
    ) -> FileRow:
        """An earlier version again, as the newest; 0 is what ships with the product. Raises as `save` and `text` do."""
        text = self.text(kind, number)
        if number and (problems := self.problems(kind, text, actions)):
            raise FileRefused(kind, problems)  # a model was trained since with an intent that it lacks
        kept = "" if not number or text == shipped_text(kind) else text
        return self._add(kind, kept, by, why, follows, restores=number)

    def problems(self, kind: FileKind, text: str, actions: Iterable[str] = ()) -> list[Problem]:
        """Everything wrong with a text, by line. `actions`: names that a taxonomy may propose besides the shipped."""
        root, problems = read_tree(text)
        if root is None:
            return problems
        if kind is FileKind.GRAPH:
            found = graph_problems(root, tuple(sorted(KINDS)))
        else:
            found = taxonomy_problems(root, self._choices(actions))
        return sorted(found, key=lambda one: one.line)

    # ----------------------------------------------------------------------------------------------------------

    def _add(
        self, kind: FileKind, text: str, by: str, why: str, follows: int, restores: int | None = None
    ) -> FileRow:
        row = FileRow(
            kind=kind, number=follows + 1, text=text, shipped=shipped_hash(kind), at=self._clock(), by=by, why=why,
            restores=restores,
        )  # fmt: skip
        latest = self.latest(kind)
        if latest != follows:
            raise FileOutdated(
                f"version {latest} of the {kind} was saved meanwhile; what follows {follows} is taken"
            )
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                session.add(row)
                session.commit()
        except IntegrityError as taken:
            raise FileOutdated(
                f"another version of the {kind} was saved in this moment; look at it first"
            ) from taken
        self._looked_at = float("-inf")
        return row

    def _choices(self, actions: Iterable[str]) -> Choices:
        shipped = load_taxonomy().intents.values()
        used = select(LabelRow.intent, LabelRow.speaker).where(LabelRow.state == "settled").distinct()
        with reading(self.engine) as session:
            labelled = session.exec(used).all()
        kept = {str(one.name): one.speaker for one in shipped}
        ours = self.taxonomy().intents.values()
        kept |= {str(one.name): one.speaker for one in ours if one.name in {intent for intent, _ in labelled}}
        groups = dict.fromkeys(one.group for one in shipped)
        known = dict.fromkeys([*(name for one in shipped for name in one.actions), *actions])
        return Choices(tuple(groups), tuple(known), kept)

    def _look(self) -> None:
        with self._lock:
            now = self._monotonic()
            if now - self._looked_at < CHECK_EVERY_S:
                return
            mark = self._numbers()
            if mark != self._mark:
                self._taxonomy = self._parsed(FileKind.TAXONOMY, _taxonomy_of, self._taxonomy)
                self._graph = self._parsed(FileKind.GRAPH, _graph_of, self._graph)
                self._mark = mark
            self._looked_at = now

    def _parsed(self, kind: FileKind, parse: Callable[[str], T], before: T) -> T:
        """A text that this version of the product cannot read any more leaves what was in force."""
        row = self._row(kind)
        try:
            return parse(row.text if row else "")
        except TaxonomyError as error:
            log.error(
                "company_file_unreadable", kind=kind.value, number=row.number if row else 0, reason=str(error)
            )
            return before

    def _numbers(self) -> Mark:
        wanted = select(FileRow.kind, func.max(FileRow.number)).group_by(FileRow.kind)
        with reading(self.engine) as session:
            found: dict[str, int] = dict(session.exec(wanted).all())
        return found.get(FileKind.TAXONOMY, 0), found.get(FileKind.GRAPH, 0)

    def _row(self, kind: FileKind, number: int | None = None) -> FileRow | None:
        wanted = select(FileRow).where(FileRow.kind == kind).order_by(col(FileRow.number).desc()).limit(1)
        if number is not None:
            wanted = wanted.where(FileRow.number == number)
        with reading(self.engine) as session:
            return session.exec(wanted).first()


def shipped_text(kind: FileKind) -> str:
    return _SHIPPED[kind].read_text(encoding="utf-8")


def shipped_hash(kind: FileKind) -> str:
    """Tells whether the product's own file changed since a version was written."""
    return hashlib.sha256(shipped_text(kind).encode()).hexdigest()[:16]


def taxonomy_of(text: str) -> Taxonomy:
    """The intents of a checked text. Raises `TaxonomyError`."""
    return parse_taxonomy(text, "the company's taxonomy").completed(load_taxonomy())


def graph_of(text: str) -> KnowledgeGraph:
    """The graph of a checked text. Raises `TaxonomyError`."""
    return parse_graph(text, "the company's graph")


def _taxonomy_of(text: str) -> Taxonomy:
    return taxonomy_of(text) if text else load_taxonomy()


def _graph_of(text: str) -> KnowledgeGraph:
    return graph_of(text) if text else load_graph()
