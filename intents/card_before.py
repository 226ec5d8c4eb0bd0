"""What the card before was about, as far as words tell: the intent read in the turn before.

Words too short to be read alone (含税吗这个数, 算了) mean one thing after a price and another after a delivery date. Every turn
of a customer had a card, so the intent that its words are read as is that card's; where a card is at hand (bot/turns.py), it says
so itself, as the rep corrected it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from intents.features import CARD, Eyes
from intents.linear import Head
from intents.model import Speaker


@dataclass(frozen=True, eq=False)
class CardBefore:
    """Reads the turn before as a customer's words, without the turns before that one."""

    head: Head
    eyes: Eyes

    def __call__(self, words: str) -> str:
        scores = self.head.scores(self.head.sight(self.eyes.see(words)))
        return self.head.labels[int(scores.argmax())]


def knowing_cards(eyes: Eyes, heads: Mapping[str, Head]) -> Eyes:
    """Eyes that also see what the card before was about; without heads that were taught so, as they are."""
    plain, head = replace(eyes, card=None), heads.get(Speaker.CUSTOMER)
    taught = head is not None and any(name.startswith(CARD) for one in heads.values() for name in one.names)
    return replace(plain, card=CardBefore(head, plain)) if head is not None and taught else plain
