"""Events in: kept, applied, and what they are to do queued, in one transaction. Every way in ends here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.channels import Happened
from bot.decision import DecisionId
from bot.deliveries import store_outcome
from bot.errors import NotFound
from bot.events.echo import echo_of
from bot.events.rules import Rule, fires, is_only_kept
from bot.events.webhooks import ReadHints, again, bury_broken, is_buried, keep
from bot.queues import Queue
from bot.store import Store
from bot.tables import ActionRow, DeliveryRow
from crm_bridge.events import (
    ChangeEvent,
    EventMap,
    Taken,
    read,
    release,
    replay,
    subject_of,
    system_of,
    take,
    translate,
)
from crm_bridge.events.tables import EventRow, EventStateRow
from crm_bridge.feed import Hint
from crm_bridge.lineage import system_name

log = structlog.get_logger()
CHANNEL = "feed"
AT_ONCE = 200
"""Events of one transaction: a batch of a thousand must not keep others from writing for long."""


@dataclass(frozen=True)
class Intake:
    """The pipeline that HTTP, brokers, feeds and the sweep share."""

    store: Store
    deliveries: Queue[DeliveryRow]
    maps: Sequence[EventMap]
    rules: Mapping[str, Rule]
    clock: Callable[[], datetime]
    hints: ReadHints | None = None
    """For dead letters of a webhook; None where no connected system sends any."""

    async def hinted(self, system: str, hints: Sequence[Hint], broken: Sequence[tuple[Any, str]]) -> None:
        """What one request of a webhook brought, in one transaction. `broken`: events with the reason why."""
        now = self.clock()

        def work(session: Session) -> None:
            for hint in hints:
                keep(session, self.deliveries, hint, now)
            for event, reason in broken:
                bury_broken(session, system, event, reason, now)

        await self.store.write(work)
        if broken:
            log.warning("hints_dead", system=system, count=len(broken), reason=broken[0][1])

    async def accept(
        self, events: Sequence[Mapping[str, Any]], along: Callable[[Session], None] | None = None
    ) -> list[Taken]:
        """When this returns, what was accepted cannot be lost, and what it is to do is queued.

        `along` is done in the transaction of the last of them; where it raises, those of that transaction are not kept.
        """
        answers: list[Taken] = []
        for start in range(0, max(len(events), 1), AT_ONCE):
            part = events[start : start + AT_ONCE]
            last = along if start + AT_ONCE >= len(events) else None
            answers += await self.store.write(partial(self._take, events=part, along=last))
        if dead := [one for one in answers if one.status == "dead"]:
            log.warning("events_dead", count=len(dead), uid=dead[0].uid, reason=dead[0].reason)
        return answers

    async def release_held(self) -> int:
        """Events whose clock was ahead, now that their time has come. Returns how many."""

        def work(session: Session) -> int:
            return len([self._follow(session, one) for one in release(session, self.maps, self.clock())])

        return await self.store.write(work)

    async def replay(self, uid: str) -> Taken:
        """A dead letter once more. Raises `NotFound`."""
        return await self.store.write(lambda session: self._replay(session, uid))

    def _replay(self, session: Session, uid: str) -> Taken:
        row = session.get(EventRow, uid)
        now = self.clock()
        if row is not None and row.state == "applied" and row.reason:
            change = translate(self.maps, read(row.payload), row.received_at)
            row.reason = ""
            session.add(row)
            self._queue(session, uid, change, change.fields, {}, f":{now.timestamp():.0f}")
            return Taken(uid, "accepted", change=change)
        if row is not None and row.state == "dead" and is_buried(row):
            return again(session, self.deliveries, self.hints, row, now)
        try:
            return self._follow(session, replay(session, self.maps, uid, now))
        except KeyError as error:
            raise NotFound(
                f"there is no dead letter {uid}; `yiju crm dead-letters list` shows them"
            ) from error

    def _take(
        self,
        session: Session,
        events: Sequence[Mapping[str, Any]],
        along: Callable[[Session], None] | None = None,
    ) -> list[Taken]:
        if along is not None:
            along(session)
        return [self._follow(session, one) for one in take(session, self.maps, events, self.clock())]

    def _follow(self, session: Session, taken: Taken) -> Taken:
        """An echo is noted and does nothing; what is news is queued for its effect."""
        change = taken.change
        if change is None or taken.status != "accepted":
            return taken
        if key := echo_of(session, change, self.clock()):
            self._note_echo(session, taken.uid, key)
        elif fires(rule := self.rules.get(change.type), taken) or is_only_kept(rule, taken):
            self._queue(session, taken.uid, change, taken.current, taken.before)
        return taken

    def _note_echo(self, session: Session, uid: str, key: str) -> None:
        row = session.get(EventRow, uid, populate_existing=True)
        action = session.execute(select(ActionRow).where(col(ActionRow.key) == key)).scalar()
        if row is not None and action is not None:
            row.echo_of = key
            row.causation = row.causation or cause_of(DecisionId(action.decision))
            session.add(row)

    def _queue(
        self,
        session: Session,
        uid: str,
        change: ChangeEvent,
        current: Mapping[str, Any],
        before: Mapping[str, Any],
        again: str = "",
    ) -> None:
        subject = subject_of(change.kind, change.entity)
        known = session.get(EventStateRow, {"subject": subject, "field": "account"})
        happened = Happened(
            key=f"event:{uid}{again}",
            conversation=f"event:{change.type}:{subject}",
            event=uid,
            means=change.type,
            customer=change.account or str((known and known.value) or ""),
            entity=change.entity,
            system=_named(self.maps, change.source),
            at=change.at,
            current=dict(current),
            before=dict(before),
            details=dict(change.details),
        )
        store_outcome(session, self.deliveries, CHANNEL, happened, self.clock())


def _named(maps: Sequence[EventMap], source: str) -> str:
    """As people call the system; what the customer system tells when it is asked comes from /crm/<its key>."""
    found = system_of(maps, source)
    return system_name(source.split("/")[2]) if found == source and source.startswith("/crm/") else found


def cause_of(decision: DecisionId) -> str:
    """How an event names the decision it came from."""
    return f"decision:{decision}"


def mark(session: Session, uid: str, reason: str) -> None:
    """An event that was applied and whose effect found nobody: it joins the dead letters."""
    values = {"reason": reason[:500]}
    session.execute(update(EventRow).where(col(EventRow.uid) == uid).values(**values))
