"""Both indexes, kept equal to the store: what each holds is written down, and only the difference is worked.

A change is first a committed row (knowledge/store.py); `sync` then brings the indexes after it. A crash in between
leaves them behind, and the next `sync`, of any process, catches up.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from filelock import FileLock

from knowledge.dense import DenseIndex
from knowledge.differences import Differences, mark
from knowledge.encoder import Encoder
from knowledge.lexical import Entry, LexicalIndex, scope_of
from knowledge.model import Passage
from knowledge.store import IndexedVersion
from knowledge.tokens import pairs

FORMAT = 6
"""Counts up when entries are cut, spelled or indexed differently, so that an older index rebuilds itself."""

ASKED = "~"
"""Between an entry's id and a question's number."""


@dataclass(frozen=True)
class _Held:
    """A version as the indexes hold it."""

    stamp: str
    scope: str
    entries: int
    questions: int = 0
    """Vectors of questions beside those of the entries."""


def question_id(entry: str, at: int) -> str:
    """The name of a question's vector."""
    return f"{entry}{ASKED}{at}"


def entries_of(passage: Passage, wanted: Container[str] | None = None) -> list[Entry]:
    """A passage as it is found: whole, or row by row where it is a table (the passage is still what is shown).

    `wanted`: only entries with these ids.
    """
    place = passage.citation
    context = f"{place.title} {place.heading} {' '.join(passage.products)}"
    version = passage.id.rsplit("-", 1)[0]
    bodies = passage.text.split("\n") if passage.table else [passage.text]
    questions = _by_body(bodies, passage.questions)
    return [
        Entry(f"{passage.id}#{at}", passage.id, version, body, context, questions.get(at, ()))
        for at, body in enumerate(bodies)
        if wanted is None or f"{passage.id}#{at}" in wanted
    ]


