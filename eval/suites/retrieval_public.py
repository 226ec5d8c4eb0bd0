"""A public retrieval set as the suite's cases: `passages.jsonl` and queries beside it (`--data FOLDER`).

Passages of one document are put together again and cut by whatever system is measured. An answer stands where the
passage's answer string (else its middle) is shown, so no way of cutting is favoured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from .retrieval_cases import Asked, Place, Source

AROUND = 12
"""Characters on either side of an answer string that must be shown with it."""
MIDDLE = 40
"""Characters that stand for a passage whose answer string is not known."""
TOGETHER = 50
"""Passages of unnamed documents that are put into one."""
MOST = 400
"""Questions of a large set, taken evenly."""


class NotAPublicSet(ValueError):
    """No passages or queries in that folder."""


@dataclass(frozen=True)
class PublicSet:
    questions: Sequence[Asked]
    sources: Sequence[Source]


def read_set(folder: Path, to: Path) -> PublicSet:
    """Questions, and documents written into `to`. Raises `NotAPublicSet`."""
    queries = next((one for one in sorted(folder.glob("queries*.jsonl"))), None)
    if queries is None or not (folder / "passages.jsonl").exists():
        raise NotAPublicSet(f"{folder}: expected passages.jsonl and queries*.jsonl")
    passages = [
        {**row, "doc": row.get("doc") or f"{at // TOGETHER:03d}"}
        for at, row in enumerate(_rows(folder / "passages.jsonl"))
    ]
    by_id = {row["id"]: row for row in passages}
    asked = list(_rows(queries))
    step = max(1, len(asked) // MOST)
    questions = [_asked(row, by_id) for row in asked[::step]]
    return PublicSet(questions, [_written(doc, list(some), to) for doc, some in _by_document(passages)])


def _by_document(passages: list[dict[str, Any]]) -> Any:
    return groupby(sorted(passages, key=lambda row: row["doc"]), key=lambda row: row["doc"])


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _written(doc: str, passages: Sequence[dict[str, Any]], to: Path) -> Source:
    path = to / f"{title_of(doc)}.txt"
    path.write_text("\n\n".join(row["text"] for row in passages), encoding="utf-8")
    return Source(path, "other", title_of(doc))


def title_of(doc: str) -> str:
    """The document's path as a file name and title."""
    return re.sub(r"[^\w\u4e00-\u9fff]+", "_", doc.removesuffix(".md")).strip("_")


def _asked(row: dict[str, Any], passages: dict[str, dict[str, Any]]) -> Asked:
    places = tuple(
        Place(title_of(passages[one]["doc"]), standing(passages[one]["text"], row.get("answers", ())))
        for one in row["relevant"]
    )
    return Asked(row["id"], row["query"], None, places, ())


def standing(text: str, answers: Sequence[str]) -> str:
    """The words by which a passage is known: an answer with what is around it, else the middle of one line."""
    for answer in answers:
        if (at := text.find(answer)) >= 0:
            start, end = max(0, at - AROUND), at + len(answer) + AROUND
            inside = text[start:end]
            return inside if "\n" not in inside else answer
    line = max(text.split("\n"), key=len)
    start = max(0, (len(line) - MIDDLE) // 2)
    return line[start : start + MIDDLE]
