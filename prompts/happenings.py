"""What people read of an event of another system: `events.yaml`, checked when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from prompts.text import HERE, PromptError

EVENTS = HERE / "events.yaml"
VARIABLES = frozenset(
    ["customer", "entity", "system", "alarm", "text", "amount", "until", "stage", "tier", "was_tier"]
)
_GAPS = re.compile(r" {2,}| (?=[((,。;)]|$)")


class EventWords(BaseModel):
    """One type's sentences."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    happened: str
    task: str
    letter: str

    @field_validator("happened", "task", "letter")
    @classmethod
    def _known(cls, text: str) -> str:
        used = {name for _, name, _, _ in Formatter().parse(text) if name}
        if used - VARIABLES:
            raise ValueError(f"unknown {sorted(used - VARIABLES)}; there are {sorted(VARIABLES)}")
        return text


def event_words(type_: str, values: Mapping[str, Any]) -> EventWords:
    """The sentences of that type, filled in; what the event does not bring leaves no gap. Raises `PromptError`."""
    found = _events().get(type_)
    if found is None:
        raise PromptError(f"there are no words for {type_!r} in {EVENTS.name}")
    known = {name: "" if values.get(name) is None else str(values[name]) for name in VARIABLES}
    return EventWords(
        **{name: _GAPS.sub(_gap, text.format(**known)).strip() for name, text in found.model_dump().items()}
    )


def event_names() -> dict[str, str]:
    """Type → how people call it."""
    return {type_: words.name for type_, words in _events().items()}


def event_types() -> tuple[str, ...]:
    """The types that there are words for."""
    return tuple(_events())


def _gap(found: re.Match[str]) -> str:
    return " " if len(found[0]) > 1 else ""


@cache
def _events() -> Mapping[str, EventWords]:
    try:
        read = yaml.load(EVENTS.read_text(encoding="utf-8"), yaml.CSafeLoader)
        return {name: EventWords.model_validate(words) for name, words in read.items()}
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise PromptError(f"{EVENTS.name}: {error}") from error
