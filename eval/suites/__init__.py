"""What can be measured: suite name → function (cases, quiet) that runs it and returns a report.

Another suite registers itself by one more entry: a function from `Options` to something with as_text and as_json.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class SuiteReport(Protocol):
    """What a suite hands back."""

    def as_text(self) -> str: ...
    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Options:
    """What `eval run` was asked for."""

    cases: str = "test"
    """A set's name (dev, test) or the path of a file."""
    model: str = ""
    """A model file; empty for the one that ships."""


def intents(options: Options) -> SuiteReport:
    """Intents on the frozen test set, against majority, cue rules and n-grams alone."""
    from .intents_run import run_intents

    return run_intents(options)


def retrieval(options: Options) -> SuiteReport:
    """Passages for questions on unseen documents, against BM25, vectors and LangChain's splitter alone."""
    from .retrieval_run import run_retrieval

    return run_retrieval(options)


def drafts(options: Options) -> SuiteReport:
    """The grounding check on authored drafts: what must go, what must stay."""
    from .drafts import run

    return run(options)


def entities(options: Options) -> SuiteReport:
    """Values in the words, on the labelled set."""
    from .entities import run_entities

    return run_entities(options)


def masking(options: Options) -> SuiteReport:
    """Personal data in the words: what leaks, and what is masked without need."""
    from .masking import run_masking

    return run_masking(options)


def rhythm(options: Options) -> SuiteReport:
    """What corrections teach at 50 interactions a quarter: memory alone, and retrained."""
    from .rhythm import run_rhythm

    return run_rhythm(options)


SUITES: dict[str, Callable[[Options], SuiteReport]] = {
    "drafts": drafts,
    "intents": intents,
    "retrieval": retrieval,
    "entities": entities,
    "rhythm": rhythm,
    "masking": masking,
}
