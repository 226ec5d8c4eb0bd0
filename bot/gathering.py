"""What documents teach the rest: accepted things for reading utterances, unanswered questions for the lexicon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import structlog
from sqlalchemy.exc import SQLAlchemyError

from intents import Fact, mask_people
from knowledge import ANYONE, Findings, Library, Past, Reader, Status

log = structlog.get_logger()
INDUSTRY = "own"
"""Where a company's own facts hang in the graph."""


@dataclass(frozen=True)
class NotingLibrary:
    """Searches like the library, and notes what found no answer: masked, for a trainer to see what words are missing."""

    library: Library

    def search(
        self,
        question: str,
        *,
        customer: str | None,
        k: int,
        earlier: Sequence[str],
        today: date,
        past: Past | None = None,
        reader: Reader = ANYONE,
        asked_in: str = "",
    ) -> Findings:
        found = self.library.search(
            question, customer=customer, k=k, earlier=earlier, today=today, past=past, reader=reader
        )
        if not found.answerable:
            try:
                self.library.gaps.note(mask_people(question), found.reason, asked_in)
            except SQLAlchemyError as error:  # a turn goes on without the note
                log.warning("gap_not_noted", error=str(error))
        return found


def facts_of(library: Library) -> Callable[[], tuple[Fact, ...]]:
    """What a trainer accepted and what the company's industry file names, as facts of the intents' graph, as of now.

    What a model is used for, a unit and another name of a parameter are no things there."""

    def facts() -> tuple[Fact, ...]:
        accepted = (one.named for one in library.graph.list(Status.ACCEPTED))
        found = [
            Fact(one.subject, one.kind, one.name, INDUSTRY) for one in accepted if one.kind != "application"
        ]
        return tuple(dict.fromkeys((*found, *_written(library))))

    return facts


def _written(library: Library) -> Iterator[Fact]:
    """The industry file says what a word means; here its things hang on what they belong to."""
    for one in library.files.industry():
        if one.kind == "product":
            yield Fact(one.name, "product", one.of, INDUSTRY)
        elif one.kind in {"saying", "unit"}:
            yield Fact(INDUSTRY, "parameter", one.of, INDUSTRY)
        elif one.kind != "application":
            yield Fact(one.of, one.kind, one.name, INDUSTRY)
