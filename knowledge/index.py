"""Both indexes, kept equal to the store: what each holds is written down, and only the difference is worked.

A change is first a committed row (knowledge/store.py); `sync` then brings the indexes after it. A crash in between
leaves them behind, and the next `sync`, of any process, catches up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from filelock import FileLock

from knowledge.dense import DenseIndex
from knowledge.encoder import Encoder
from knowledge.lexical import Entry, LexicalIndex, scope_of
from knowledge.model import Passage
from knowledge.store import CurrentVersion

FORMAT = 3
"""Counts up when entries are cut or spelled differently, so that an older index rebuilds itself."""


@dataclass(frozen=True)
class _Held:
    """A version as the indexes hold it."""

    stamp: str
    scope: str
    entries: int


def entries_of(passage: Passage) -> list[Entry]:
    """A passage as it is found: whole, or row by row where it is a table (the passage is still what is shown)."""
    place = passage.citation
    context = f"{place.title} {place.heading} {' '.join(passage.products)}"
    version = passage.id.rsplit("-", 1)[0]
    bodies = passage.text.split("\n") if passage.table else [passage.text]
    return [Entry(f"{passage.id}#{at}", passage.id, version, body, context) for at, body in enumerate(bodies)]


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

    def sync(self, current: Iterable[CurrentVersion], passages: Callable[[str], Sequence[Passage]]) -> int:
        """Index what is new, drop what is gone or changed. Returns how many versions were worked."""
        with self._lock:
            held = self._manifest()
            wanted = {version.id: version for version in current}
            gone = [
                key for key, value in held.items() if key not in wanted or wanted[key].stamp != value.stamp
            ]
            new = [wanted[key] for key in wanted if key not in held or key in gone]
            for key in gone:
                self._drop(key, held.pop(key))
            for scope, versions in groupby(sorted(new, key=_scope), key=_scope):
                held |= self._take_in(scope, list(versions), passages)
            if gone or new:
                self._write_manifest(held)
            return len(gone) + len(new)

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
        """Scope → entries written down, in the lexical index, in the dense index."""
        expected: dict[str, int] = {}
        for value in self._manifest().values():
            expected[value.scope] = expected.get(value.scope, 0) + value.entries
        scopes = {*expected, *self.lexical.scopes(), *self.dense.scopes()}
        return {
            one: (expected.get(one, 0), self.lexical.count(one), self.dense.count(one))
            for one in sorted(scopes)
        }

    def content_hash(self) -> str:
        """Names what answers: the same documents, encoder and format give the same hash."""
        stamps = sorted(value.stamp for value in self._manifest().values())
        return hashlib.sha256((self.identity + "".join(stamps)).encode()).hexdigest()[:16]

    def _take_in(
        self, scope: str, versions: Sequence[CurrentVersion], passages: Callable[[str], Sequence[Passage]]
    ) -> dict[str, _Held]:
        entries = {
            version.id: [one for passage in passages(version.id) for one in entries_of(passage)]
            for version in versions
        }
        every = [entry for some in entries.values() for entry in some]
        vectors = self._encoder.encode([f"{entry.context}\n{entry.body}" for entry in every])
        self.lexical.write(scope, every, gone=list(entries))
        self.dense.write(scope, [entry.id for entry in every], vectors, [entry.version_id for entry in every])
        return {version.id: _Held(version.stamp, scope, len(entries[version.id])) for version in versions}

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


def _scope(version: CurrentVersion) -> str:
    return scope_of(version.customer)
