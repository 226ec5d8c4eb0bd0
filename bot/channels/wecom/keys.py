"""What a card carries for us through WeCom and back: task id, button keys, and marks against repetition."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from bot.card import Card

QUESTION = "intent"
"""The key under which the choice of a card's dropdown comes back in `CardReply.selected`."""
CLOSED = "closed"
"""The button that stands behind the grey label of a decided card; a client that shows it asks for nothing."""
LONGEST_KEY = 1024
LONGEST_TASK = 128
_TASK = re.compile(r"[0-9A-Za-z_\-@]+")
_MARK = "@"


class Tapped(NamedTuple):
    """A button and what its card showed; without a version where the key is not one of ours."""

    button: str
    decision: str
    version: int | None
    content_hash: str | None


def button_key(button: str, card: Card) -> str:
    """The key that brings decision, version and content hash back with a tap."""
    return _MARK.join((button, card.decision, str(card.version), card.content_hash))


def read_button_key(key: str, task: str) -> Tapped:
    """Undo `button_key`. A strange key still names its decision by the task id, and proves nothing more."""
    parts = key.rsplit(_MARK, 3)
    if len(parts) == 4 and parts[2].isdecimal():
        return Tapped(parts[0], parts[1], int(parts[2]), parts[3])
    return Tapped(key, task.rsplit(_MARK, 1)[0], None, None)


def task_id(decision: str, seed: str) -> str:
    """Unique per message of the app, the same for the same seed, in the alphabet WeCom allows."""
    safe = decision if _TASK.fullmatch(decision) else digest(decision)
    return f"{safe[: LONGEST_TASK - 17]}{_MARK}{digest(seed)}"


def repeat_window(seed: str) -> int:
    """Seconds in which WeCom drops a message with the same JSON, between one and four hours.

    It is derived from the seed, so it also tells two messages with equal words but different keys apart: those are
    both wanted, and their JSON must differ in something that nobody reads.
    """
    return 3600 + int(digest(seed), 16) % (14400 - 3600 + 1)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
