"""Questions with the places that answer them, and the documents they are asked of.

A place is a document's title and words that stand in it (and in a heading above, where the words alone stand in two
places), so that it holds for any way of cutting the document.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..case import CASES

FOLDER = CASES / "retrieval"
DEMO = Path(__file__).parents[2] / "bot" / "demo"


@dataclass(frozen=True)
class Place:
    """Where an answer stands."""

    doc: str
    find: str
    under: str = ""


@dataclass(frozen=True)
class Asked:
    """A question with every place that answers it; none: the documents do not say."""

    id: str
    question: str
    customer: str | None
    answers: tuple[Place, ...]
    tags: tuple[str, ...]


class Shown(NamedTuple):
    """What a system brought, as far as it is judged."""

    doc: str
    text: str
    heading: str
    customer: str | None


@dataclass(frozen=True)
class Source:
    """A document to be added before the questions are asked."""

    path: Path
    kind: str
    title: str | None = None
    version: str | None = None
    customer: str | None = None


def questions(name: str) -> list[Asked]:
    """The cases of `dev`, `test`, or of a file by its path."""
    path = FOLDER / f"{name}.jsonl"
    lines = (path if path.exists() else Path(name)).read_text(encoding="utf-8").splitlines()
    return [_asked(json.loads(line)) for line in lines if line.strip()]


def _asked(row: dict[str, Any]) -> Asked:
    places = tuple(Place(**place) for place in row["answers"])
    return Asked(row["id"], row["question"], row.get("customer"), places, tuple(row["tags"]))


def sources(name: str) -> list[Source]:
    """The test documents for `test`, the demo company's for everything else."""
    listed, folder = (
        (FOLDER / "documents.yaml", FOLDER) if name == "test" else (DEMO / "documents.yaml", DEMO)
    )
    known = ("kind", "title", "version", "customer")
    return [
        Source(folder / "documents" / row["file"], **{key: row[key] for key in known if key in row})
        for row in yaml.load(listed.read_text(encoding="utf-8"), yaml.CSafeLoader)
    ]


def answers(place: Place, shown: Shown) -> bool:
    return (
        place.doc == shown.doc
        and squeezed(place.find) in squeezed(shown.text)
        and squeezed(place.under) in squeezed(shown.heading)
    )


def rank(asked: Asked, shown: Sequence[Shown]) -> int | None:
    """How far down the first passage stands that answers, from 1; None if none does."""
    for at, one in enumerate(shown, 1):
        if any(answers(place, one) for place in asked.answers):
            return at
    return None


def squeezed(text: str) -> str:
    """Without white space, so that no reader's spacing decides."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


TODAY = date(2026, 11, 1)
"""The day on which every question is asked: all documents of both sets are valid then."""
