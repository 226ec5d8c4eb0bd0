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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.differences import CHANGED, NEAR, prints
from knowledge.encoder import Vectors
from knowledge.lexical import Hit

REMEMBERED = 256
"""Scopes kept in memory between searches."""


@dataclass(frozen=True)
class _Stored:
    """A file's content: row for row an entry's id, its version, its vector, the vector's print, the text's mark."""

    ids: NDArray[np.str_]
    versions: NDArray[np.str_]
    vectors: Vectors
    prints: NDArray[np.float32]
    marks: NDArray[np.str_]

    def where(self, keep: NDArray[np.bool_]) -> _Stored:
        return _Stored(*(column[keep] for column in self.columns))

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        return self.ids, self.versions, self.vectors, self.prints, self.marks

    def nearest(self, vector: Vectors, most: int) -> list[Hit]:
        near = self.vectors @ vector
        return [Hit(str(self.ids[at]), float(near[at])) for at in np.argsort(-near, kind="stable")[:most]]


def as_held(
    ids: Sequence[str], marks: Sequence[str], written: NDArray[np.float32], vectors: Vectors
) -> dict[str, str]:
    """By id the mark of what a vector was made from, as long as it still has the print it was written with."""
    same = np.abs(prints(vectors) - written) < NEAR
    return {one: mark if still else CHANGED for one, mark, still in zip(ids, marks, same, strict=True)}


class FewVectors:
    """Adds, deletes and finds by scope. Writers take turns (the index's lock); readers see whole files only."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder, self._prefix = folder, prefix
        self._remembered: OrderedDict[str, tuple[int, _Stored]] = OrderedDict()

    def write(
        self,
        scope: str,
        ids: Sequence[str],
        vectors: Vectors,
        versions: Sequence[str],
        marks: Sequence[str],
    ) -> None:
        new = _Stored(
            np.array(ids), np.array(versions), vectors.astype(np.float32), prints(vectors), np.array(marks)
        )
        if (before := self._read(scope)) is not None:
            kept = before.where(~np.isin(before.ids, new.ids))
            new = _Stored(*(np.concatenate(both) for both in zip(kept.columns, new.columns, strict=True)))
        self._save(scope, new)

    def delete(self, scope: str, version: str) -> None:
        if (stored := self._read(scope)) is None:
            return
        kept = stored.where(stored.versions != version)
        if len(kept.ids):
            self._save(scope, kept)
        else:
            self._path(scope).unlink()

    def search(self, scope: str, vectors: Vectors, most: int) -> list[list[Hit]]:
        """For each vector (a row) the nearest entries with their cosine."""
        stored = self._read(scope)
        return [stored.nearest(one, most) if stored and one.any() else [] for one in vectors]

    def held(self, scope: str) -> dict[str, str]:
        """Every vector's id with the mark of what it was made from, or `CHANGED`."""
        stored = self._read(scope)
        if stored is None:
            return {}
        return as_held(
            [str(one) for one in stored.ids],
            [str(one) for one in stored.marks],
            stored.prints,
            stored.vectors,
        )

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
                known = changed, _Stored(*(file[name] for name in _Stored.__dataclass_fields__))
            self._remembered[scope] = known
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return known[1]

    def _save(self, scope: str, stored: _Stored) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        half = self._path(scope).with_suffix(".half")
        with half.open("wb") as file:
            np.savez(file, **vars(stored))
        half.replace(self._path(scope))

    def _path(self, scope: str) -> Path:
        return self._folder / f"{self._prefix}-{scope}.npz"
