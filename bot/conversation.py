"""What is said and to whom: an utterance, and a turn that has all it needs to be acted on (values, no I/O)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from crm_bridge import AccountId
from intents import Intent, Speaker

UserId = NewType("UserId", str)
TurnId = NewType("TurnId", str)
ConversationId = NewType("ConversationId", str)


@dataclass(frozen=True)
class Utterance:
    """One thing said. `said_by` is the name in a pasted record, empty where nobody told."""

    text: str
    speaker: Speaker
    said_by: str = ""


@dataclass(frozen=True)
class Turn:
    """Words, whose they are, about which customer, and the rep whom the card goes to."""

    id: TurnId
    conversation: ConversationId
    channel: str
    rep: UserId
    speaker: Speaker
    text: str
    at: datetime
    customer: AccountId | None = None
    customer_name: str = ""
    """As the rep called the customer, also where the CRM knows none of that name."""
    industry: str = ""
    """The customer's, as the CRM has it: what a false alarm costs differs by it."""
    earlier: tuple[str, ...] = ()
    """Texts of the same conversation and customer before this turn that had a card, oldest first."""
    card_before: Intent | None = None
    """What the card of the last of them is about, as a rep left it; None where it asked, was declined, or answers a rep."""
