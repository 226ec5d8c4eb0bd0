"""The board's numbers: each with its sample size, and with the list of the decisions that it counts (values, no I/O)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.console.filtering import UNDECIDED, Address
from bot.console.outcomes import CONFIRMED, DECIDED, OUTCOMES
from bot.decision import State

TOO_MUCH_DRIFT = 0.03
"""Of cards that read a buying signal: at most so many may turn out to be technical questions (the product's own bar)."""
SUSPICIOUS_SHARE, SUSPICIOUS_STREAK, SUSPICIOUS_UNOPENED = 0.2, 20, 0.9
HAD_TO_BE_DECIDED = tuple(state.value for state in State if state not in {State.PROPOSED, State.SUPERSEDED})
ENDED = (*DECIDED, "expired")


@dataclass(frozen=True)
class Share:
    """A part of a whole, with Wilson's interval (95 %), which is honest about few cases."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        return self.hits / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        z, n, share = 1.959964, self.total, self.value
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Number:
    """A count, and what a list is narrowed to so that it shows exactly what was counted."""

    count: int
    where: Address


@dataclass(frozen=True)
class Row:
    """What became of the cards of one intent, rep, day, rule or template."""

    key: str
    counts: Mapping[str, int]
    closed: Share
    """Carried out, of those that somebody had to decide and that nothing took the place of."""
    where: Address

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def share(self, name: str) -> Share:
        """Of the cards that somebody decided or let expire."""
        return Share(self.counts.get(name, 0), sum(self.counts.get(one, 0) for one in ENDED))

    def of(self, *outcomes: str) -> Address:
        return {**self.where, "outcome": ",".join(outcomes)}

    def in_state(self, *states: str) -> Address:
        return {**self.where, "state": ",".join(states)}

    def numbers(self) -> Iterator[Number]:
        yield Number(self.total, self.where)
        yield Number(self.closed.hits, self.in_state(State.CARRIED_OUT))
        yield Number(self.closed.total, self.in_state(*HAD_TO_BE_DECIDED))
        yield Number(self.share("expired").total, self.of(*ENDED))
        for name in OUTCOMES:
            yield Number(self.counts.get(name, 0), self.of(name))


@dataclass(frozen=True)
class Streak:
    """The longest row of confirmations without one change or decline, and when it began and ended."""

    cards: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Pace:
    """How long decisions took."""

    decided: int
    median_s: float
    slowest_tenth_s: float


@dataclass(frozen=True)
class Habit:
    """How one rep decides: how long it takes, and what looks like confirming without reading."""

    rep: str
    pace: Pace
    at_once: Share
    """Confirmed unchanged within seconds, of all confirmed."""
    unopened: Share
    """Of those confirmed unchanged: neither the page nor a source had been opened. Cards from before that was noted are left out."""
    streak: Streak | None

    @property
    def signs(self) -> tuple[str, ...]:
        """What looks like confirming without reading: `at_once`, `unopened`, `streak`."""
        shown = {
            "at_once": self.at_once.interval[0] > SUSPICIOUS_SHARE,
            "unopened": self.unopened.interval[0] > SUSPICIOUS_UNOPENED,
            "streak": self.streak is not None and self.streak.cards >= SUSPICIOUS_STREAK,
        }
        return tuple(name for name, is_so in shown.items() if is_so)

    def with_sign(self, sign: str) -> Address:
        return {"rep": self.rep, "sign": sign}

    @property
    def of_streak(self) -> Address:
        if self.streak is None:
            return self.with_sign("own")
        first, last = self.streak.first.isoformat(), self.streak.last.isoformat()
        return {**self.with_sign("own"), "outcome": "accepted", "decided_from": first, "decided_to": last}

    def numbers(self) -> Iterator[Number]:
        yield Number(self.pace.decided, self.with_sign("own"))
        yield Number(self.at_once.hits, self.with_sign("at_once"))
        yield Number(self.at_once.total, self.with_sign("confirmed"))
        yield Number(self.unopened.hits, self.with_sign("unopened"))
        yield Number(self.unopened.total, self.with_sign("noted"))
        if self.streak:
            yield Number(self.streak.cards, self.of_streak)


@dataclass(frozen=True)
class Edited:
    """What reps change most: a part of the draft or a field, of the cards of one intent that were confirmed."""

    intent: str
    what: str
    share: Share

    @property
    def where(self) -> Address:
        return {**self.all, "changed": self.what}

    @property
    def all(self) -> Address:
        return {**of_intent(self.intent), "outcome": ",".join(CONFIRMED)}

    def numbers(self) -> Iterator[Number]:
        yield Number(self.share.hits, self.where)
        yield Number(self.share.total, self.all)


@dataclass(frozen=True)
class Board:
    """All numbers of the board since a day, up to another, of a team where one is given."""

    since: date
    until: date | None
    team: str
    all: Row
    intents: Sequence[Row]
    reps: Sequence[Row]
    days: Sequence[Row]
    rules: Sequence[Row]
    everybody: Pace | None
    """Nobody decided anything: None."""
    habits: Sequence[Habit]
    corrected: Mapping[tuple[str, str], int]
    drift: Share
    edited: Sequence[Edited]

    def address(self, where: Address) -> dict[str, str]:
        """Of the list behind a number."""
        until = self.until.isoformat() if self.until else ""
        return {"since": self.since.isoformat(), "until": until, "team": self.team, **where}

    def numbers(self) -> Iterator[Number]:
        """Every number that the board shows."""
        for row in (self.all, *self.intents, *self.reps, *self.days, *self.rules):
            yield from row.numbers()
        for habit in self.habits:
            yield from habit.numbers()
        for one in self.edited:
            yield from one.numbers()
        if self.everybody:
            yield Number(self.everybody.decided, {"sign": "own"})
        for (was, now), count in self.corrected.items():
            yield Number(count, of_pair(was, now))
        yield Number(self.drift.hits, {"sign": "drift"})
        yield Number(self.drift.total, {"sign": "buying"})


def of_intent(intent: str) -> Address:
    return {"intent": intent or UNDECIDED}


def of_pair(was: str, now: str) -> Address:
    """Cards that were read as one intent and corrected to another."""
    return {**of_intent(was), "became": now}
