"""Short sentences of the bot and of its cards, one file, by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any

import yaml

from prompts.text import HERE, PromptError, check_variables

PHRASES = HERE / "phrases.yaml"


def phrase(name: str, /, **values: Any) -> str:
    """The sentence of that name, filled in. Raises `PromptError` for an unknown name or wrong variables."""
    found = _phrases().get(name)
    if found is None:
        raise PromptError(f"there is no phrase {name!r} in {PHRASES.name}")
    check_variables(name, {field for _, field, _, _ in Formatter().parse(found) if field}, set(values))
    return found.format(**values)


def phrase_names() -> tuple[str, ...]:
    return tuple(_phrases())


@cache
def _phrases() -> Mapping[str, str]:
    texts: dict[str, str] = yaml.load(PHRASES.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return {name: text.rstrip("\n") for name, text in texts.items()}
