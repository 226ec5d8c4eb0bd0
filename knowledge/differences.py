"""What an index holds against what the store says it should: row by row, by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.encoder import Vectors

CHANGED = "changed"
"""In place of the mark of a row whose vector is not the one that was written. No mark is spelled so."""
NEAR = 1e-3
"""How far a vector's print may be from the one written: indexes keep 32 bits, and some scale vectors again."""


def mark(*texts: str) -> str:
    """Names a row's content."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def prints(vectors: Vectors) -> NDArray[np.float32]:
    """A number for each vector that another vector hardly has: its place along one fixed direction at random."""
    direction = np.random.default_rng(23).standard_normal(vectors.shape[1:]).astype(np.float32)
    found: NDArray[np.float32] = np.asarray(vectors, dtype=np.float32) @ direction
    return found


@dataclass(frozen=True)
class Differences:
    """Ids of rows that are not there, that say something else, and that should not be there."""

    missing: tuple[str, ...]
    changed: tuple[str, ...]
    foreign: tuple[str, ...]

    @classmethod
    def between(cls, expected: Mapping[str, str], held: Mapping[str, str]) -> Differences:
        """Both from a row's id to the mark of its content."""
        return cls(
            tuple(sorted(expected.keys() - held.keys())),
            tuple(sorted(one for one, said in held.items() if one in expected and expected[one] != said)),
            tuple(sorted(held.keys() - expected.keys())),
        )

    def told(self) -> str:
        """In words; empty where there are none."""
        return ", ".join(self._kinds())

    def _kinds(self) -> Iterator[str]:
        for name, rows in (("missing", self.missing), ("changed", self.changed), ("foreign", self.foreign)):
            if rows:
                more = ", …" if len(rows) > 3 else ""
                yield f"{len(rows)} {name} ({', '.join(rows[:3])}{more})"
