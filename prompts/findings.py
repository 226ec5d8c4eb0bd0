"""What a check of the installation found, in the terminal's English and the console's Chinese: `findings.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any, Literal

import yaml

from prompts.text import HERE, PromptError, check_variables

FINDINGS = HERE / "findings.yaml"


def finding_words(name: str, language: Literal["en", "zh"], values: Mapping[str, Any]) -> str:
    """The sentence of that finding, filled in. Raises `PromptError` for an unknown name or wrong variables."""
    found = _findings().get(name)
    if found is None:
        raise PromptError(f"there is no finding {name!r} in {FINDINGS.name}")
    text = found[language]
    check_variables(name, {field for _, field, _, _ in Formatter().parse(text) if field}, set(values))
    return text.format(**values)


def finding_names() -> tuple[str, ...]:
    return tuple(_findings())


@cache
def _findings() -> Mapping[str, Mapping[str, str]]:
    read: dict[str, dict[str, str]] = yaml.load(FINDINGS.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return read
