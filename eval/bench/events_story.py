"""A seeded history of five sources with its faults, and the state in which it must end however it arrives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

SOURCES = ("/erp/oms", "/crm/feed", "/iot/hub", "/web/shop", "/erp/finance")
ACCOUNTS = 50
"""Each source with a clock of its own: whole seconds, milliseconds or microseconds."""
PRECISION = {"/erp/oms": "s", "/crm/feed": "ms", "/iot/hub": "ms", "/web/shop": "us", "/erp/finance": "s"}


@dataclass(frozen=True)
class Faults:
    """Shares of all events."""

    duplicated: float = 0.08
    reordered: float = 0.15
    lost: float = 0.01
    broken: float = 0.01
    ahead: float = 0.01
    without_id: float = 0.05


@dataclass
class Story:
    """What is sent, in the order of its arrival, and what must come of it."""

    sent: list[dict[str, Any]]
    made: int
    expected: dict[str, tuple[str, datetime]]
    """Order → its last status, and when."""
    lost: int = 0
    broken: int = 0
    duplicates: int = 0
    ahead: int = 0


def tell(count: int, seed: int, now: datetime, faults: Faults | None = None) -> Story:
    """`count` events of `count/20` orders; what must come of them is known from the making, by no rule of the ledger."""
    faults, chance = faults or Faults(), random.Random(seed)
    story = Story([], 0, {})
    for number in range(count):
        at = now - timedelta(seconds=count - number, microseconds=chance.randrange(10**6))
        event = _event(number, count, chance, at)
        drawn = chance.random()
        known = event["data"]["entity"] in story.expected
        story.made += 1
        if drawn < faults.broken:
            story.broken += 1
            story.sent.append(_broken(event, chance))
            continue
        if faults.broken < drawn < faults.broken + faults.ahead:
            story.ahead += 1
            at = now + timedelta(days=1, seconds=story.ahead)
            event |= {"time": _written(at, "s")}
            event["data"]["entity"] += f"-ahead-{story.ahead}"
        story.expected[event["data"]["entity"]] = (event["data"]["fields"]["status"], at)
        if known and drawn > 1 - faults.lost:
            story.lost += 1
            continue
        if chance.random() < faults.without_id:
            event.pop("id")
        story.sent.append(event)
        if chance.random() < faults.duplicated:
            story.duplicates += 1
            story.sent.append(event)
    _reorder(story.sent, faults.reordered, chance)
    return story


def _event(number: int, count: int, chance: random.Random, at: datetime) -> dict[str, Any]:
    source = chance.choice(SOURCES)
    order = chance.randrange(max(1, count // 20))
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": source,
        "type": "cn.yiju.order.updated.v1",
        "time": _written(at, PRECISION[source]),
        "data": {
            "entity": f"{source.rsplit('/', 1)[1]}-{order}",
            "kind": "order",
            "account": f"C{order % ACCOUNTS}",
            "fields": {"status": f"步骤{number}"},
        },
    }


def _written(at: datetime, precision: str) -> str:
    seconds = int(at.timestamp())
    if precision == "s":
        return str(seconds)
    return f"{seconds}{at.microsecond // 1000:03d}" if precision == "ms" else f"{seconds}{at.microsecond:06d}"


def _broken(event: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    kind = chance.randrange(4)
    if kind == 0:
        return event | {"type": "nobody.knows.this"}
    if kind == 1:
        return event | {"time": "12345678901"}
    if kind == 2:
        return {name: value for name, value in event.items() if name != "source"}
    return event | {"data": {"fields": {}}}


def _reorder(events: list[dict[str, Any]], share: float, chance: random.Random) -> None:
    for index in range(len(events)):
        if chance.random() < share:
            other = min(len(events) - 1, index + chance.randrange(1, 400))
            events[index], events[other] = events[other], events[index]


def batches(events: list[dict[str, Any]], chance: random.Random) -> Iterator[list[dict[str, Any]]]:
    """Of one to two hundred, as brokers and pollers bring them."""
    start = 0
    while start < len(events):
        size = chance.randrange(1, 200)
        yield events[start : start + size]
        start += size
