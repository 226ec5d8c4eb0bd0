"""Changes that the customer system tells when it is asked: made into events, once each, with the place in its history."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlmodel import Session

from bot.events.intake import Intake
from bot.events.sweep import CANCELLED, FIELDS, GONE
from crm_bridge import CLOSED_STAGES, CrmUnavailable
from crm_bridge.events import OURS, subject_of
from crm_bridge.events.ledger import insert_new
from crm_bridge.events.tables import EventStateRow, PollRow
from crm_bridge.feed import Change, ChangeFeed
from crm_bridge.mapping.convert import plain

log = structlog.get_logger()
MOST_PAGES = 20
"""Of one look; what is left comes with the next one."""
LONGEST_PAUSE = timedelta(minutes=5)
"""Shorter than the time in which an echo of our own writes is still recognised."""
MEANS = {
    "account": "customer.updated",
    "opportunity": "opportunity.updated",
    "quote": "quote.updated",
    "order": "order.updated",
    "contract": "contract.updated",
    "ticket": "ticket.updated",
}
"""What a change of a kind is called; of other kinds nobody hears."""
TIER = "tier"
_TIMESPEC = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}


class Overtaken(Exception):
    """Another process has asked from the same place on and was faster."""


@dataclass
class Polling:
    """Asks one system. `every`: how often it is asked while it answers."""

    intake: Intake
    system: str
    feed: ChangeFeed
    every: timedelta
    _failed: int = 0
    _until: datetime | None = None

    async def poll_changes(self) -> int:
        """Returns how many events were new. A system that sleeps is asked less and less often."""
        now = self.intake.clock()
        if self._until is not None and now < self._until:
            return 0
        try:
            new = await self._read_on()
        except CrmUnavailable as asleep:
            self._failed += 1
            pause = min(self.every * 2 ** min(self._failed, 10), LONGEST_PAUSE)
            self._until = now + pause
            log.warning(
                "polling_waits", system=self.system, seconds=pause.total_seconds(), reason=str(asleep)
            )
            return 0
        self._failed, self._until = 0, None
        if new:
            log.info("changes_polled", system=self.system, found=new)
        return new

    async def _read_on(self) -> int:
        new, cursor = 0, await self.intake.store.read(lambda session: place_of(session, self.system))
        for _ in range(MOST_PAGES):
            page = await self.feed.changes(cursor)
            if page.cursor == cursor and not page.changes:
                break
            tiers = await self.intake.store.read(lambda session, page=page: tiers_of(session, page.changes))  # type: ignore[misc]
            events = [event for one in page.changes if (event := event_of(self.system, one, tiers))]
            try:
                taken = await self.intake.accept(events, self._moving(cursor, page.cursor))
            except Overtaken:
                break
            new += sum(one.status == "accepted" for one in taken)
            cursor = page.cursor
            if not page.changes:
                break
        return new

    def _moving(self, before: str, after: str) -> Callable[[Session], None]:
        """Moves the place in the transaction that keeps the events; raises `Overtaken` where it is not where it was."""

        def move(session: Session) -> None:
            now = self.intake.clock()
            insert_new(session, PollRow, {"system": self.system, "cursor": "", "at": now})
            row = session.get_one(PollRow, self.system, with_for_update=True, populate_existing=True)
            if row.cursor != before:
                raise Overtaken(self.system)
            row.cursor, row.at = after, now

        return move


def place_of(session: Session, system: str) -> str:
    """The cursor to ask from; empty where the system was never asked."""
    row = session.get(PollRow, system)
    return row.cursor if row else ""


def event_of(system: str, change: Change, tiers: dict[str, Any]) -> dict[str, Any] | None:
    """The change in the form of an event; the same change is the same event. None for a kind that has no events."""
    means = MEANS.get(change.kind)
    if means is None:
        return None
    fields = {name: plain(value) for name, value in change.fields.items()}
    if change.deleted and change.kind in FIELDS:
        fields[FIELDS[change.kind]] = "已取消" if change.kind == "order" else GONE
    data = {
        "kind": change.kind,
        "entity": change.record_id,
        "account": change.account,
        "fields": fields,
    }
    at = change.at.isoformat(timespec=_TIMESPEC[change.precision])
    content = orjson.dumps([data, at, change.deleted], option=orjson.OPT_SORT_KEYS, default=str)
    return {
        "specversion": "1.0",
        "id": f"poll-{hashlib.sha256(content).hexdigest()[:24]}",
        "source": f"/crm/{system}",
        "type": f"{OURS}{_means(means, change, fields, tiers)}.v1",
        "time": at,
        "data": data,
    }


def _means(usual: str, change: Change, fields: dict[str, Any], tiers: dict[str, Any]) -> str:
    if change.kind == "order" and fields.get("status") in CANCELLED:
        return "order.cancelled"
    if change.kind == "opportunity" and fields.get("stage") in {*CLOSED_STAGES, GONE}:
        return "opportunity.closed"
    was = tiers.get(change.record_id)
    if change.kind == "account" and was is not None and fields.get(TIER) not in (None, was):
        return "tier.changed"
    return usual


def tiers_of(session: Session, changes: Sequence[Change]) -> dict[str, Any]:
    """What events said last of the customers' tiers: only a source that names the changed field could say it itself."""
    found = {}
    for one in changes:
        if one.kind == "account":
            row = session.get(EventStateRow, {"subject": subject_of("account", one.record_id), "field": TIER})
            found[one.record_id] = row.value if row else None
    return found
