"""A rep's own words for a draft: what in them has no source is said before they are confirmed, and nothing is changed."""

from __future__ import annotations

import hashlib

from bot.citing import uncited
from bot.decision import Decision
from bot.rewording import sources
from prompts import phrase


def doubts(decision: Decision, text: str) -> str:
    """In a rep's words; empty where all that is new rests on what the draft rests on."""
    before = decision.draft.text
    lines = [
        phrase("edit_unnamed", sentence=sentence, source=source)
        if source
        else phrase("edit_unsupported", sentence=sentence)
        for sentence, source in uncited(text, sources(decision))
        if sentence not in before
    ]
    return "\n".join([phrase("edit_doubts"), *lines]) if lines else ""


def mark_of(told: str) -> str:
    """Names the doubts that a person was told of: the same words go through when they are confirmed again."""
    return hashlib.sha256(told.encode()).hexdigest()[:16]
