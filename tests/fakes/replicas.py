"""The demo company in a PostgreSQL database that several processes share."""

from __future__ import annotations

from sqlmodel import SQLModel

from bot import people
from bot.demo import company
from bot.store import Store
from crm_bridge.adapters.embedded import load
from tests.fakes.clock import START


def refill(database: str) -> None:
    """Empty it and load the demo company's people and customers."""
    store = Store(database)
    SQLModel.metadata.create_all(store.engine)
    with store.engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
    with store.begin() as session:
        for person in company.people():
            people.add(session, person)
        load(session, company.accounts(), START.date())
    store.close()