def _by_body(bodies: Sequence[str], questions: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """A table's question belongs to the row that shares most bigrams with it; of equals to the first."""
    found: dict[int, tuple[str, ...]] = {}
    spelled = [frozenset(pairs(body)) for body in bodies] if questions else []
    for question in questions:
        asked = pairs(question)
        shared = [sum(pair in body for pair in asked) for body in spelled]
        at = shared.index(max(shared))
        found[at] = (*found.get(at, ()), question)
    return found


class Index:
    """The lexical and the dense index of one data directory."""

    def __init__(self, folder: Path, chroma_url: str, encoder: Encoder) -> None:
        self._folder, self._encoder = folder, encoder
        self.identity = hashlib.sha256(f"{FORMAT}{encoder.fingerprint}{chroma_url}".encode()).hexdigest()[:10]
        self.lexical = LexicalIndex(folder / "lexical")
        self.dense = DenseIndex(folder / "chroma", chroma_url, f"yiju{self.identity}")
        self._seen = -1.0
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "index.lock")

    def sync(self, current: Iterable[IndexedVersion], passages: Callable[[str], Sequence[Passage]]) -> int:
        """Index what is new, drop what is gone or changed. Returns how many versions were worked."""
        with self._lock:
            held = self._manifest()
            wanted = {version.id: version for version in current}
            gone = [
                key for key, value in held.items() if key not in wanted or wanted[key].stamp != value.stamp
            ]
            new = [wanted[key] for key in wanted if key not in held or key in gone]
            for scope, versions in groupby(sorted(new, key=_scope), key=_scope):
                held |= self._take_in(scope, list(versions), passages, held)
            for key in gone:  # only now: who searches meanwhile finds the version before
                if key not in wanted:
                    self._drop(key, held.pop(key))
            if gone or new:
                self._write_manifest(held)
            return len(gone) + len(new)

    def held_for(self, patience: float = -1) -> AbstractContextManager[object]:
        """Nobody else, of any process, indexes meanwhile. Raises `filelock.Timeout` after `patience` seconds."""
        return self._lock.acquire(timeout=patience)

    def clear(self) -> None:
        with self._lock:
            self.lexical.clear()
            self.dense.clear()
            self._manifest_path.unlink(missing_ok=True)

    def close(self) -> None:
        self.dense.close()

    def held(self) -> Mapping[str, int]:
        """Version id → number of entries, as written down."""
        return {key: value.entries for key, value in self._manifest().items()}

    def counts(self) -> Mapping[str, tuple[int, int, int]]:
        """Scope → entries written down, in the lexical index, in the dense index (questions not counted)."""
        expected, questions = Counter[str](), Counter[str]()
        for value in self._manifest().values():
            expected[value.scope] += value.entries
            questions[value.scope] += value.questions
        scopes = {*expected, *self.lexical.scopes(), *self.dense.scopes()}
        return {
            one: (expected[one], self.lexical.count(one), self.dense.count(one) - questions[one])
            for one in sorted(scopes)
        }

    def differences(
        self, current: Iterable[IndexedVersion], passages: Callable[[str], Sequence[Passage]]
    ) -> Iterator[tuple[str, str, Differences]]:
        """Scope, index, and how its rows differ in content from what the store holds; only where they do."""
        words, vectors = defaultdict[str, dict[str, str]](dict), defaultdict[str, dict[str, str]](dict)
        for version in current:
            scope = _scope(version)
            for entry in (one for passage in passages(version.id) for one in entries_of(passage)):
                words[scope][entry.id] = vectors[scope][entry.id] = entry.mark
                for at, question in enumerate(entry.questions):
                    vectors[scope][question_id(entry.id, at)] = mark(question)
        for scope in sorted({*words, *self.lexical.scopes(), *self.dense.scopes()}):
            for name, expected, held in (
                ("word index", words[scope], self.lexical.held(scope)),
                ("vector index", vectors[scope], self.dense.held(scope)),
            ):
                if expected != held:
                    yield scope, name, Differences.between(expected, held)

    def content_hash(self) -> str:
        """Names what answers: the same documents, encoder and format give the same hash."""
        stamps = sorted(value.stamp for value in self._manifest().values())
        return hashlib.sha256((self.identity + "".join(stamps)).encode()).hexdigest()[:16]

    def _take_in(
        self,
        scope: str,
        versions: Sequence[IndexedVersion],
        passages: Callable[[str], Sequence[Passage]],
        held: Mapping[str, _Held],
    ) -> dict[str, _Held]:
        entries = {
            version.id: [one for passage in passages(version.id) for one in entries_of(passage)]
            for version in versions
        }
        every = [entry for some in entries.values() for entry in some]
        vectors = self._encoder.encode([f"{entry.context}\n{entry.body}" for entry in every])
        for version in versions:
            if version.id in held:
                self._drop(version.id, held[version.id])
        self.lexical.write(scope, every, gone=list(entries))
        self.dense.write(
            scope,
            [entry.id for entry in every],
            vectors,
            [entry.version_id for entry in every],
            [entry.mark for entry in every],
        )
        self._take_in_questions(scope, every)
        return {
            version.id: _Held(version.stamp, scope, len(some), sum(len(one.questions) for one in some))
            for version in versions
            for some in [entries[version.id]]
        }

    def _take_in_questions(self, scope: str, entries: Sequence[Entry]) -> None:
        """A vector each, whose name leads back to the entry. Encoded like passages: what is asked is compared with both."""
        asked = [
            (question_id(entry.id, at), question, entry.version_id)
            for entry in entries
            for at, question in enumerate(entry.questions)
        ]
        if asked:
            ids, questions, versions = zip(*asked, strict=True)
            marks = [mark(question) for question in questions]
            self.dense.write(scope, ids, self._encoder.encode(questions), versions, marks)

    def _drop(self, version: str, held: _Held) -> None:
        self.lexical.write(held.scope, (), gone=[version])
        self.dense.delete(held.scope, version)

    @property
    def _manifest_path(self) -> Path:
        return self._folder / "indexed.json"

    def _manifest(self) -> dict[str, _Held]:
        """What the indexes hold. Of another format or encoder: nothing, and they start over."""
        try:
            written = json.loads(self._manifest_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        changed = self._manifest_path.stat().st_mtime
        if changed != self._seen:
            self.dense.reopen()
            self._seen = changed
        if written["identity"] != self.identity:
            self.clear()
            return {}
        return {key: _Held(**value) for key, value in written["versions"].items()}

    def _write_manifest(self, held: Mapping[str, _Held]) -> None:
        content = {"identity": self.identity, "versions": {key: vars(value) for key, value in held.items()}}
        half = self._manifest_path.with_suffix(".half")
        half.write_text(json.dumps(content), encoding="utf-8")
        half.replace(self._manifest_path)
        self._seen = self._manifest_path.stat().st_mtime


def _scope(version: IndexedVersion) -> str:
    return scope_of(version.customer, version.visibility, past=version.replaced)
