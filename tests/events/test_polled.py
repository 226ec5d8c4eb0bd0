"""The place in a customer system's history moves with the events, on each database."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from bot.events.intake import Intake
from bot.events.polled import Polling, place_of
from bot.events.rules import load_rules
from bot.leases import InProcessLeases
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow
from crm_bridge.events import load_maps
from crm_bridge.events.tables import EventRow
from crm_bridge.feed import Change, ChangePage
from tests.fakes.clock import Clock


async def test_every_page_is_kept_with_its_place_and_the_next_process_goes_on_from_there(
    store: Store, clock: Clock
) -> None:
    intake = Intake(store, Queue(store, DeliveryRow, InProcessLeases()), load_maps(), load_rules(), clock)

    class Feed:
        pages = 2

        async def changes(self, cursor: str) -> ChangePage:
            at = int(cursor or 0)
            if at >= self.pages:
                return ChangePage((), cursor)
            told = {"status": "已确认"}
            return ChangePage(
                (Change("Tryton", "order", "sale.sale", f"SO-{at}", "ACC-1", told, clock(), "us"),),
                str(at + 1),
            )

    def polling() -> Polling:
        return Polling(intake, "tryton", Feed(), timedelta(seconds=60))

    assert await polling().poll_changes() == 2
    Feed.pages = 3
    assert await polling().poll_changes() == 1
    assert await polling().poll_changes() == 0
    with store.look() as session:
        assert place_of(session, "tryton") == "3"
        assert session.execute(select(func.count()).select_from(EventRow)).scalar_one() == 3
