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
    data: str = ""
    """A folder of somebody else's data, for the suites that need one."""


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


def public(options: Options) -> SuiteReport:
    """The same pipeline trained and read on a public intent set (`--data FOLDER`), against n-grams and majority."""
    from .public import run_public

    return run_public(options)


def clusters(options: Options) -> SuiteReport:
    """The sandbox's clusters against labels, and against clusters by words alone."""
    from .intents_clusters import run_clusters

    return run_clusters(options)


def scope(options: Options) -> SuiteReport:
    """Words that no intent is about (`--data FOLDER`: also those of a public set), and what of ours is refused with them."""
    from .scope import run_scope

    return run_scope(options)


def signals(options: Options) -> SuiteReport:
    """The high-intent window on told customer histories, against any quote request and a count of traces."""
    from .signals import run_signals

    return run_signals(options)


SUITES: dict[str, Callable[[Options], SuiteReport]] = {
    "drafts": drafts,
    "intents": intents,
    "retrieval": retrieval,
    "entities": entities,
    "rhythm": rhythm,
    "masking": masking,
    "public": public,
    "clusters": clusters,
    "scope": scope,
    "signals": signals,
}
NEEDS_DATA = frozenset({"public"})
"""Suites that run only where `--data` names a folder."""
