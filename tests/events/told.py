"""One store that hears of a system both ways: by its events, and by asking it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from bot.channels import Happened
from bot.deliveries import outcome_of
from bot.events.intake import Intake
from bot.events.polled import event_of, tiers_of
from bot.events.rules import load_rules
from bot.leases import InProcessLeases
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow
from crm_bridge.adapters.remote import RemoteCrm, feed_of
from crm_bridge.events import load_maps
from crm_bridge.events.tables import EventStateRow
from tests.fakes.clock import Clock


class Told:
    def __init__(self, store: Store, crm: RemoteCrm, clock: Clock) -> None:
        self.store, self.crm = store, crm
        queue = Queue(store, DeliveryRow, InProcessLeases())
        self.intake = Intake(store, queue, load_maps(records=crm.system.mapping), load_rules(), clock)
        feed = feed_of(crm, clock)
        assert feed is not None
        self.feed, self.cursor = feed, ""

    async def by_asking(self) -> None:
        page = await self.feed.changes(self.cursor)
        self.cursor = page.cursor
        tiers = await self.store.read(lambda session: tiers_of(session, page.changes))
        events = [event_of(self.crm.name, one, tiers) for one in page.changes]
        await self.take(*(one for one in events if one is not None))

    async def take(self, *events: Mapping[str, Any]) -> None:
        answers = await self.intake.accept(events)
        assert {one.status for one in answers} <= {"accepted", "duplicate"}, answers

    @property
    def news(self) -> list[tuple[str, str]]:
        """What does something, of which record; what only joins a customer's history is none."""
        with self.store.look() as session:
            rows = [outcome_of(row) for row in session.execute(select(DeliveryRow)).scalars()]
        found = [one for one in rows if isinstance(one, Happened)]
        return sorted((one.means, one.entity) for one in found if one.means != "customer.updated")

    @property
    def state(self) -> dict[str, Any]:
        with self.store.look() as session:
            rows = session.execute(select(EventStateRow)).scalars()
            return {f"{row.subject} {row.field}": row.value for row in rows}


def event(source: str, type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """As a plug-in posts it, without an id of its own."""
    return {"specversion": "1.0", "source": source, "type": type_, "data": data}
