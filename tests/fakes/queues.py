"""A queue of deliveries as tests fill and read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from bot.leases import InProcessLeases, Leases, StoredLeases
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow


def leases_for(store: Store) -> Leases:
    """As the app picks them: in memory for SQLite's one process, stored rows for PostgreSQL's many."""
    return InProcessLeases() if store.is_sqlite else StoredLeases(store)


def deliveries(store: Store, leases: Leases | None = None) -> Queue[DeliveryRow]:
    return Queue(store, DeliveryRow, leases or leases_for(store))


def put(queue: Queue[DeliveryRow], session: Session, lane: str, key: str, now: datetime) -> bool:
    return queue.put(session, key=key, lane=lane, now=now, channel="sim", kind="Heard", payload={"text": key})


def fill(queue: Queue[DeliveryRow], now: datetime, *lanes_and_keys: str) -> None:
    """Put rows written as `lane/key`, in this order."""
    with queue.store.begin() as session:
        for both in lanes_and_keys:
            lane, key = both.split("/")
            assert put(queue, session, lane, key, now)


def rows(store: Store, state: str | None = None) -> Sequence[DeliveryRow]:
    query = select(DeliveryRow).order_by(col(DeliveryRow.seq))
    with store.look() as session:
        found = session.execute(query).scalars().all()
    return [row for row in found if state in (None, row.state)]


def keys(store: Store, state: str | None = None) -> list[str]:
    return [row.key for row in rows(store, state)]
