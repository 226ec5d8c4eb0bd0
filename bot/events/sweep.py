"""Looks for the event that nobody sent: what we hold as open is compared with what the customer system says now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from bot.events.intake import Intake
from crm_bridge import (
    CLOSED_STAGES,
    Account,
    AccountId,
    CrmAdapter,
    CrmUnavailable,
    UnknownAccount,
    accounts_named,
)
from crm_bridge.events import OURS
from crm_bridge.events.tables import EventChangeRow, EventRow, EventStateRow

log = structlog.get_logger()
FIELDS = {"order": "status", "opportunity": "stage"}
"""What says of an entity whether it is open."""
CANCELLED = frozenset({"已取消", "取消", "作废", "cancelled"})
CLOSED = CANCELLED | CLOSED_STAGES | {"已完成", "已关闭", "已签收", "closed", "fulfilled", "不在系统中"}
GONE = "不在系统中"
MARGIN = timedelta(seconds=1)
"""A source with clocks of whole seconds may have moved within the second that we know."""


@dataclass(frozen=True)
class Open:
    """An entity that we hold as open."""

    kind: str
    entity: str
    value: Any
    event: str
    event_id: str
    at: datetime
    ours: bool
    """Whether the customer system itself ever spoke of it: only then does its silence mean that it is gone."""


@dataclass(frozen=True)
class Sweep:
    """Emits a synthesized event for each difference; the same difference twice is the same event."""

    intake: Intake
    crm: CrmAdapter

    @property
    def source(self) -> str:
        return f"/crm/{self.crm.name}/sweep"

    async def sweep(self) -> int:
        """Returns how many events nobody had sent."""
        store = self.intake.store
        held = await store.read(lambda session: open_items(session, f"/crm/{self.crm.name}"))
        if not held:
            return 0
        try:
            directory = await self.crm.directory()
        except CrmUnavailable as asleep:
            log.warning("sweep_waits", reason=str(asleep))
            return 0
        events: list[dict[str, Any]] = []
        for customer, items in held.items():
            named = accounts_named(directory, customer)
            if len(named) != 1:
                continue
            try:
                account = await self.crm.account(AccountId(named[0].id))
            except UnknownAccount:
                continue
            except CrmUnavailable as asleep:
                log.warning("sweep_waits", reason=str(asleep))
                break
            events += [one for item in items if (one := self._difference(item, account))]
        taken = await self.intake.accept(events) if events else []
        new = sum(one.status == "accepted" for one in taken)
        if new:
            log.info("swept", found=new)
        return new

    def _difference(self, item: Open, account: Account) -> dict[str, Any] | None:
        record = next((one for one in account.of(item.kind) if one.id == item.entity), None)
        now = self.intake.clock()
        if record is None:
            if not item.ours:
                return None
            return self._event(item, account, GONE, f"{item.kind}.closed-or-missing", now)
        found = record.get(FIELDS[item.kind])
        if found is None or found.value in (None, "", item.value) or found.lineage.at <= item.at - MARGIN:
            return None
        at = max(found.lineage.at, item.at + timedelta(microseconds=1))
        if item.kind == "opportunity":
            means = "opportunity.closed" if found.value in CLOSED_STAGES else "opportunity.updated"
        else:
            means = "order.cancelled" if found.value in CANCELLED else "order.updated"
        return self._event(item, account, found.value, means, min(at, now))

    def _event(self, item: Open, account: Account, value: Any, means: str, at: datetime) -> dict[str, Any]:
        told = f"{item.kind}\0{item.entity}\0{value}\0{item.event}"
        if means == "opportunity.closed-or-missing":
            means = "opportunity.closed"
        return {
            "specversion": "1.0",
            "id": f"sweep-{hashlib.sha256(told.encode()).hexdigest()[:20]}",
            "source": self.source,
            "type": f"{OURS}{means}.v1",
            "time": at.isoformat(),
            "causationid": item.event_id,
            "correlationid": "sweep",
            "data": {
                "entity": item.entity,
                "kind": item.kind,
                "account": account.id,
                "synthesized": True,
                "fields": {FIELDS[item.kind]: value},
            },
        }


def open_items(session: Session, source: str) -> Mapping[str, list[Open]]:
    """By customer, as the events named them."""
    held: dict[str, list[Open]] = {}
    for customer, item in _open(session, source):
        held.setdefault(customer, []).append(item)
    return held


def _open(session: Session, source: str) -> Iterator[tuple[str, Open]]:
    told = col(EventStateRow.field).in_([*FIELDS.values(), "account"])
    rows = select(EventStateRow).where(col(EventStateRow.kind).in_(FIELDS), told)
    rows = rows.order_by(col(EventStateRow.subject))
    states = {(row.subject, row.field): row for row in session.execute(rows).scalars()}
    for (subject, name), row in states.items():
        account = states.get((subject, "account"))
        if name != FIELDS[row.kind] or account is None or str(row.value) in CLOSED:
            continue
        event = session.get(EventRow, row.event)
        if event is None or event.at is None:
            continue
        spoke = select(col(EventChangeRow.event)).where(
            col(EventChangeRow.subject) == subject, col(EventChangeRow.source).like(f"{source}%")
        )
        known = session.execute(spoke.limit(1)).scalar() is not None
        entity = subject.partition(":")[2]
        yield str(account.value), Open(row.kind, entity, row.value, row.event, event.id, event.at, known)
