"""What a list of decisions is narrowed to, and the same as an address: kept, sent on, gone back to, and linked to from the board."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from bot.console.outcomes import OUTCOMES, SIGNS
from bot.decision import State

UNDECIDED = "-"
"""In the place of an intent: cards that ask which is meant. No intent is called so."""
LONGEST = 100
MOST_WORDS = 8
"""Each is looked for in all that was said."""
Address = Mapping[str, str]
"""Names and values of a list's address."""


@dataclass(frozen=True)
class Filter:
    """What a list shows; an empty field lets everything through."""

    words: str = ""
    """Each in what was said, or in the customer's name; or a decision's number."""
    rep: str = ""
    team: str = ""
    """Its manager's id."""
    customers: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Account ids that each of the words may mean."""
    customer: str = ""
    intent: str = ""
    states: tuple[State, ...] = ()
    since: date | None = None
    until: date | None = None
    below: float | None = None
    """Confidence under this."""
    needs_me: bool = False
    """Open, failed, or about to expire: somebody has to act."""
    outcomes: tuple[str, ...] = ()
    """What a person made of it (`outcomes.py`)."""
    became: str = ""
    """The intent that a person corrected it to."""
    origin: str = ""
    """How its conversation's name begins: what caused a card that nobody's words did. `said`: all others."""
    sign: str = ""
    """What the board looks at (`outcomes.SIGNS`)."""
    changed: str = ""
    """The part of the draft, or the field, that a person changed."""
    gap: str = ""
    """The question without an answer that its words asked."""
    decided_from: datetime | None = None
    decided_to: datetime | None = None
    """The moments between which it was decided, both included."""

    @property
    def sought(self) -> list[str]:
        """The words one by one, in whatever order they were said; of very many, what was pasted as it stands."""
        each = self.words.split()
        return each if len(each) <= MOST_WORDS else [self.words]


def parse(address: Address) -> Filter:
    """What an address asks for. A value that means nothing narrows nothing: it was typed, or is of another version."""
    given = {name: value.strip()[:LONGEST] for name, value in address.items()}

    def text(name: str) -> str:
        return given.get(name, "")

    return Filter(
        words=text("words"),
        rep=text("rep"),
        team=text("team"),
        customer=text("customer"),
        intent=text("intent"),
        states=tuple(State(one) for one in _several(text("state")) if one in set(State)),
        since=_day(text("since")),
        until=_day(text("until")),
        below=_number(text("below")),
        needs_me=text("mine") in {"1", "true"},
        outcomes=tuple(one for one in _several(text("outcome")) if one in OUTCOMES),
        became=text("became"),
        origin=text("origin"),
        sign=text("sign") if text("sign") in SIGNS else "",
        changed=text("changed"),
        gap=text("gap"),
        decided_from=_moment(text("decided_from")),
        decided_to=_moment(text("decided_to")),
    )


def address_of(wanted: Filter) -> dict[str, str]:
    """The address that `parse` reads back; what narrows nothing is left out."""
    written = {
        "words": wanted.words,
        "rep": wanted.rep,
        "team": wanted.team,
        "customer": wanted.customer,
        "intent": wanted.intent,
        "state": ",".join(wanted.states),
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "below": "" if wanted.below is None else f"{wanted.below:g}",
        "mine": "1" if wanted.needs_me else "",
        "outcome": ",".join(wanted.outcomes),
        "became": wanted.became,
        "origin": wanted.origin,
        "sign": wanted.sign,
        "changed": wanted.changed,
        "gap": wanted.gap,
        "decided_from": wanted.decided_from.isoformat() if wanted.decided_from else "",
        "decided_to": wanted.decided_to.isoformat() if wanted.decided_to else "",
    }
    return {name: value for name, value in written.items() if value}


def link(address: Address) -> str:
    """The list's path below `/console`."""
    query = urlencode({name: value for name, value in address.items() if value})
    return f"/?{query}" if query else "/"


def _several(value: str) -> list[str]:
    return value.split(",") if value else []


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None


def _moment(value: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    return read if read and read.tzinfo else None


def _number(value: str) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None
