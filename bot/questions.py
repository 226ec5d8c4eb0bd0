"""What of a message is a question to the documents: put-offs, greetings and appointments ask them for nothing."""

from __future__ import annotations

import re

from intents import Ranked, Reading
from knowledge import Findings
from prompts import reply_words

_CLAUSE = re.compile(r"[^,。!?;，、！？；\n]+[,。!?;，、！？；\n]*")


def questions(text: str, reading: Reading) -> str:
    """The text without clauses whose act needs no source; all of it where nothing else would be left."""
    acts = (reading.best, *reading.secondary) if reading.intent else ()
    if all(_cites(act) == "none" for act in acts):
        return text
    kept = [clause.group() for clause in _CLAUSE.finditer(text) if not _asks_nothing(clause, acts)]
    return "".join(kept) or text


def _asks_nothing(clause: re.Match[str], acts: tuple[Ranked, ...]) -> bool:
    heard = {
        _cites(act)
        for act in acts
        for span in act.because
        if span.start < clause.end() and clause.start() < span.end
    }
    return heard == {"none"}


def _cites(act: Ranked) -> str:
    words = reply_words(act.intent)
    return words.cites if words else "both"


def unanswered(findings: Findings) -> tuple[str, ...]:
    """Parts of the question that nothing supports, not even what came second."""
    answered = {one.part for one in findings.evidence if one.supports and one.excerpt}
    return tuple(part for part in findings.unanswered if part not in answered)
