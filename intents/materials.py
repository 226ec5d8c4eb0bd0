"""What goes into a model beside its examples, by content hash: cues, graph, lists of slips, strangers' words.

A model card names each, so that of two models one can say what differs. Cards of before that know none of it stay as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from intents.features import Eyes
from intents.homophones import HOMOPHONES
from intents.normalise import SLIPS
from intents.scope_training import OUTSIDE

MATERIALS = "materials"
"""On a model's card: name of what went in → its hash."""
OUTSIDE_USED = "outside"
"""The name of strangers' words, which only a model with a scope of its own was fitted on."""


def materials(eyes: Eyes) -> dict[str, str]:
    """Of what these eyes see by (a company's own cues and things among it), and of the shipped lists."""
    return {
        "cues": _hash(map(repr, eyes.cues)),
        "graph": _hash(map(repr, eyes.graph.facts)),
        "homophones": _file(HOMOPHONES),
        "slips": _file(SLIPS),
        OUTSIDE_USED: _file(OUTSIDE),
    }


def _hash(lines: Iterable[str]) -> str:
    """Changes when a line does; their order does not matter."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def _file(path: Path) -> str:
    return _hash(path.read_text(encoding="utf-8").splitlines())
