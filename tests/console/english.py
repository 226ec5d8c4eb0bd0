"""Finds English sentences where people read Chinese. Names, ids, settings, commands and numbers are no sentences."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"yiju(?: [a-z][a-z-]*)+")
_SENTENCE = re.compile(r"(?<![\w/.-])[A-Za-z][A-Za-z'’]*(?:,? [A-Za-z][A-Za-z'’]*){2,}")


def sentences(text: str) -> list[str]:
    """Runs of three English words and more."""
    return _SENTENCE.findall(_COMMAND.sub("", text))
