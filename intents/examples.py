"""Labelled utterances: the record of TAXONOMY.md §4, read with errors that name file and line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intents.errors import ExamplesUnusable
from intents.model import Entity, Speaker
from intents.normalise import normalise
from intents.taxonomy import Taxonomy, load_taxonomy

EXAMPLES = Path(__file__).with_name("examples")
CONTRAST = 12
"""Ids are read in blocks of this size when data are split: authored contrast groups stand together."""


@dataclass(frozen=True)
class Example:
    """One labelled utterance."""

    id: str
    text: str
    speaker: str
    intent: str
    context: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    industry: str = ""
    source: str = "authored"
    entities: tuple[Entity, ...] = ()
    """Marked by a trainer, in order of position."""

    def record(self) -> dict[str, Any]:
        """The JSON object that is stored, one a line."""
        kept = {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }
        return {**kept, "entities": [vars(one) for one in self.entities]}


def read_examples(paths: Iterable[Path], taxonomy: Taxonomy | None = None) -> list[Example]:
    """Raises `ExamplesUnusable`. The same words of the same speaker after the same turn are kept once."""
    examples: dict[tuple[str, str, tuple[str, ...]], Example] = {}
    for path in paths:
        for example in read_file(path, taxonomy):
            examples.setdefault((normalise(example.text), example.speaker, example.context), example)
    return list(examples.values())


def read_file(path: Path, taxonomy: Taxonomy | None = None) -> list[Example]:
    """Every record of one file, in its order. Raises `ExamplesUnusable`."""
    known = taxonomy or load_taxonomy()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                found.append(parse(json.loads(line), known))
            except (ValueError, KeyError, TypeError, ExamplesUnusable) as error:
                raise ExamplesUnusable(
                    f"{path.name}:{number}: {error!r}; see the record format (TAXONOMY.md §4)"
                ) from error
    return found


def parse(row: dict[str, Any], taxonomy: Taxonomy) -> Example:
    lists = {name: tuple(row.get(name) or ()) for name in ("context", "secondary", "tags")}
    example = Example(
        str(row["id"]), row["text"], str(Speaker(row["speaker"])), row["intent"],
        industry=row.get("industry") or "", source=row.get("source") or "authored",
        entities=tuple(Entity(**one) for one in row.get("entities") or ()), **lists,
    )  # fmt: skip
    allowed = {info.name for info in taxonomy.for_speaker(example.speaker)}
    if example.intent not in allowed:
        raise ExamplesUnusable(
            f"intent {example.intent!r} is not one of a {example.speaker}'s: {sorted(allowed)}"
        )
    if not example.text.strip():
        raise ExamplesUnusable("the text is empty")
    return example


def shipped_examples() -> list[Example]:
    return read_examples(sorted(EXAMPLES.glob("*.jsonl")))


def data_hash(examples: Sequence[Example]) -> str:
    """Changes when a word or a label does; the order does not matter."""
    digest = hashlib.sha256()
    for example in sorted(examples, key=lambda one: (one.id, one.text)):
        digest.update(
            json.dumps(
                [example.id, example.text, example.intent, example.context], ensure_ascii=False
            ).encode()
        )
    return digest.hexdigest()[:16]


def numbered(name: str) -> tuple[str, int]:
    """The author's file and the line's number in it, as an id has them."""
    file = name.rstrip("0123456789")
    return file, int(name[len(file) :] or 0)


def fold_of(example: Example, folds: int) -> int:
    """A split that keeps neighbours of one author's file together and never changes; contrasts: see `contrast.folds_of`."""
    name, number = numbered(example.id)
    block = f"{name}{number // CONTRAST}"
    return int.from_bytes(hashlib.md5(block.encode(), usedforsecurity=False).digest()[:4], "big") % folds


def near(text: str, size: int = 3) -> frozenset[str]:
    """Character n-grams by which near-duplicates are found."""
    plain = re.sub(r"[^\w]", "", normalise(text))
    return frozenset(plain[at : at + size] for at in range(max(1, len(plain) - size + 1)))


def without_near(
    examples: Sequence[Example], kept_apart: Sequence[Example], likeness: float = 0.7
) -> list[Example]:
    """Those that are not nearly the same words as one of `kept_apart` (Jaccard of character trigrams)."""
    by_gram: dict[str, list[frozenset[str]]] = {}
    for other in kept_apart:
        grams = near(other.text)
        for gram in grams:
            by_gram.setdefault(gram, []).append(grams)
    return [one for one in examples if not _is_near(near(one.text), by_gram, likeness)]


def _is_near(grams: frozenset[str], by_gram: dict[str, list[frozenset[str]]], likeness: float) -> bool:
    others = {other for gram in grams for other in by_gram.get(gram, ())}
    return any(len(grams & other) >= likeness * len(grams | other) for other in others)
