"""Does the window open before a customer decides to buy, and seldom otherwise? Against simple rules, on stories not tuned on.

An alarm counts as right where its customer decides within `AHEAD` days of it; a decision as found where an alarm came
within that time before it. Lead time: from the first such alarm. Weights and the baselines' numbers were chosen on the
development seed; the test seed was only reported on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any, NamedTuple

from crm_bridge.signals import Sheet, Window, facts_of, load_sheet, move, score

from ..metrics import Interval, bootstrap
from . import Options
from .signals_story import DAYS, START, Story, stories

SEEDS = {"dev": 11, "test": 20261128}
CUSTOMERS = 400
AHEAD, COOL_DOWN = timedelta(days=30), timedelta(days=14)
"""Every system rests as long as ours after an alarm."""
STEP = timedelta(hours=6)
COUNTS = (4, 6, 8)
Alarms = Callable[[Story], list[datetime]]


class Outcome(NamedTuple):
    """One customer's counts."""

    alarms: int
    right: int
    decisions: int
    found: int
    leads: tuple[float, ...]
    """Days."""


class Row(NamedTuple):
    """One system over all customers, with intervals over customers."""

    name: str
    alarms: int
    precision: Interval
    recall: Interval
    f1: Interval
    lead_days: float
    per_customer_month: float


@dataclass(frozen=True)
class SignalsReport:
    cases: str
    customers: int
    decisions: int
    rows: Sequence[Row]

    def as_json(self) -> dict[str, Any]:
        plain = [
            row._asdict() | {name: getattr(row, name)._asdict() for name in ("precision", "recall", "f1")}
            for row in self.rows
        ]
        return {"suite": "signals", "cases": self.cases, "customers": self.customers, "decisions": self.decisions, "systems": plain}  # fmt: skip

    def as_text(self) -> str:
        lines = [
            f"signals on {self.cases}: {self.customers} customers, {DAYS} days, {self.decisions} decisions to buy",
            "",
            f"{'system':32} {'alarms':>6}  {'precision':22} {'recall':22} {'F1':22} lead (days)  a customer-month",
        ]
        lines += [
            f"{row.name:32} {row.alarms:6}  {row.precision!s:22} {row.recall!s:22} {row.f1!s:22} "
            f"{row.lead_days:11.1f}  {row.per_customer_month:16.2f}"
            for row in self.rows
        ]
        return "\n".join(lines)


def run_signals(options: Options, customers: int = CUSTOMERS) -> SignalsReport:
    told = stories(SEEDS.get(options.cases, SEEDS["test"]), customers)
    sheet = load_sheet("signals")
    systems: dict[str, Alarms] = {
        "signals.yaml": partial(window_alarms, sheet),
        "equal weights": partial(window_alarms, equal(sheet)),
        "any quote request": quote_alarms,
    }
    systems |= {f"{least} traces in 14 days": partial(count_alarms, least) for least in COUNTS}
    rows = [row(name, [judged(story, alarms(story)) for story in told]) for name, alarms in systems.items()]
    return SignalsReport(options.cases, customers, sum(len(story.purchases) for story in told), rows)


def equal(sheet: Sheet) -> Sheet:
    """What the weights are worth: the same dimensions with one weight and one half-life (threshold: best on dev)."""
    levelled = {
        name: one.model_copy(update={"weight": 10.0 if one.weight else 0.0, "half_life_days": 10.0})
        for name, one in sheet.dimensions.items()
    }
    return sheet.model_copy(update={"dimensions": levelled, "open": 40.0})


def window_alarms(sheet: Sheet, story: Story) -> list[datetime]:
    """As production does it: looked at by the clock, told by the window's own rules."""
    facts = [fact for one in story.traces for fact in facts_of(sheet, one)]
    window, alarms, now = Window(), [], START
    while now < START + timedelta(days=DAYS):
        now += STEP
        window, tell = move(window, score(sheet, facts, now), sheet)
        if tell:
            alarms.append(now)
    return alarms


def quote_alarms(story: Story) -> list[datetime]:
    return _rested([one.at for one in story.traces if one.what == "said:quote_request"])


def count_alarms(least: int, story: Story) -> list[datetime]:
    """The moments at which that many traces of any kind lie within 14 days."""
    times = [one.at for one in story.traces]
    span = timedelta(days=14)
    return _rested([at for at in times if sum(at - span < one <= at for one in times) >= least])


def _rested(times: Sequence[datetime]) -> list[datetime]:
    kept: list[datetime] = []
    for at in times:
        if not kept or at - kept[-1] >= COOL_DOWN:
            kept.append(at)
    return kept


def judged(story: Story, alarms: Sequence[datetime]) -> Outcome:
    right = sum(any(at <= day <= at + AHEAD for day in story.purchases) for at in alarms)
    before = [[at for at in alarms if at <= day <= at + AHEAD] for day in story.purchases]
    leads = tuple(
        (day - min(those)) / timedelta(days=1)
        for day, those in zip(story.purchases, before, strict=True)
        if those
    )
    return Outcome(len(alarms), right, len(story.purchases), len(leads), leads)


def row(name: str, outcomes: Sequence[Outcome]) -> Row:
    leads = [lead for one in outcomes for lead in one.leads]
    total = sum(one.alarms for one in outcomes)
    return Row(
        name,
        total,
        bootstrap(outcomes, precision),
        bootstrap(outcomes, recall),
        bootstrap(outcomes, f1),
        median(leads) if leads else 0.0,
        total / len(outcomes) / (DAYS / 30),
    )


def precision(outcomes: Sequence[Outcome]) -> float:
    alarms = sum(one.alarms for one in outcomes)
    return sum(one.right for one in outcomes) / alarms if alarms else 0.0


def recall(outcomes: Sequence[Outcome]) -> float:
    decisions = sum(one.decisions for one in outcomes)
    return sum(one.found for one in outcomes) / decisions if decisions else 0.0


def f1(outcomes: Sequence[Outcome]) -> float:
    p, r = precision(outcomes), recall(outcomes)
    return 2 * p * r / (p + r) if p + r else 0.0
