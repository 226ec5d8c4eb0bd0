"""Events as sources send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from bot.store import Store
from crm_bridge.events import Taken, load_maps, take
from crm_bridge.events.tables import EventStateRow

ERP = "/erp/oms/demo"


def ours(
    type_: str, entity: str, *, id_: str | None = None, time: Any = None, source: str = ERP, **data: Any
) -> dict[str, Any]:
    """One of our own canonical events: ours("order.cancelled", "SO-1", fields={"status": "已取消"})."""
    event = {
        "specversion": "1.0",
        "source": source,
        "type": f"cn.yiju.{type_}.v1",
        "data": {"entity": entity, **data},
    }
    return event | ({"id": id_} if id_ is not None else {}) | ({"time": time} if time is not None else {})


def given(store: Store, now: datetime, events: Sequence[Mapping[str, Any]]) -> list[Taken]:
    with store.begin() as session:
        return take(session, load_maps(), events, now)


def state(session: Session) -> dict[str, Any]:
    """What counts now, field by field."""
    rows = session.execute(select(EventStateRow)).scalars()
    return {f"{row.subject}.{row.field}": (row.value, row.event) for row in rows}
