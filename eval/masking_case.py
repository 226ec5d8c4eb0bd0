"""Masking cases: a sentence and the personal data in it, each with kind and place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from intents.personal import Kind, Personal

from .case import CASES


@dataclass(frozen=True)
class MaskingCase:
    id: str
    text: str
    personal: tuple[Personal, ...]


def masking_cases(name: str) -> list[MaskingCase]:
    """The cases of `dev`, `test`, or of a file by its path. Raises `ValueError` for a label that stands elsewhere."""
    path = CASES / "masking" / f"{name}.jsonl"
    lines = (path if path.exists() else Path(name)).read_text(encoding="utf-8").splitlines()
    return [_case(json.loads(line)) for line in lines if line.strip()]


def _case(row: dict[str, object]) -> MaskingCase:
    text, labels = str(row["text"]), row["personal"]
    for one in labels:  # type: ignore[attr-defined]
        if text[one["start"] : one["end"]] != one["text"]:
            raise ValueError(f"{row['id']}: {one['text']!r} does not stand at {one['start']} of {text!r}")
    personal = tuple(Personal(Kind(one["kind"]), one["start"], one["end"]) for one in labels)  # type: ignore[attr-defined]
    return MaskingCase(str(row["id"]), text, personal)
