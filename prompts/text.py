"""What both kinds of prompts share: the error, and where they lie."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


class PromptError(Exception):
    """A prompt is missing, or its variables do not match. The message names them."""


def check_variables(name: str, wanted: set[str], given: set[str]) -> None:
    """Raises `PromptError` where a variable is missing or nothing uses it."""
    if wanted != given:
        missing, unused = sorted(wanted - given), sorted(given - wanted)
        raise PromptError(f"prompt {name!r}: missing {missing}, unused {unused}; it takes {sorted(wanted)}")
