"""Cases: JSON lines a trainer can read. The test set is frozen: its hash is written here, and a change is said aloud."""

from __future__ import annotations

import hashlib
from pathlib import Path

from intents import Example, read_file

CASES = Path(__file__).with_name("cases")
FROZEN = {
    "intents/test.jsonl": "b5060d0910821cacc76e299080601a1c3c8ed71b8a98fe579590c333727ffcd6",
    "retrieval/test.jsonl": "903ca45a6b6bf76a19a1d3402627179058c586b6a0832b3bef64ce58900a7291",
}
"""SHA-256 of the sets that are never tuned on."""


def intent_cases(name: str) -> list[Example]:
    """The cases of `dev`, `dev-more`, `test`, or of a file by its path."""
    path = CASES / "intents" / f"{name}.jsonl"
    return read_file(path if path.exists() else Path(name))


def changed(name: str) -> str | None:
    """A sentence where a frozen set is not the one that was frozen."""
    path = CASES / name
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
    if found == FROZEN[name]:
        return None
    return f"{name} is not the frozen set (found {found[:12]}, frozen {FROZEN[name][:12]}): numbers are not comparable"
