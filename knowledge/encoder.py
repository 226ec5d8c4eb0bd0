"""Text to vectors without any framework: a trained table of hashed character n-grams, averaged.

The table (`encoder.npz`) is made by `python -m knowledge.training`; serving needs numpy alone.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.tokens import normalise

Vectors = NDArray[np.float32]
OWN = "encoder.npz"
"""In the data dir."""
SHIPPED = Path(__file__).parent / "encoder.npz"
_RUN = re.compile(r"[a-z]+[a-z0-9]*|\d+(?:\.\d+)?|[\u4e00-\u9fff]+")


class Encoder(Protocol):
    """Gives unit vectors that lie close where texts mean the same."""

    dimensions: int

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text may get another vector."""

    def encode(self, texts: Sequence[str], *, question: bool = False) -> Vectors:
        """One row a text, each of length 1 (0 for a text without any known part)."""


def ngrams(text: str) -> list[str]:
    """What is hashed: 1–3-grams of Chinese runs, other words whole."""
    found: list[str] = []
    for run in _RUN.findall(normalise(text)):
        if "\u4e00" <= run[0] <= "\u9fff":
            found += [run[at : at + size] for size in (1, 2, 3) for at in range(len(run) - size + 1)]
        else:
            found.append(run)
    return found


def buckets(text: str, count: int) -> list[int]:
    """The n-grams' places in a table of `count` rows; crc32 is the same on every machine."""
    return [zlib.crc32(gram.encode()) % count for gram in ngrams(text)]


class HashedNgrams:
    """The default encoder: the mean of its n-grams' rows, scaled to length 1."""

    def __init__(self, table: NDArray[np.int8], scale: Vectors) -> None:
        self._table, self._scale = table, scale
        self.dimensions = int(table.shape[1])

    @classmethod
    def load(cls, path: Path = SHIPPED) -> HashedNgrams:
        with np.load(path) as stored:
            return cls(stored["table"], stored["scale"].astype(np.float32))

    @classmethod
    def in_use(cls, data_dir: Path) -> HashedNgrams:
        """The company's own, where one was trained (`yiju knowledge train`), else the shipped one."""
        own = data_dir / OWN
        return cls.load(own if own.exists() else SHIPPED)

    def save(self, path: Path) -> None:
        np.savez_compressed(path, table=self._table, scale=self._scale.astype(np.float16))

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.sha256(self._table.tobytes() + self._scale.tobytes()).hexdigest()[:12]

    def encode(self, texts: Sequence[str], *, question: bool = False) -> Vectors:
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for at, text in enumerate(texts):
            rows = buckets(text, len(self._table))
            if rows:
                found[at] = self._scale[rows] @ self._table[rows].astype(np.float32)
        return unit(found)


def unit(vectors: Vectors) -> Vectors:
    """Each row at length 1; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.where(length == 0, 1.0, length)).astype(np.float32)
    return scaled
