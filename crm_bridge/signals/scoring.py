"""Facts → score: each fades with its age, each dimension is capped, and what every one of them adds can be shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from crm_bridge.signals.model import Contribution, Fact, Occurrence, Score, Share
from crm_bridge.signals.sheet import Derived, Dimension, Sheet

DAY = timedelta(days=1)
LEAST_GAPS = 2
"""Orders apart: fewer than three orders are no rhythm."""


def facts_of(sheet: Sheet, one: Occurrence) -> list[Fact]:
    """What an occurrence says by this sheet: for each dimension, the first of its reads that fits."""
    if one.what not in sheet.wanted:
        return []
    values = {"fields": dict(one.fields), "details": dict(one.details), "words": one.words}
    found = []
    for name, dimension in sheet.dimensions.items():
        read = next((read for read in dimension.reads if read.what == one.what and read.counts(values)), None)
        if read is not None:
            found.append(Fact(one.account, name, one.at, one.ref, read.strength, one.what))
    return found


def score(sheet: Sheet, facts: Sequence[Fact], now: datetime) -> Score:
    """Of one customer's facts. What lies in the future or beyond the horizon does not count."""
    since = now - sheet.horizon_days * DAY
    known: dict[str, list[Fact]] = {}
    for fact in facts:
        if since <= fact.at <= now:
            known.setdefault(fact.dimension, []).append(fact)
    made = (_contribution(name, one, known, now) for name, one in sheet.dimensions.items())
    contributions = sorted((one for one in made if one.shares), key=lambda one: -abs(one.points))
    total = sum(one.points for one in contributions)
    return Score(round(min(100.0, max(0.0, total)), 2), now, tuple(contributions))


def faded(weight: float, strength: float, age: timedelta, half_life_days: float) -> float:
    """weight · strength · ½^(age / half-life)."""
    return weight * strength * math.pow(0.5, age / DAY / half_life_days)


def _contribution(
    name: str, dimension: Dimension, known: Mapping[str, Sequence[Fact]], now: datetime
) -> Contribution:
    derived = dimension.derived
    found = (
        _derived(derived, dimension, known, now) if derived else _read(dimension, known.get(name, ()), now)
    )
    shares = sorted(found, key=lambda share: -abs(share.points))
    total = sum(share.points for share in shares)
    held = min(dimension.cap, max(-dimension.cap, total))
    part = held / total if total else 0.0
    capped = tuple(Share(one.ref, one.at, round(one.points * part, 2), one.what) for one in shares)
    if not dimension.weight or not total:
        return Contribution(name, dimension.label, 0.0, ())
    return Contribution(name, dimension.label, round(held, 2), capped)


def _read(dimension: Dimension, facts: Sequence[Fact], now: datetime) -> Iterator[Share]:
    for fact in facts:
        points = faded(dimension.weight, fact.strength, now - fact.at, dimension.half_life_days)
        yield Share(fact.ref, fact.at, points, fact.what)


def _derived(
    derived: Derived, dimension: Dimension, known: Mapping[str, Sequence[Fact]], now: datetime
) -> list[Share]:
    facts = sorted((fact for name in derived.of for fact in known.get(name, ())), key=lambda fact: fact.at)
    if not facts:
        return []
    newest = facts[-1]
    strength = (
        due_again([fact.at for fact in facts], now)
        if derived.kind == "due_again"
        else _silent(now - newest.at, derived.after_days, dimension.half_life_days)
    )
    if not strength:
        return []
    return [Share(newest.ref, newest.at, dimension.weight * strength, derived.kind)]


def due_again(times: Sequence[datetime], now: datetime) -> float:
    """How near the next of a rhythm is: 1 when the median gap has passed, 0 before 0.8 and after 1.5 of it."""
    days = sorted({at.date(): at for at in times}.values())
    gaps = [(later - earlier) / DAY for earlier, later in pairwise(days)]
    if len(gaps) < LEAST_GAPS:
        return 0.0
    usual = median(gaps)
    share = (now - days[-1]) / DAY / usual if usual >= 1 else 0.0
    if share <= 1:
        return max(0.0, (share - 0.8) / 0.2)
    return max(0.0, 1 - (share - 1) / 0.5)


def _silent(since: timedelta, after_days: float, half_life_days: float) -> float:
    """Grows from 0 towards 1: half of it a half-life after silence became news."""
    over = since / DAY - after_days
    return 1 - math.pow(0.5, over / half_life_days) if over > 0 else 0.0
