"""The library: files in, evidence out. Everything else in this package is behind it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from filelock import Timeout
from sqlalchemy import Engine

from knowledge.company_files import CompanyFiles, EncoderInUse
from knowledge.encoder import Encoder, HashedNgrams
from knowledge.fusion import OwnQuestion
from knowledge.graph import Graph
from knowledge.index import Index
from knowledge.industry import Fact, industry_of
from knowledge.lexicon import Lexicon, load
from knowledge.likely import LikelyQuestions
from knowledge.listing import Wanted
from knowledge.model import Added, AddOutcome, DocumentInfo, DocumentKind, Findings, Health, Passage
from knowledge.outdated import Past
from knowledge.page_image import PageImages
from knowledge.particulars import (
    Particulars,
    ParticularsWrong,
    checked,
    compared,
    next_version,
    particulars,
    particulars_of,
    title_of,
)
from knowledge.passages import cut
from knowledge.query import Understanding
from knowledge.readers import Unreadable, bytes_of, contents
from knowledge.rerank import Reranker, Weights
from knowledge.retrieval import Asked, Retrieval, named
from knowledge.sayings import Gaps, Sayings
from knowledge.store import DocumentStore
from knowledge.visibility import ANYONE, EVERYONE, KEEPER, Reader

REMEMBERED = 20_000
"""Passages kept in memory between searches."""


class Library:
    """Documents of one company. Methods block (call them in a thread); any number of threads may call at once.

    `data_dir` keeps original files and indexes, the engine's database everything else. Another process may add and
    remove as well: each notices and catches up at its next search. While a document is read and indexed, searches
    answer from the last index; only a process that has none yet waits for it.
    """

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        chroma_url: str = "",
        embedder: Encoder | None = None,
        index_dir: Path | None = None,
    ) -> None:
        """`index_dir`: where this machine keeps its index, if not in the data dir (one that machines share)."""
        index = index_dir or data_dir / "index"
        self._store = DocumentStore(engine, data_dir / "documents")
        own = HashedNgrams.in_use(data_dir)
        self._encoder = embedder or own
        self._lexicon = Lexicon(load(), own, index)
        self.graph, self.sayings, self.gaps = Graph(engine), Sayings(engine), Gaps(engine)
        self.likely = LikelyQuestions(engine)
        self.files = CompanyFiles(engine, encoder=EncoderInUse.of(embedder, own, data_dir))
        self.files.bring_in(data_dir)
        self._index = Index(index, chroma_url, self._encoder)
        self._images, self._lock = PageImages(), threading.RLock()
        self._generation = -1
        self._remembered: dict[str, Passage] = {}
        self._retrieval: Retrieval | None = None
        self._index_hash = ""

    # -- documents ------------------------------------------------------------------------------------------------

    def add(
        self,
        path: Path,
        *,
        name: str | None = None,
        kind: DocumentKind | str | None = None,
        title: str | None = None,
        version: str | None = None,
        customer: str | None = None,
        valid_from: date | None = None,
        valid_until: date | None = None,
        owner: str | None = None,
        visibility: str | None = None,
        reader: Reader = KEEPER,
    ) -> Added:
        """Read a file, keep it, index it. The same bytes again change nothing; the same kind, title and customer with
        other bytes is a new version. What cannot be taken in is an outcome, never an exception.

        `name`: what the file is called, if not as it lies there. `visibility`: who may read it; as before where it is not said, everyone where the document is new. `reader`: who
        brings it. What they may not read is nothing that their file is a version of.
        """
        path = Path(path)
        try:
            about = particulars(
                path.with_name(name) if name else path,
                kind,
                title,
                version,
                customer,
                valid_from,
                valid_until,
                owner,
                visibility,
            )
            raw = bytes_of(path)
            with self._lock:
                return self._add(path, raw, about, reader, named=version is not None)
        except Unreadable as refused:
            return Added(AddOutcome.REFUSED, path.name, str(refused), refused.detail, customer=customer)

    def _add(self, path: Path, raw: bytes, about: Particulars, reader: Reader, named: bool) -> Added:
        content_hash = hashlib.sha256(raw).hexdigest()
        if known := self._store.with_content(content_hash, about, reader):
            return self._unchanged(known, about, named)
        blocks, left_out = contents(path)
        pieces = cut(blocks, about.title)
        earlier = self._store.same_document(about, reader)
        before = self._store.find(earlier) if earlier else None
        if before and not named:
            about = replace(about, version=next_version(before.version, about.version))
        about = replace(about, visibility=about.visibility or (before.visibility if before else EVERYONE))
        with self._index.held_for():  # or another process's next question would have to index it first
            document_id = self._store.add(raw, about, pieces, earlier)
            self.graph.propose(self.passages_of(document_id))
            self._catch_up()
        outcome, words, detail = AddOutcome.ADDED, "已收录", "added"
        if before is not None:
            outcome, detail = AddOutcome.REPLACED, f"replaced version {before.version}"
            words = f"已更新为 {about.version},旧版 {before.version} 仍可在以往的决策里查看"
        detail = "; left out: ".join([detail, *(one.detail for one in left_out)])
        added = _added(outcome, document_id, about, len(pieces), words, detail)
        return replace(added, left_out=tuple(one.words for one in left_out))

    def _unchanged(self, document_id: str, about: Particulars, named: bool) -> Added:
        known = self._store.find(document_id)
        assert known is not None
        merged = replace(
            about,
            version=about.version if named else known.version,
            title=known.title if about.title == title_of(Path(about.file_name)) else about.title,
            valid_from=about.valid_from or known.valid_from,
            valid_until=about.valid_until or known.valid_until,
            owner=about.owner or known.owner,
            visibility=about.visibility or known.visibility,
        )
        if compared(merged) == compared(known):
            return _added(
                AddOutcome.UNCHANGED,
                document_id,
                merged,
                known.passages,
                "同一份文件已经收录,没有变化",
                "same bytes, nothing to do",
            )
        self._store.amend(document_id, checked(merged))
        self._catch_up()
        return _added(
            AddOutcome.UNCHANGED,
            document_id,
            merged,
            known.passages,
            "文件没有变化,已更新资料信息",
            "same bytes, particulars amended",
        )

    def amend(self, wanted: DocumentInfo, reader: Reader = KEEPER) -> DocumentInfo:
        """Change what is known of a document besides its text: kind, title, customer, version, validity, owner,
        visibility. Returns it as it was. Raises `ParticularsWrong`, also where there is no such document for the reader."""
        with self._lock:
            known = self._store.find(wanted.id)
            if known is None or not reader.may_read(known.visibility):
                raise ParticularsWrong("没有这份资料,它可能已经删除", f"there is no document {wanted.id}")
            about = checked(particulars_of(wanted))
            if self._store.same_document(about, reader, besides=wanted.id):
                raise ParticularsWrong(
                    f"已经有同名的《{about.title}》(种类、客户都相同),请换一个标题",
                    f"another {about.kind} of this customer is called {about.title!r}; choose another title",
                )
            self._store.amend(wanted.id, about)
            self._catch_up()
            return known

    def list(self) -> tuple[DocumentInfo, ...]:
        """Every document in its current version."""
        return self._store.documents()

    def page(self, wanted: Wanted, first: int, most: int) -> tuple[tuple[DocumentInfo, ...], int]:
        """Some of the documents in order, from the number `first` on, and how many there are in all."""
        return self._store.page(wanted, first, most)

    def document(self, document_id: str) -> DocumentInfo | None:
        """A document in its current version."""
        return self._store.find(document_id)

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
        current = self._store.find(document_id)
        return self._store.passages_of(current.version_id) if current else ()

    def part(self, version_id: str, first: int, most: int) -> tuple[Sequence[Passage], int]:
        """Some passages of a version, replaced ones too, from the number `first` on; and how many it has in all."""
        return self._store.part(version_id, first, most)

    def versions(self, document_id: str) -> tuple[DocumentInfo, ...]:
        """Every version of a document with its validity, newest first; none where there is no such document."""
        return self._store.versions(document_id)

    def open_document(self, document_id: str, version_id: str | None = None) -> bytes | None:
        """The original file of the current (or a named) version. A passage id begins with its version's id."""
        return self._store.bytes_of(document_id, version_id)

    def page_image(self, passage_id: str) -> bytes | None:
        """The page that a passage stands on, as PNG with the passage marked; None for what has no pages to look at."""
        found = self.passage(passage_id)
        if found is None or found.citation.page is None:
            return None
        version = passage_id.rpartition("-")[0]
        raw = self.open_document(found.citation.document_id, version)
        return self._images.png(version, raw, found.citation.page, found.text) if raw else None

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
        past: Past | None = None,
        reader: Reader = ANYONE,
    ) -> Findings:
        """The passages that answer, best first; of customers' documents those of `customer` alone, of restricted ones
        those that `reader` may read. `past`: of the papers of that time, in place of today's."""
        asked = Asked(question, customer, k, tuple(earlier), include_expired, today, past, reader)
        return self._ready().find(asked, self._index_hash)

    @property
    def weights(self) -> Weights:
        """How much words, written terms and vectors count here."""
        return self._ready().reranker.weights

    def ask(self, asked: OwnQuestion, weights: Weights) -> Findings:
        """One question with other weights, for choosing them: its first ten passages."""
        return self.as_if(weights=weights).find(Asked(asked.question, asked.customer, 10), self._index_hash)

    def as_if(self, industry: Iterable[Fact] | None = None, weights: Weights | None = None) -> Retrieval:
        """What would answer with another industry or other weights, over the documents of now; nothing is kept."""
        found = self._ready()
        if industry is not None:
            own = self._lexicon.with_own(self.sayings.concepts())
            known = Understanding(own, self._store.models(), industry_of(industry, self.graph))
            found = replace(found, understanding=known)
        return found if weights is None else replace(found, reranker=Reranker(weights))

    @property
    def index_hash(self) -> str:
        """Names what answers; a decision records it."""
        self._ready()
        return self._index_hash

    @property
    def catalogue(self) -> tuple[str, ...]:
        """Product models that documents speak of."""
        return self._store.models()

    # -- keeping in order -----------------------------------------------------------------------------------------

    def rebuild(self) -> int:
        """Throw the indexes away and make them again from the store. Returns the number of entries."""
        with self._lock:
            self._index.clear()
            self._catch_up()
            return sum(self._index.held().values())

    def check(self, contents: bool = False) -> Health:
        """Compare store, files and both indexes; what differs is named with what to do.

        By numbers alone: milliseconds. By `contents`: every row, some seconds for 50,000 passages, in which nobody else
        indexes; answering goes on.
        """
        self._ready()
        problems = [
            f"scope {scope}: {expected} entries expected, {lexical} in the word index, {dense} in the vector index; run `yiju knowledge rebuild`"
            for scope, (expected, lexical, dense) in self._index.counts().items()
            if not expected == lexical == dense
        ]
        problems += self._differing() if contents else []
        problems += [
            f"original file of {name} is missing from the data directory; add it again"
            for name in self._store.missing_files()
        ]
        documents = self._store.documents()
        entries = sum(self._index.held().values())
        return Health(
            len(documents), sum(one.passages for one in documents), entries, self._index_hash, tuple(problems)
        )

    def _differing(self) -> Sequence[str]:
        """By row; looked at again where a document changed meanwhile."""
        while True:
            with self._index.held_for():
                self._catch_up()
                before = self._generation
                found = [
                    f"scope {scope}: {name} differs from the store: {rows.told()}; run `yiju knowledge rebuild`"
                    for scope, name, rows in self._index.differences(
                        self._store.indexed(), self._store.passages_of
                    )
                ]
            if not found or self._store.generation() == before:
                return found

    def close(self) -> None:
        """Let go of the vector index; the next search opens it again."""
        self._index.close()

    def _ready(self) -> Retrieval:
        """The retrieval over what the store holds now; while somebody indexes, the last one: answering never waits."""
        if self._retrieval is None:
            self._catch_up()
        elif self._store.generation() != self._generation:
            self._remembered = {}  # what is removed already must not be shown from memory
            if self._lock.acquire(blocking=False):
                try:
                    with suppress(Timeout):
                        self._catch_up(patience=0)
                finally:
                    self._lock.release()
        assert self._retrieval is not None
        return self._retrieval

    def _catch_up(self, patience: float = -1) -> None:
        """`patience`: seconds to wait while another process indexes (-1: as long as it takes). Raises `Timeout`."""
        with self._lock, self._index.held_for(patience):
            generation = self._store.generation()
            self._index.sync(self._store.indexed(), self._store.passages_of)
            self._remembered = {}
            own, industry = self.sayings.concepts(), industry_of(self.files.industry(), self.graph)
            weights = self.files.weights()
            changed = () if weights == Weights() else (weights,)
            self._index_hash = named(self._index.content_hash(), own, industry.facts, changed)
            self._retrieval = Retrieval(
                self._index.lexical,
                self._index.dense,
                self._encoder,
                Understanding(self._lexicon.with_own(own), self._store.models(), industry),
                Reranker(weights),
                self._passages,
                self._store.restricted(),
                self._store.spans(),
            )
            self._generation = generation

    def _passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        wanted, known = list(ids), self._remembered
        missing = [one for one in wanted if one not in known]
        if missing:
            if len(known) > REMEMBERED:
                self._remembered = known = {}
                missing = wanted
            known.update({one.id: one for one in self._store.passages(missing)})
        return {one: known[one] for one in wanted if one in known}


def _added(
    outcome: AddOutcome, document_id: str, about: Particulars, passages: int, reason: str, detail: str
) -> Added:
    return Added(
        outcome, about.file_name, reason, detail, document_id, about.title, about.version, about.kind, about.customer,
        passages, about.visibility or EVERYONE,
    )  # fmt: skip
