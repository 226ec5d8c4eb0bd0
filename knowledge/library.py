"""The library: files in, evidence out. Everything else in this package is behind it."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy import Engine

from knowledge.encoder import Encoder, HashedNgrams
from knowledge.index import Index
from knowledge.lexicon import Lexicon, load
from knowledge.model import Added, AddOutcome, DocumentInfo, DocumentKind, Findings, Health, Passage
from knowledge.passages import cut
from knowledge.query import Understanding
from knowledge.readers import Unreadable, read
from knowledge.rerank import Reranker
from knowledge.retrieval import Asked, Retrieval
from knowledge.store import DocumentStore, Particulars

REMEMBERED = 20_000
"""Passages kept in memory between searches."""


class Library:
    """Documents of one company. Methods block (call them in a thread); any number of threads may call at once.

    `data_dir` keeps original files and indexes, the engine's database everything else. Another process may add and
    remove as well: each notices and catches up at its next search.
    """

    def __init__(
        self, engine: Engine, data_dir: Path, chroma_url: str = "", embedder: Encoder | None = None
    ) -> None:
        self._store = DocumentStore(engine, data_dir / "documents")
        self._encoder = embedder or HashedNgrams.load()
        own = HashedNgrams.load() if embedder else self._encoder
        self._lexicon = Lexicon(load(), own, data_dir / "index")
        self._index = Index(data_dir / "index", chroma_url, self._encoder)
        self._reranker = Reranker()
        self._lock = threading.RLock()
        self._generation = -1
        self._remembered: dict[str, Passage] = {}
        self._retrieval: Retrieval | None = None
        self._index_hash = ""

    # -- documents ------------------------------------------------------------------------------------------------

    def add(
        self,
        path: Path,
        *,
        kind: DocumentKind | str | None = None,
        title: str | None = None,
        version: str | None = None,
        customer: str | None = None,
        valid_from: date | None = None,
        valid_until: date | None = None,
        owner: str | None = None,
    ) -> Added:
        """Read a file, keep it, index it. The same bytes again change nothing; the same kind, title and customer with
        other bytes is a new version. What cannot be taken in is an outcome, never an exception."""
        path = Path(path)
        try:
            about = _particulars(path, kind, title, version, customer, valid_from, valid_until, owner)
            raw = _bytes_of(path)
            with self._lock:
                return self._add(path, raw, about, named=version is not None)
        except Unreadable as refused:
            return Added(AddOutcome.REFUSED, path.name, str(refused), refused.detail, customer=customer)

    def _add(self, path: Path, raw: bytes, about: Particulars, named: bool) -> Added:
        content_hash = hashlib.sha256(raw).hexdigest()
        if known := self._store.with_content(content_hash, about.customer):
            return self._unchanged(known, about, named)
        pieces = cut(read(path), about.title)
        earlier = self._store.same_document(about.kind, about.title, about.customer)
        before = self._store.find(earlier) if earlier else None
        if before and not named:
            about = replace(about, version=_next(before.version, about.version))
        document_id = self._store.add(raw, about, pieces, earlier)
        self._catch_up()
        if before is None:
            return _added(AddOutcome.ADDED, document_id, about, len(pieces), "已收录", "added")
        words = f"已更新为 {about.version},旧版 {before.version} 仍可在以往的决策里查看"
        return _added(
            AddOutcome.REPLACED, document_id, about, len(pieces), words, f"replaced version {before.version}"
        )

    def _unchanged(self, document_id: str, about: Particulars, named: bool) -> Added:
        known = self._store.find(document_id)
        assert known is not None
        merged = replace(
            about,
            version=about.version if named else known.version,
            title=known.title if about.title == _title(Path(about.file_name)) else about.title,
            valid_from=about.valid_from or known.valid_from,
            valid_until=about.valid_until or known.valid_until,
        )
        new = (merged.kind, merged.title, merged.version, merged.valid_from, merged.valid_until)
        if new == (known.kind, known.title, known.version, known.valid_from, known.valid_until):
            return _added(
                AddOutcome.UNCHANGED,
                document_id,
                merged,
                known.passages,
                "同一份文件已经收录,没有变化",
                "same bytes, nothing to do",
            )
        self._store.amend(document_id, merged)
        self._catch_up()
        return _added(
            AddOutcome.UNCHANGED,
            document_id,
            merged,
            known.passages,
            "文件没有变化,已更新资料信息",
            "same bytes, particulars amended",
        )

    def list(self) -> tuple[DocumentInfo, ...]:
        """Every document in its current version."""
        return self._store.documents()

    def remove(self, document_id: str) -> bool:
        """Delete a document with all its versions, passages, bytes and index entries; False if there is none."""
        with self._lock:
            found = self._store.remove(document_id)
            self._catch_up()
            return found

    def passage(self, passage_id: str) -> Passage | None:
        """A passage by id, of replaced versions too, so that an old decision can be opened to its source."""
        return next(iter(self._store.passages([passage_id])), None)

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """The whole document in order, as it was cut (for showing a passage in its place)."""
        current = next((one for one in self._store.current() if one.document_id == document_id), None)
        return self._store.passages_of(current.id) if current else ()

    def open_document(self, document_id: str, version_id: str | None = None) -> bytes | None:
        """The original file of the current (or a named) version. A passage id begins with its version's id."""
        return self._store.bytes_of(document_id, version_id)

    # -- asking ---------------------------------------------------------------------------------------------------

    def search(
        self,
        question: str,
        *,
        customer: str | None = None,
        k: int = 5,
        earlier: Sequence[str] = (),
        include_expired: bool = False,
        today: date | None = None,
    ) -> Findings:
        """The passages that answer, best first; of restricted documents those of `customer` alone."""
        retrieval = self._ready()
        return retrieval.find(
            Asked(question, customer, k, tuple(earlier), include_expired, today), self._index_hash
        )

    @property
    def index_hash(self) -> str:
        """Names what answers; a decision records it."""
        self._ready()
        return self._index_hash

    @property
    def catalogue(self) -> tuple[str, ...]:
        """Product models that documents speak of."""
        return self._models()

    # -- keeping in order -----------------------------------------------------------------------------------------

    def rebuild(self) -> int:
        """Throw the indexes away and make them again from the store. Returns the number of entries."""
        with self._lock:
            self._index.clear()
            self._catch_up()
            return sum(self._index.held().values())

    def check(self) -> Health:
        """Compare store, files and both indexes; what differs is named with what to do."""
        self._ready()
        problems = [
            f"scope {scope}: {expected} entries expected, {lexical} in the word index, {dense} in the vector index; run `yiju knowledge rebuild`"
            for scope, (expected, lexical, dense) in self._index.counts().items()
            if not expected == lexical == dense
        ]
        problems += [
            f"original file of {name} is missing from the data directory; add it again"
            for name in self._store.missing_files()
        ]
        documents = self._store.documents()
        entries = sum(self._index.held().values())
        return Health(
            len(documents), sum(one.passages for one in documents), entries, self._index_hash, tuple(problems)
        )

    def close(self) -> None:
        """Let go of the vector index; the next search opens it again."""
        self._index.close()

    def _ready(self) -> Retrieval:
        """The retrieval over what the store holds now."""
        if self._retrieval is None or self._store.generation() != self._generation:
            self._catch_up()
        assert self._retrieval is not None
        return self._retrieval

    def _catch_up(self) -> None:
        with self._lock:
            generation = self._store.generation()
            self._index.sync(self._store.current(), self._store.passages_of)
            self._remembered = {}
            self._index_hash = self._index.content_hash()
            self._retrieval = Retrieval(
                self._index.lexical,
                self._index.dense,
                self._encoder,
                Understanding(self._lexicon, self._models()),
                self._reranker,
                self._passages,
            )
            self._generation = generation

    def _models(self) -> tuple[str, ...]:
        return self._store.models()

    def _passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        wanted, known = list(ids), self._remembered
        missing = [one for one in wanted if one not in known]
        if missing:
            if len(known) > REMEMBERED:
                self._remembered = known = {}
                missing = wanted
            known.update({one.id: one for one in self._store.passages(missing)})
        return {one: known[one] for one in wanted if one in known}


