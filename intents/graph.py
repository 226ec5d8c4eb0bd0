"""The industry knowledge graph: which words name a thing (product, parameter, part, certificate, rival), not an act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from intents.errors import TaxonomyError
from intents.normalise import normalise

GRAPH = Path(__file__).with_name("graph.yaml")
KINDS = frozenset(
    {"product", "parameter", "component", "certification", "system", "competitor", "term", "fault"}
)


class Topic(NamedTuple):
    """A thing that the words name, at its place in the normalised text."""

    name: str
    kind: str
    industry: str
    start: int
    end: int


@dataclass(frozen=True)
class Fact:
    """An edge: `subject` (a product, or an industry) has `name` of this `kind`."""

    subject: str
    kind: str
    name: str
    industry: str


class KnowledgeGraph:
    """Finds topics in a text, longest first, and says what belongs to a product."""

    def __init__(self, facts: tuple[Fact, ...]) -> None:
        self.facts = facts
        self._kinds: dict[str, Fact] = {}
        for fact in facts:
            self._kinds.setdefault(normalise(fact.name), fact)
        self._by_start: dict[str, list[str]] = {}
        for name in sorted(self._kinds, key=len, reverse=True):
            self._by_start.setdefault(name[:1], []).append(name)
        self._named = {
            kind: tuple(dict.fromkeys(one.name for one in facts if one.kind == kind)) for kind in KINDS
        }

    def extended(self, facts: tuple[Fact, ...]) -> KnowledgeGraph:
        """Also these (a company's own, accepted by a trainer). Raises `TaxonomyError` for an unknown kind."""
        if unknown := {fact.kind for fact in facts} - KINDS:
            raise TaxonomyError(f"unknown kinds {sorted(unknown)}; known are {sorted(KINDS)}")
        return KnowledgeGraph((*self.facts, *facts)) if facts else self

    def topics(self, text: str) -> tuple[Topic, ...]:
        """Things named in a normalised text."""
        found, at = [], 0
        while at < len(text):
            name = self._at(text, at)
            if name:
                fact = self._kinds[name]
                found.append(Topic(fact.name, fact.kind, fact.industry, at, at + len(name)))
            at += len(name) or 1
        return tuple(found)

    def _at(self, text: str, at: int) -> str:
        """The longest name that begins here. Latin names must stand alone: `ce` is not part of `price`."""
        for name in self._by_start.get(text[at], ()):
            if text.startswith(name, at) and (not name.isascii() or _alone(text, at, at + len(name))):
                return name
        return ""

    def names(self, kind: str) -> tuple[str, ...]:
        """All things of a kind, as the graph spells them."""
        return self._named[kind]

    def competitors(self) -> tuple[str, ...]:
        return self.names("competitor")


@cache
def load_graph(path: Path = GRAPH) -> KnowledgeGraph:
    """The shipped graph; a company's own is in what the registry serves.

    Raises `TaxonomyError` for a file that is no graph of known kinds."""
    try:
        return parse_graph(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise TaxonomyError(f"{path}: {error}") from error


def parse_graph(text: str, name: str) -> KnowledgeGraph:
    """The graph that a YAML text describes; `name` is what an error calls it. Raises `TaxonomyError`."""
    try:
        content = yaml.load(text, yaml.CSafeLoader)
        facts = tuple(fact for industry, part in content.items() for fact in _facts(industry, part))
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise TaxonomyError(f"{name}: {error}; expected industry → product → kind → list of names") from error
    if unknown := {fact.kind for fact in facts} - KINDS:
        raise TaxonomyError(f"{name}: unknown kinds {sorted(unknown)}; known are {sorted(KINDS)}")
    return KnowledgeGraph(facts)


def _facts(industry: str, part: dict[str, Any]) -> Iterator[Fact]:
    """`general` and the entries that begin with `_` hang on the industry itself, the others on their product."""
    for subject, entry in part.items():
        if isinstance(entry, list):
            yield from (Fact(industry, subject.lstrip("_"), str(name), industry) for name in entry)
            continue
        yield Fact(industry, "product", subject, industry)
        for kind, names in entry.items():
            yield from (Fact(subject, kind, str(name), industry) for name in names)


def _alone(text: str, start: int, end: int) -> bool:
    """No Latin letter or digit on either side."""
    around = text[max(start - 1, 0) : start] + text[end : end + 1]
    return not any(one.isascii() and one.isalnum() for one in around)
