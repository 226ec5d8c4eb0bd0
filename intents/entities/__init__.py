"""Values in the words: what was counted, paid, meant by a time, measured, named.

quantity, quantity_range, money, percent, discount    amounts.py        time, duration    times.py
spec                                                  specs.py          delivery          deliveries.py
product, contract_no, order_no, alarm, organisation, competitor, person by title    names.py
product with a slip                                   misspelt.py
person by full name, phone, email, id_number, bank_card, plate, chat_account, address    private.py

A value in canonical form; empty where the words leave it open (尽快, 几台).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from intents.entities.amounts import discounts, money, percentages, quantities
from intents.entities.deliveries import deliveries
from intents.entities.misspelt import misspelt
from intents.entities.names import (
    alarms,
    competitors,
    contracts,
    orders,
    organisations,
    people,
    products,
)
from intents.entities.numbers import read_number
from intents.entities.private import full_names, private
from intents.entities.specs import specs
from intents.entities.times import SHANGHAI, durations, times
from intents.graph import KnowledgeGraph, load_graph
from intents.model import Entity

__all__ = ["ENTITY_TYPES", "SHANGHAI", "find_entities", "read_number"]

ENTITY_TYPES = (
    "product", "quantity", "money", "discount", "time", "spec", "competitor", "organisation", "person", "contract_no",
    "order_no", "alarm", "duration", "percent", "quantity_range", "phone", "delivery",
    "email", "id_number", "address", "bank_card", "plate", "chat_account",
)  # fmt: skip
"""All kinds, those that matter most to a deal first."""


def find_entities(
    text: str,
    *,
    products: Iterable[str] = (),
    now: datetime | None = None,
    graph: KnowledgeGraph | None = None,
) -> tuple[Entity, ...]:
    """All entities in order of position; where two overlap, the kind that comes first in the list keeps the words.

    `graph` names rivals and parameters; the shipped one where none is given."""
    found: list[Entity] = []
    moment = now or datetime.now(SHANGHAI)
    for finder in _finders(tuple(products), moment, graph or load_graph()):
        for entity in finder(text):
            if all(entity.end <= other.start or entity.start >= other.end for other in found):
                found.append(entity)
    found += deliveries(text, found, moment.astimezone(SHANGHAI).date())
    return tuple(sorted(found, key=lambda entity: entity.start))


def _finders(
    known: tuple[str, ...], now: datetime, graph: KnowledgeGraph
) -> tuple[Callable[[str], Iterator[Entity]], ...]:
    return (
        contracts,
        orders,
        private,
        alarms,
        lambda text: misspelt(text, known),
        lambda text: products(text, known),
        organisations,
        lambda text: competitors(text, graph.competitors()),
        lambda text: specs(text, graph.names("parameter")),
        lambda text: times(text, now),
        durations,
        percentages,
        discounts,
        money,
        quantities,
        full_names,
        people,
    )
