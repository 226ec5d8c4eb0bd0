"""A card's documents looked at once more: while a card waits they are narrowed, replaced, run out or deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.decision import Decision, Reason, ReasonKind
from bot.people import Person
from bot.reading_rights import may_show, reader_of
from knowledge import Library
from knowledge.model import in_force
from prompts import phrase

_TITLE = re.compile(r"《([^》]+)》")


@dataclass(frozen=True)
class Lapsed:
    """A document that a decision rests on and that cannot carry it any more. `told`: what became of it, for the rep."""

    title: str
    excerpt: str
    told: str

    def carries(self, text: str) -> bool:
        """Whether words still quote it: they name it, or have what it said."""
        return f"《{self.title}》" in text or bool(self.excerpt) and self.excerpt in text


def lapsed(library: Library, decision: Decision, rep: Person, today: date) -> tuple[Lapsed, ...]:
    """Each document once, in the order of the reasons. Blocks: a query or two for each."""
    found: dict[str, Lapsed] = {}
    for reason in decision.rationale.reasons:
        if reason.kind is ReasonKind.PASSAGE and reason.ref:
            told = _told(library, reason, decision, rep, today)
            if told:
                found.setdefault(told, Lapsed(_title(reason), reason.text, told))
    return tuple(found.values())


def in_words(some: Sequence[Lapsed]) -> str:
    return "、".join(one.told for one in some)


def _told(library: Library, reason: Reason, decision: Decision, rep: Person, today: date) -> str:
    """What became of the document; empty where it stands as it was. What a rep may not read comes first: of that they
    learn no newer version."""
    passage, title = library.passage(reason.ref), _title(reason)
    if passage is None:
        return phrase("source_removed", title=title)
    if not may_show(passage, decision.customer, reader_of(rep)):
        return phrase("source_withheld", title=title)
    document = library.document(passage.citation.document_id)
    if document is not None and document.version_id != passage.version_id:
        return phrase("source_replaced", title=title, version=document.version)
    return "" if in_force(passage, today) else phrase("source_expired", title=title)


def _title(reason: Reason) -> str:
    """As the card names it."""
    named = _TITLE.search(reason.source)
    return named[1] if named else reason.source
