"""Everyday words → written terms: the reviewed lexicon (`lexicon/*.jsonl`), and the concepts nearest to a question."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from knowledge.encoder import Encoder, Vectors

_LATIN = re.compile(r"[a-z][a-z0-9]*")
FOLDER = Path(__file__).parent / "lexicon"


@dataclass(frozen=True)
class Concept:
    """What people say, and how documents write it. `domain` is the part of the business it belongs to."""

    say: tuple[str, ...]
    written: tuple[str, ...]
    domain: str = ""
    industry: str = "any"


@dataclass(frozen=True)
class Meant:
    """A concept that a question seems to speak of, with the cosine of the nearest saying."""

    concept: Concept
    weight: float


@cache
def _blas() -> ThreadpoolController | None:
    """None where it has one thread already, as in a server: setting that again costs more than the product."""
    found = ThreadpoolController().select(user_api="blas")
    return found if any(one.num_threads != 1 for one in found.lib_controllers) else None


def load(folder: Path = FOLDER) -> tuple[Concept, ...]:
    """Every concept of every file, in file order. Raises `ValueError` naming the line that is not one."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                found.append(_concept(line, f"{path.name}:{number}"))
    return tuple(found)


def _concept(line: str, place: str) -> Concept:
    try:
        raw = json.loads(line)
        return Concept(
            tuple(raw["say"]), tuple(raw["written"]), raw.get("domain", ""), raw.get("industry", "any")
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{place}: expected {{say: [..], written: [..]}}, found {line[:60]!r}") from error


class Lexicon:
    """The concepts with their vectors; light to make, encodes its sayings at the first question.

    Encoding 28,000 texts takes most of a second: with a `folder` the vectors are kept there for the next start.
    """

    def __init__(self, concepts: Sequence[Concept], encoder: Encoder, folder: Path | None = None) -> None:
        self.concepts = tuple(concepts)
        self._folder = folder
        self._encoder = encoder
        self._before: Lexicon | None = None
        self.meant = lru_cache(maxsize=512)(self._meant)

    def with_own(self, concepts: Sequence[Concept]) -> Lexicon:
        """Also these; only their sayings are encoded anew."""
        if not concepts:
            return self
        both = Lexicon((*self.concepts, *concepts), self._encoder)
        both._before = self
        return both

    @cached_property
    def fingerprint(self) -> str:
        content = "".join(f"{one.say}{one.written}" for one in self.concepts)
        return hashlib.sha256((content + self._encoder.fingerprint).encode()).hexdigest()[:12]

    @cached_property
    def pairs(self) -> frozenset[str]:
        """Every two characters that stand side by side in a saying or a written term."""
        texts = (text for one in self.concepts for text in (*one.say, *one.written))
        return frozenset(a + b for text in texts for a, b in pairwise(text))

    @cached_property
    def _latin(self) -> frozenset[str]:
        """Latin words that sayings and written terms have; any other hashes to a place that means something else."""
        texts = (text.lower() for one in self.concepts for text in (*one.say, *one.written))
        return frozenset(word for text in texts for word in _LATIN.findall(text))

    @cached_property
    def _sayings(self) -> tuple[Vectors, list[int]]:
        """Their vectors, one a column (a third of the time that one a row takes), and the place of each one's concept."""
        known = len(self._before.concepts) if self._before else 0
        texts, owner = [], []
        for at, concept in enumerate(self.concepts[known:], known):
            for text in (*concept.say, *concept.written):
                texts.append(text)
                owner.append(at)
        vectors = np.ascontiguousarray(self._kept(texts).T)
        if self._before:
            earlier, owners = self._before._sayings
            return np.concatenate([earlier, vectors], axis=1), [*owners, *owner]
        return vectors, owner

    def _kept(self, texts: Sequence[str]) -> Vectors:
        """The texts' vectors, from the folder where they are already there."""
        if self._folder is None:
            return self._encoder.encode(texts)
        path = self._folder / f"sayings-{self.fingerprint}.npy"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(f".{os.getpid()}")
            with half.open("wb") as file:
                np.save(file, self._encoder.encode(texts))
            for old in self._folder.glob("sayings-*.npy"):
                old.unlink(missing_ok=True)
            half.replace(path)
        vectors: Vectors = np.load(path)
        return vectors

    def _meant(self, question: str, most: int = 8, least: float = 0.35) -> tuple[Meant, ...]:
        """The nearest concepts, nearest first; none nearer than `least` means the lexicon does not know these words."""
        question = _LATIN.sub(lambda found: found[0] if found[0] in self._latin else " ", question.lower())
        if not question.strip():
            return ()
        vectors, owner = self._sayings
        asked = self._encoder.encode([question], question=True)[0]
        # one thread: several wait for each other, which on busy cores takes ten times as long
        blas = _blas()
        with blas.limit(limits=1) if blas else nullcontext():
            near = asked @ vectors
        best: dict[int, float] = {}
        first = (
            np.argpartition(-near, most * 12)[: most * 12] if len(near) > most * 12 else np.arange(len(near))
        )
        for at in first[np.argsort(-near[first], kind="stable")]:
            best.setdefault(owner[at], float(near[at]))
        return tuple(
            Meant(self.concepts[at], weight) for at, weight in list(best.items())[:most] if weight >= least
        )
