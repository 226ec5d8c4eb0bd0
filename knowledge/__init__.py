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
from knowledge.outdated import Past, asks_for_past, current, tells_only_the_past
from knowledge.visibility import ANYONE, EVERYONE, KEEPER, MANAGERS, TEAM, Reader, is_visibility, team_of

if TYPE_CHECKING:
    from knowledge.encoder import Encoder
    from knowledge.graph import ThingUnknown
    from knowledge.library import Library
    from knowledge.likely import LikelyQuestions
    from knowledge.listing import Wanted
    from knowledge.particulars import ParticularsWrong
    from knowledge.sayings import SayingWrong
    from knowledge.things import Status, Thing

__all__ = [
    "ANYONE",
    "EVERYONE",
    "KEEPER",
    "MANAGERS",
    "TEAM",
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
    "LikelyQuestions",
    "ParticularsWrong",
    "Passage",
    "Past",
    "Reader",
    "SayingWrong",
    "Status",
    "Thing",
    "ThingUnknown",
    "Wanted",
    "asks_for_past",
    "current",
    "is_visibility",
    "team_of",
    "tells_only_the_past",
]

_LATER = {
    "Library": "knowledge.library",
    "LikelyQuestions": "knowledge.likely",
    "Encoder": "knowledge.encoder",
    "ParticularsWrong": "knowledge.particulars",
    "SayingWrong": "knowledge.sayings",
    "Status": "knowledge.things",
    "Thing": "knowledge.things",
    "ThingUnknown": "knowledge.graph",
    "Wanted": "knowledge.listing",
}


def __getattr__(name: str) -> Any:
    """The heavy names are imported when they are first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module 'knowledge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
