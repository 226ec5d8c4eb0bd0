"""The vectors of one customer's documents, in a file a scope: exact, small, and nothing stays open.

Embedded Chroma holds 3 MB for every collection that was ever asked, whatever its size, and hundreds of customers have
a contract each. A few hundred vectors are compared faster than an index is opened.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.encoder import Vectors
from knowledge.lexical import Hit

REMEMBERED = 256
"""Scopes kept in memory between searches."""


@dataclass(frozen=True)
class _Stored:
    """A file's content: row for row an entry's id, its version, its vector."""

    ids: NDArray[np.str_]
    versions: NDArray[np.str_]
    vectors: Vectors

    def where(self, keep: NDArray[np.bool_]) -> _Stored:
        return _Stored(self.ids[keep], self.versions[keep], self.vectors[keep])


class FewVectors:
    """Adds, deletes and finds by scope. Writers take turns (the index's lock); readers see whole files only."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder, self._prefix = folder, prefix
        self._remembered: OrderedDict[str, tuple[int, _Stored]] = OrderedDict()

    def write(self, scope: str, ids: Sequence[str], vectors: Vectors, versions: Sequence[str]) -> None:
        new = _Stored(np.array(ids), np.array(versions), vectors.astype(np.float32))
        if (before := self._read(scope)) is not None:
            kept = before.where(~np.isin(before.ids, new.ids))
            new = _Stored(
                np.concatenate([kept.ids, new.ids]),
                np.concatenate([kept.versions, new.versions]),
                np.concatenate([kept.vectors, new.vectors]),
            )
        self._save(scope, new)

    def delete(self, scope: str, version: str) -> None:
        if (stored := self._read(scope)) is None:
            return
        kept = stored.where(stored.versions != version)
        if len(kept.ids):
            self._save(scope, kept)
        else:
            self._path(scope).unlink()

    def search(self, scope: str, vector: Vectors, most: int) -> list[Hit]:
        """Nearest entries with their cosine."""
        if (stored := self._read(scope)) is None or not vector.any():
            return []
        near = stored.vectors @ vector
        return [Hit(str(stored.ids[at]), float(near[at])) for at in np.argsort(-near, kind="stable")[:most]]

    def count(self, scope: str) -> int:
        stored = self._read(scope)
        return len(stored.ids) if stored is not None else 0

    def scopes(self) -> tuple[str, ...]:
        start = f"{self._prefix}-"
        return tuple(path.stem.removeprefix(start) for path in sorted(self._folder.glob(f"{start}*.npz")))

    def clear(self) -> None:
        """Every file, of earlier encoders too."""
        for path in self._folder.glob("*.npz"):
            path.unlink()

    def _read(self, scope: str) -> _Stored | None:
        path = self._path(scope)
        try:
            changed = os.stat(path).st_mtime_ns
        except FileNotFoundError:
            self._remembered.pop(scope, None)
            return None
        known = self._remembered.get(scope)
        if known is None or known[0] != changed:
            with np.load(path) as file:
                known = changed, _Stored(file["ids"], file["versions"], file["vectors"])
            self._remembered[scope] = known
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return known[1]

    def _save(self, scope: str, stored: _Stored) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        half = self._path(scope).with_suffix(".half")
        with half.open("wb") as file:
            np.savez(file, ids=stored.ids, versions=stored.versions, vectors=stored.vectors)
        half.replace(self._path(scope))

    def _path(self, scope: str) -> Path:
        return self._folder / f"{self._prefix}-{scope}.npz"