_VERSION = re.compile(r"[ _\-(（]*([vV]\d+(?:\.\d+)*|20\d{2}(?:[-.]?\d{2})?版?)[)）]*$")


def _particulars(
    path: Path,
    kind: DocumentKind | str | None,
    title: str | None,
    version: str | None,
    customer: str | None,
    valid_from: date | None,
    valid_until: date | None,
    owner: str | None,
) -> Particulars:
    """Fill in what was not said from the file's name. Raises `Unreadable` for what cannot be right."""
    customer = (customer or "").strip() or None
    found = _VERSION.search(path.stem)
    known = _kind(path, kind, customer)
    if known is DocumentKind.CONTRACT and customer is None:
        raise Unreadable(
            "合同必须注明客户(写进文件名,或用 --customer),否则会被其他客户的问题引用;通用范本请注明是政策(--kind policy)",
            "a contract needs its customer (--customer NAME); for a general template use --kind policy",
        )
    if valid_from and valid_until and valid_until < valid_from:
        raise Unreadable(
            f"有效期有误:{valid_until} 早于 {valid_from}",
            f"valid until {valid_until} is before valid from {valid_from}",
        )
    label = version or (found[1] if found else "V1")
    return Particulars(
        known, title or _title(path), label, path.name, customer, valid_from, valid_until, owner
    )


def _title(path: Path) -> str:
    return _VERSION.sub("", path.stem).strip() or path.stem


_KIND_WORDS = (
    (DocumentKind.CONTRACT, ("合同", "协议", "contract")),
    (DocumentKind.PRICE, ("价", "报价", "price")),
    (DocumentKind.POLICY, ("政策", "规定", "制度", "办法", "policy", "faq", "须知")),
    (DocumentKind.MANUAL, ("手册", "说明书", "指南", "规格", "参数", "manual", "datasheet", "guide")),
)


def _kind(path: Path, kind: DocumentKind | str | None, customer: str | None) -> DocumentKind:
    if kind:
        try:
            return DocumentKind(kind)
        except ValueError as error:
            names = "、".join(DocumentKind)
            raise Unreadable(
                f"没有“{kind}”这种资料类型;可用:{names}", f"unknown kind {kind!r}; expected one of {names}"
            ) from error
    name = path.stem.lower()
    guess = next((known for known, marks in _KIND_WORDS if any(mark in name for mark in marks)), None)
    return guess or (DocumentKind.CONTRACT if customer else DocumentKind.OTHER)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Unreadable(f"找不到文件 {path}", f"no such file: {path}") from error
    except OSError as error:
        raise Unreadable(f"文件读不出来:{error.strerror}", f"cannot read {path}: {error}") from error


def _next(before: str, guessed: str) -> str:
    """A new version's label where nobody gave one: the file name's if it differs, else counted up."""
    if guessed not in {before, "V1"}:
        return guessed
    found = re.search(r"(\d+)(?!.*\d)", before)
    return f"{before[: found.start()]}{int(found[1]) + 1}{before[found.end() :]}" if found else f"{before}-2"


def _added(
    outcome: AddOutcome, document_id: str, about: Particulars, passages: int, reason: str, detail: str
) -> Added:
    return Added(
        outcome,
        about.file_name,
        reason,
        detail,
        document_id,
        about.title,
        about.version,
        about.kind,
        about.customer,
        passages,
    )
