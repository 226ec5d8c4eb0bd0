"""Entity cases: an utterance and the values in it, each with type, canonical value and place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from intents import Entity

from .case import CASES

NOW = datetime.fromisoformat("2026-11-25T10:00:00+08:00")
"""When the utterances of the shipped set were said, a Wednesday: relative times are labelled by it."""
PRODUCTS = ("X200", "X200R", "X350", "P60", "P60H", "S12", "D80", "禾云标准版", "禾云专业版")
"""The catalogue of the demo company."""


@dataclass(frozen=True)
class EntityCase:
    id: str
    text: str
    entities: tuple[Entity, ...]


def entity_cases(name: str) -> list[EntityCase]:
    """The cases of `dev`, or of a file by its path."""
    path = CASES / "entities" / f"{name}.jsonl"
    lines = (path if path.exists() else Path(name)).read_text(encoding="utf-8").splitlines()
    return [_case(json.loads(line)) for line in lines if line.strip()]


def _case(row: dict[str, object]) -> EntityCase:
    entities = tuple(Entity(**one) for one in row["entities"])  # type: ignore[attr-defined]
    text = str(row["text"])
    for one in entities:
        if text[one.start : one.end] != one.text:
            raise ValueError(f"{row['id']}: {one.text!r} does not stand at {one.start} of {text!r}")
    return EntityCase(str(row["id"]), text, entities)
