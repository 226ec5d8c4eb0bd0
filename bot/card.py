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
    compared: str = ""
    """Products side by side, with a table (bot/markdown_table.py): for pages; the draft says what a customer is told of it."""
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
    in_hand: bool = False
    """Confirmed and being carried out: what the card says is about to change."""


@dataclass(frozen=True)
class Notice:
    """What somebody should know, with a page to open; there is nothing to decide about it."""

    title: str
    subtitle: str
    figure: str
    """The number that says most."""
    figure_name: str
    rows: tuple[tuple[str, str], ...]
    """Name and value; six at most are shown, names of up to five characters whole."""
    button: str
    url: str

    @property
    def lines(self) -> tuple[str, ...]:
        """What it says below its title, for platforms that show words."""
        head = f"{self.figure_name} **{self.figure}**"
        return (self.subtitle, head, *(f"{name}: {value}" for name, value in self.rows))
