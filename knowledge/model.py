"""The words of this package: documents, passages, and a passage found as evidence (values, no I/O)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DocumentKind(StrEnum):
    MANUAL = "manual"
    CONTRACT = "contract"
    PRICE = "price"
    POLICY = "policy"
    OTHER = "other"


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
        place = [f"第{self.page}页" if self.page else "", self.clause or "", self.heading]
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


@dataclass(frozen=True)
class Evidence:
    """A passage found for a question, with its fused score (higher is better, comparable within one search)."""

    passage: Passage
    score: float
    why: str = ""


@dataclass(frozen=True)
class Findings:
    """What a search brought: best first, whether it supports an answer, and in words why not if it does not."""

    evidence: tuple[Evidence, ...]
    answerable: bool
    reason: str = ""
    index: str = ""
    """Content hash of the index that answered, so that a decision can be replayed."""
