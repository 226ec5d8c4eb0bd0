"""The industry as a graph, walked to understand a question: what a line, a use or a rival's product means of ours.

It is read from the company's reviewed YAML (a version in the store, `company_files.py`) and from what a trainer accepted
of what documents name (`graph.py`). Edges lead from the word to what is meant by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import yaml

from knowledge.graph import Graph
from knowledge.passages import models as models_of
from knowledge.things import Named, Status
from knowledge.tokens import normalise

if TYPE_CHECKING:
    from networkx import DiGraph

MEANS = frozenset({"product", "application"})
"""Kinds of words that stand for models by themselves."""
HAS = frozenset({"certification", "component", "fault"})
"""What a model has: it stands for those models where the words name no line and no use."""
_COMPARES = re.compile(r"比|对比|区别|差别|差在|差异|不同|vs|pk|哪个|哪家|优势|怎么样")
_SHAPE = (
    "expected lines, applications, competitors, certifications, components (name → list of models) "
    "and parameters (name → unit, also)"
)


class IndustryWrong(ValueError):
    """The text is no graph of an industry."""


@dataclass(frozen=True)
class Fact:
    """`name` means `of`: a line its models, a use and a rival's product the model for it, a certificate and a part the
    model that has it, a saying its parameter."""

    name: str
    kind: str
    of: str
    unit: str = ""


class Industry:
    """Which of our models, and which parameters, words of a question stand for."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self.facts = tuple(facts)
        self._kinds = {normalise(fact.name): fact.kind for fact in reversed(self.facts)}
        self._written = {normalise(fact.of): fact.of for fact in reversed(self.facts)}

    def models(self, text: str) -> list[str]:
        """The models meant by a line or a use that the words name, else by what they have: those of the longest name."""
        spelled = normalise(text)
        for kinds in (MEANS, HAS):
            if found := [name for name in self._of_kind(*kinds) if _stands(name, spelled)]:
                return self._models_of(max(found, key=len))
        return []

    @cached_property
    def _graph(self) -> DiGraph[str]:
        from networkx import DiGraph  # a fifth of a second: only where a company has a graph

        return DiGraph((normalise(fact.name), normalise(fact.of)) for fact in self.facts)

    @property
    def catalogue(self) -> tuple[str, ...]:
        """The models that it speaks of, as they are written."""
        return tuple(dict.fromkeys(fact.of for fact in self.facts if fact.kind not in {"saying", "unit"}))

    def counterparts(self, text: str) -> list[str]:
        """Our models that a rival's product is set against in a comparing question."""
        spelled = normalise(text)
        rivals = [one for one in self._of_kind("competitor") if _stands(one, spelled)]
        return self._models_of(max(rivals, key=len)) if rivals and _COMPARES.search(spelled) else []

    def parameters(self, text: str) -> list[str]:
        """Parameters as documents write them, meant by a unit or by another name that the words have."""
        spelled = normalise(text)
        meant = {
            self._written[parameter]: None
            for name in self._of_kind("saying", "unit")
            if _stands(name, spelled)
            for parameter in self._graph.successors(name)
        }
        return list(meant)

    def _models_of(self, name: str) -> list[str]:
        """Everything below: a use may be a line's, a line has models."""
        from networkx import descendants

        below = descendants(self._graph, name)
        return sorted(one for one in below if one not in self._kinds)

    def _of_kind(self, *kinds: str) -> Iterator[str]:
        return (name for name, kind in self._kinds.items() if kind in kinds)


def parse_industry(text: str) -> tuple[Fact, ...]:
    """A company's reviewed text. Raises `IndustryWrong`."""
    try:
        content = yaml.load(text, yaml.CSafeLoader)
    except (ValueError, yaml.YAMLError) as error:
        raise IndustryWrong(f"no YAML: {error}; {_SHAPE}") from error
    content = {} if content is None else content
    if not isinstance(content, dict) or (unknown := set(content) - {*_PARTS, "parameters"}):
        found = sorted(map(str, unknown)) if isinstance(content, dict) else type(content).__name__
        raise IndustryWrong(f"found {found}; {_SHAPE}")
    try:
        return (*_meant(content), *_parameters(content.get("parameters") or {}))
    except (AttributeError, TypeError) as error:
        raise IndustryWrong(f"{error}; {_SHAPE}") from error


def industry_of(reviewed: Iterable[Fact], graph: Graph) -> Industry:
    """What the company wrote, and what a trainer accepted."""
    accepted = (one.named for one in graph.list(Status.ACCEPTED))
    return Industry((*reviewed, *accepted_facts(accepted)))


_PARTS = {
    "lines": "product",
    "applications": "application",
    "competitors": "competitor",
    "certifications": "certification",
    "components": "component",
}


def _meant(content: dict[str, dict[str, list[str]]]) -> Iterator[Fact]:
    for part, kind in _PARTS.items():
        for name, models in (content.get(part) or {}).items():
            if not isinstance(models, list):
                raise TypeError(f"{part}: {name} has {models!r}")
            yield from (Fact(str(name), kind, str(model)) for model in models)


def _parameters(content: dict[str, dict[str, object]]) -> Iterator[Fact]:
    for name, about in content.items():
        if unit := about.get("unit"):
            yield Fact(str(unit), "unit", str(name))
        also = about.get("also") or []
        if not isinstance(also, list):
            raise TypeError(f"parameters: {name} has also {also!r}")
        yield from (Fact(str(one), "saying", str(name)) for one in also)


def accepted_facts(things: Iterable[Named]) -> Iterator[Fact]:
    """What a trainer accepted, as facts. Where a thing's word is what is said, it leads to its subject, the model."""
    for one in things:
        if one.kind == "product":
            yield Fact(one.subject, "product", one.name)
        elif one.kind in {"application", "competitor"} or (one.kind in HAS and _is_model(one.subject)):
            yield Fact(one.name, one.kind, one.subject)
        elif one.kind == "parameter" and one.unit:
            yield Fact(one.unit, "unit", one.name)


def _is_model(subject: str) -> bool:
    """Where a table names no model, the paper's title has what it names: that stands for no model."""
    return models_of(subject) == [subject]


def _stands(name: str, text: str) -> bool:
    """A Latin name or unit stands alone; one of a single letter only behind a question for a number."""
    if not name.isascii():
        return name in text
    before = r"(?<=[多少几])\s*" if len(name) == 1 else r"(?<![a-z])"
    spaced = re.sub(r"(?<=[a-z])(?=\d)", r"\\s?", re.escape(name))  # ISO 9001 is ISO9001
    return re.search(rf"{before}{spaced}(?![a-z0-9/])", text) is not None
