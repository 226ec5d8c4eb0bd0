"""Values in the words: what was counted, paid, meant by a time, measured, named.

quantity, quantity_range, money, percent, discount    amounts.py        time, duration    times.py
spec                                                  specs.py
product, contract_no, order_no, alarm, organisation, competitor, person, phone    names.py

A value in canonical form; empty where the words leave it open (尽快, 几台).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from intents.entities.amounts import discounts, money, percentages, quantities
from intents.entities.names import (
    alarms,
    competitors,
    contracts,
    orders,
    organisations,
    people,
    phones,
    products,
)
from intents.entities.numbers import read_number
from intents.entities.specs import specs
from intents.entities.times import SHANGHAI, durations, times
from intents.model import Entity

__all__ = ["SHANGHAI", "find_entities", "read_number"]


def find_entities(
    text: str, *, products: Iterable[str] = (), now: datetime | None = None
) -> tuple[Entity, ...]:
    """All entities in order of position; where two overlap, the kind that comes first in the list keeps the words."""
    found: list[Entity] = []
    for finder in _finders(tuple(products), now or datetime.now(SHANGHAI)):
        for entity in finder(text):
            if all(entity.end <= other.start or entity.start >= other.end for other in found):
                found.append(entity)
    return tuple(sorted(found, key=lambda entity: entity.start))


def _finders(known: tuple[str, ...], now: datetime) -> tuple[Callable[[str], Iterator[Entity]], ...]:
    return (
        contracts,
        orders,
        phones,
        alarms,
        lambda text: products(text, known),
        organisations,
        competitors,
        specs,
        lambda text: times(text, now),
        durations,
        percentages,
        discounts,
        money,
        quantities,
        people,
    )
