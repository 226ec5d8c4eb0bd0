"""Vectors of the training examples kept on disk by the hash of their text, so that a retraining encodes what is new only."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from intents.linear import Floats
from intents.meaning import Encoder

_BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


class KeptVectors:
    """An `Encoder` for one training that remembers what earlier ones asked; one file for each encoder.

    Where something new is encoded, what this training did not ask for is dropped: the vector of a forgotten utterance does
    not stay for ever. A damaged file is made again.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        self._asked: dict[str, Floats] = {}
        self.path = folder / f"{encoder.fingerprint}.npz"

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    @cached_property
    def _kept(self) -> dict[str, Floats]:
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                return dict(zip(archive["keys"].tolist(), archive["vectors"], strict=True))
        except _BROKEN:
            return {}

    def encode(self, texts: Sequence[str]) -> Floats:
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._kept}
        if missing:
            # through half precision as the file keeps it, or the first training would differ from the second
            vectors = self._encoder.encode(list(missing.values())).astype(np.float16)
            self._kept.update(zip(missing, vectors, strict=True))
        self._asked |= {key: self._kept[key] for key in keys}
        if missing:
            self._write()
        return np.stack([self._kept[key] for key in keys]).astype(np.float32)

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(self.path.name + ".part")
        with unfinished.open("wb") as file:
            np.savez(file, keys=np.array(list(self._asked)), vectors=np.stack(list(self._asked.values())))
        unfinished.replace(self.path)
