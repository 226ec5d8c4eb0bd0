"""The intents a company knows: read from one reviewed YAML file, checked when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intents.errors import TaxonomyError
from intents.model import Intent, Speaker

SHIPPED = Path(__file__).with_name("taxonomy.yaml")
HIGH_INTENT = "high_intent"
"""The group of buying signals; reading one where none was meant is drift (TAXONOMY.md §2)."""
DRIFTS = frozenset({"technical_inquiry", "contract_terms", "service_request", "competitor_comparison"})
"""Intents whose reading as high-intent makes reps stop trusting the bot."""
ORDER = (
    "complaint", "cancellation", "service_request", "purchase", "renewal_expansion", "quote_request",
    "meeting_request", "contract_terms", "billing", "delivery_inquiry", "competitor_comparison",
    "technical_inquiry", "vague_interest", "smalltalk",
)  # fmt: skip
"""Of several acts in one utterance the first of these is the label (rule 10)."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    label: str
    speaker: Literal["customer", "rep", "both"]
    group: str
    risk: Literal["low", "medium", "high"]
    wants: str
    borders: tuple[str, ...]
    actions: tuple[str, ...]
    asks: str
    examples: tuple[str, ...] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: int
    intents: dict[str, _Entry]
    questions: dict[str, str]
    rules: list[str]


@dataclass(frozen=True)
class IntentInfo:
    """One intent: `label` as people call it, `wants` its definition, `asks` as it fits into a question."""

    name: Intent
    label: str
    speaker: str
    group: str
    risk: str
    wants: str
    borders: tuple[str, ...]
    """What tells it from its neighbours."""
    actions: tuple[str, ...]
    """Action names proposed by default, first one first."""
    asks: str
    examples: tuple[str, ...]

    @property
    def example(self) -> str:
        return self.examples[0]


@dataclass(frozen=True)
class Taxonomy:
    version: int
    intents: Mapping[Intent, IntentInfo]
    questions: Mapping[frozenset[str], str]
    rules: tuple[str, ...]

    def label(self, intent: str) -> str:
        info = self.intents.get(Intent(intent))
        return info.label if info else intent

    def labels(self) -> dict[str, str]:
        """Name → as people call it."""
        return {str(info.name): info.label for info in self.intents.values()}

    def for_speaker(self, speaker: Speaker | str) -> tuple[IntentInfo, ...]:
        return tuple(info for info in self.intents.values() if info.speaker in {"both", str(speaker)})

    def question(self, one: str, other: str) -> str:
        """The two-way question for a pair of close intents, reviewed where there is one."""
        written = self.questions.get(frozenset({one, other}))
        return written or f"是{self._asks(one)},还是{self._asks(other)}?"

    def _asks(self, intent: str) -> str:
        info = self.intents.get(Intent(intent))
        return info.asks if info else intent

    def completed(self, shipped: Taxonomy) -> Taxonomy:
        """With the shipped intents that a company's file lacks, which was written before the product had them."""
        missing = {name: info for name, info in shipped.intents.items() if name not in self.intents}
        return replace(self, intents={**self.intents, **missing}) if missing else self

    def in_group(self, group: str) -> frozenset[Intent]:
        return frozenset(info.name for info in self.intents.values() if info.group == group)


@cache
def load_taxonomy(path: Path = SHIPPED) -> Taxonomy:
    """The shipped intents; a company's own are `Registry.taxonomy()`.

    Raises `TaxonomyError` for a file that is missing, malformed, or names an unknown intent in a question."""
    try:
        return parse_taxonomy(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise TaxonomyError(f"{path}: {error}") from error


def parse_taxonomy(text: str, name: str) -> Taxonomy:
    """The intents that a YAML text describes; `name` is what an error calls it. Raises `TaxonomyError`."""
    try:
        found = _File.model_validate(yaml.load(text, yaml.CSafeLoader))
    except (yaml.YAMLError, ValidationError) as error:
        raise TaxonomyError(f"{name}: {error}") from error
    questions = {frozenset(pair.split("+")): words for pair, words in found.questions.items()}
    if unknown := {one for pair in questions for one in pair} - set(found.intents):
        raise TaxonomyError(
            f"{name}: questions name unknown intents {sorted(unknown)}; add them or mend the names"
        )
    infos = {
        Intent(one): IntentInfo(Intent(one), **entry.model_dump()) for one, entry in found.intents.items()
    }
    return Taxonomy(found.version, infos, questions, tuple(found.rules))
