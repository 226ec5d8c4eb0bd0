"""What manuals and contracts say: documents in, citable passages out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knowledge.model import (
    Added,
    AddOutcome,
    Citation,
    DocumentInfo,
    DocumentKind,
    Evidence,
    Findings,
    Health,
    Passage,
)

if TYPE_CHECKING:
    from knowledge.encoder import Encoder
    from knowledge.library import Library

__all__ = [
    "AddOutcome",
    "Added",
    "Citation",
    "DocumentInfo",
    "DocumentKind",
    "Encoder",
    "Evidence",
    "Findings",
    "Health",
    "Library",
    "Passage",
]

_LATER = {"Library": "knowledge.library", "Encoder": "knowledge.encoder"}


def __getattr__(name: str) -> Any:
    """The heavy names are imported when they are first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module 'knowledge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
