"""Shapes of traffic by name, and the table of all of them on each installation: `yiju bench profiles`.

Every run is bounded: its turns are counted beforehand, and what is missing ten seconds after the last card is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import company
from .company import Sender
from .load import Pace
from .measure import measure_own
from .outcome import Report
from .processes import NotStarted
from .spread import Spread, own_database

EMBEDDED = "embedded"


@dataclass(frozen=True)
class Profile:
    """One shape. `delay`: seconds the platform takes for each answer."""

    turns: int
    rate: float
    about: str
    even: bool = False
    delay: float = 0.0
    one_rep: bool = False
    """All words come from one person, about a different customer each: one conversation, worked in order."""

    def pace(self, seed: int, scale: float = 1.0) -> Pace:
        """`scale`: a share of the turns. A burst stays as short as it is, so its rate goes down with it."""
        turns = max(1, round(self.turns * scale))
        rate = turns / (self.turns / self.rate) if self.even else self.rate
        return Pace(turns, rate, seed, self.even)

    def senders(self, pace: Pace) -> list[Sender]:
        found = company.senders(1 + company.senders_needed(pace.turns, pace.rate))[1:]
        if self.one_rep:
            return [replace(one, wecom=found[0].wecom, name=found[0].name) for one in found]
        return found


PROFILES: dict[str, Profile] = {
    "steady": Profile(600, 20.0, "20 messages a second of independent people"),
    "burst": Profile(500, 500.0, "500 messages within one second", even=True),
    "conversations": Profile(2000, 20.0, "2,000 conversations, one message each"),
    "hot": Profile(12, 4.0, "one conversation: a rep's 12 messages within three seconds", one_rep=True),
    "slow": Profile(200, 5.0, "the platform takes a second for each answer", delay=1.0),
    "callbacks": Profile(
        1000, 100.0, "100 callbacks a second for ten seconds: what the acknowledgement takes"
    ),
}
"""A hot conversation stays under what may be sent to one member at once (15), or WeCom's own limit would be measured."""


@dataclass(frozen=True)
class Row:
    """One profile on one installation; `problem` where it could not be measured."""

    profile: str
    installation: str
    report: Report | None = None
    problem: str = ""

    @property
    def good(self) -> bool:
        return self.report is not None and not (self.report.outcome.lost or self.report.outcome.doubled)

    def as_json(self) -> dict[str, Any]:
        told = self.report.as_json() if self.report else {"problem": self.problem}
        return {"profile": self.profile, "installation": self.installation, **told}

    def as_text(self) -> str:
        """A line of a Markdown table."""
        if self.report is None:
            return f"| {self.profile} | {self.installation} | not measured: {self.problem.splitlines()[0]} | | | | | |"
        run, cpu = self.report.outcome, self.report.cpu_ms_per_turn
        times = (run.acknowledged.p50, run.acknowledged.p99, run.shown.p50, run.shown.p99)
        ack50, ack99, card50, card99 = ("—" if one is None else f"{one:.0f}" for one in times)
        return (
            f"| {self.profile} | {self.installation} | {ack50} / {ack99} | {card50} / {card99} | {run.turns_per_s:g} "
            f"| {'—' if cpu is None else f'{cpu:.0f}'} | {run.lost} / {run.doubled} | {run.in_words} |"
        )


HEAD = (
    "| profile | installation | acknowledged p50 / p99 ms | card p50 / p99 ms | turns/s | processor ms a turn "
    "| lost / doubled | in words |\n|---|---|---|---|---|---|---|---|"
)


def run_all(
    names: Sequence[str], workers: Sequence[int], seed: int, scale: float, postgres: str, bus: str, say: Callable[[str], None],
    *, embedded: bool = True,
) -> Iterator[Row]:  # fmt: skip
    """Every profile on the embedded default, then on PostgreSQL and NATS with so many workers; each on a fresh company."""
    for count in (*([0] if embedded else []), *workers):
        where = f"PostgreSQL + NATS, {count} worker{'s' * (count > 1)}" if count else EMBEDDED
        for name in names:
            say(f"{name} on {where}: {PROFILES[name].about}")
            try:
                yield Row(name, where, run_one(PROFILES[name], count, seed, scale, postgres, bus, say))
            except NotStarted as error:
                yield Row(name, where, problem=str(error))


def run_one(
    profile: Profile, workers: int, seed: int, scale: float, postgres: str, bus: str, say: Callable[[str], None]
) -> Report:  # fmt: skip
    """Raises `NotStarted`."""
    pace = profile.pace(seed, scale)
    senders = profile.senders(pace)
    if not workers:
        return asyncio.run(measure_own(pace, say, delay=profile.delay, senders=senders))
    with own_database(postgres) as database:
        spread = Spread(database, bus, workers)
        return asyncio.run(measure_own(pace, say, spread, profile.delay, senders))
