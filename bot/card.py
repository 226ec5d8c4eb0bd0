"""A decision as a rep sees it, for any platform: sections, reasons, fields, buttons (values, no I/O)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a card or button should feel; each platform has its own colours for it."""

    PROPOSAL = "proposal"
    GOOD = "good"
    WARNING = "warning"
    QUIET = "quiet"


@dataclass(frozen=True)
class CardReason:
    """One reason: `source` says where it stands and how old it is, `url` opens it. `kind`: a `ReasonKind`."""

    kind: str
    text: str
    source: str
    url: str = ""


@dataclass(frozen=True)
class CardAction:
    """One proposed write with its fields, label and value as a rep reads them."""

    label: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Choice:
    """One entry of the card's dropdown (an intent to correct to)."""

    id: str
    text: str


@dataclass(frozen=True)
class Button:
    """`key` comes back with the tap; a button with `url` opens a page instead."""

    key: str
    text: str
    tone: Tone = Tone.QUIET
    url: str = ""


@dataclass(frozen=True)
class Card:
    """The decision-rationale card. Once decided, `buttons` is empty and `status` says who did what when."""

    decision: str
    version: int
    content_hash: str
    title: str
    subtitle: str
    reasons: tuple[CardReason, ...]
    unknowns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    draft: str = ""
    actions: tuple[CardAction, ...] = ()
    choices_title: str = ""
    choices: tuple[Choice, ...] = ()
    chosen: str = ""
    buttons: tuple[Button, ...] = ()
    url: str = ""
    status: str = ""
    receipts: tuple[str, ...] = ()
    tone: Tone = Tone.PROPOSAL
    confidence: str = ""
