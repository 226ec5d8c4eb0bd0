"""The words of this package: documents, passages, and a passage found as evidence (values, no I/O)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from knowledge.visibility import EVERYONE


class DocumentKind(StrEnum):
    MANUAL = "manual"
    CONTRACT = "contract"
    PRICE = "price"
    POLICY = "policy"
    OTHER = "other"


NOTES = "演讲者备注"
"""The heading over a slide's speaker notes."""


@dataclass(frozen=True)
class Citation:
    """Where a passage stands, so that a person can open it: `page` counts from 1, `clause` as printed."""

    document_id: str
    title: str
    version: str
    heading: str = ""
    page: int | None = None
    clause: str | None = None
    passage_id: str = ""

    def __str__(self) -> str:
        clause = "" if (self.clause or "") in self.heading else self.clause
        place = [f"第{self.page}页" if self.page else "", clause, self.heading]
        return f"《{self.title}》{self.version} " + " ".join(part for part in place if part)


@dataclass(frozen=True)
class Passage:
    """A citable piece of one document version. `customer` is set on what only one customer's cards may show."""

    id: str
    text: str
    citation: Citation
    kind: DocumentKind
    customer: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    products: tuple[str, ...] = ()
    superseded: bool = False
    """Kept for the record (revision tables, values marked as old): never evidence for what holds today."""
    table: bool = False
    """Each line of `text` is one row of a table, every cell with its column's name."""
    questions: tuple[str, ...] = ()
    """What a language model thinks it answers. Helps to find it, and is evidence of nothing: never shown as such."""
    visibility: str = EVERYONE

    @property
    def version_id(self) -> str:
        return self.id.rpartition("-")[0]

    @property
    def for_reps(self) -> bool:
        """Never quoted to a customer: a document of kind `other`, and what a speaker notes for themselves (how to answer
        a rival, how low to go)."""
        return self.kind is DocumentKind.OTHER or self.citation.heading.endswith(NOTES)

    @property
    def position(self) -> int:
        """Its number among the passages of its version, from 0."""
        return int(self.id.rpartition("-")[2])


@dataclass(frozen=True)
class Evidence:
    """A passage found for a question, with its fused score (higher is better, comparable within one search)."""

    passage: Passage
    score: float
    why: str = ""
    part: str = ""
    """The part of the question that it was found for (the whole where only one thing was asked)."""
    excerpt: str = ""
    """The row or sentence of the passage that speaks of that part, as it stands there."""
    supports: bool = True
    """Whether it is enough to answer that part."""
    expired: bool = False
    """Out of date on the day of the question, and found because the question asked for the past."""
    replaced: bool = False
    """Of a version that a later one replaced; found as what is expired is."""


@dataclass(frozen=True)
class Findings:
    """What a search brought: best first, whether it supports an answer, and in words why not if it does not."""

    evidence: tuple[Evidence, ...]
    answerable: bool
    reason: str = ""
    index: str = ""
    """Content hash of the index that answered, so that a decision can be replayed."""
    unanswered: tuple[str, ...] = ()
    """Parts of the question that nothing found supports."""


class AddOutcome(StrEnum):
    """What adding a file came to."""

    ADDED = "added"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    REFUSED = "refused"


@dataclass(frozen=True)
class Added:
    """The result for one file. `reason` is Chinese for the person who brought it, `detail` English for the operator."""

    outcome: AddOutcome
    file: str
    reason: str
    detail: str
    document_id: str | None = None
    title: str = ""
    version: str = ""
    kind: DocumentKind | None = None
    customer: str | None = None
    passages: int = 0
    visibility: str = EVERYONE
    left_out: tuple[str, ...] = ()
    """What a reader of the file sees and no passage says, in Chinese: pages without text, comments, charts."""


@dataclass(frozen=True)
class DocumentInfo:
    """A document as it stands in its current version. `customer` set: only that customer's cards may show it."""

    id: str
    kind: DocumentKind
    title: str
    version: str
    file_name: str
    content_hash: str
    size: int
    passages: int
    added_at: datetime
    customer: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    owner: str | None = None
    versions: int = 1
    visibility: str = EVERYONE
    """Who may read it, of those who may read this customer's papers (knowledge/visibility.py)."""
    version_id: str = ""

    def is_valid(self, today: date) -> bool:
        return in_force(self, today)


@dataclass(frozen=True)
class Health:
    """Whether index and store agree. `problems` name what differs and what to do."""

    documents: int
    passages: int
    entries: int
    index: str
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def in_force(of: Passage | DocumentInfo, today: date) -> bool:
    """Whether it holds on that day, the first and the last included."""
    begun = of.valid_from is None or of.valid_from <= today
    return begun and (of.valid_until is None or today <= of.valid_until)
