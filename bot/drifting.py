"""The weekly look at what people say to us: is it still what the model was made for?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import structlog
from sqlalchemy import select
from sqlmodel import Session, col

from bot import journal, turns
from bot.leases import Leases
from bot.outbox import Outbox
from bot.people import Role
from bot.store import Store
from bot.tables import CorrectionRow, DecisionRow, TurnRow
from bot.telling import tell
from intents import (
    Drift,
    Example,
    Figures,
    LiveReading,
    Registry,
    Shift,
    Taxonomy,
    compare_live,
    see_live,
)
from prompts import phrase

log = structlog.get_logger()
SUBJECT, LEASE = "intents:drift", "job:drift"
WEEK = timedelta(days=7)
MOST = 5000
"""Utterances looked at, the newest."""
FIRST_WEEKS = 4
"""Of a model: what was asked then is what later weeks are held against."""


@dataclass(frozen=True)
class DriftWatch:
    """Compares a week of utterances with the model card and tells admins and trainers of an alarm."""

    store: Store
    registry: Registry
    outbox: Outbox
    leases: Leases
    clock: Callable[[], datetime]

    async def watch_when_due(self) -> Drift | None:
        """What was found, or None where a look is less than a week ago or another process is at it."""
        if not await self.store.write(lambda session: self.leases.take(session, LEASE, self.clock())):
            return None
        try:
            last = await self.store.read(last_look)
            return None if last and self.clock() - last < WEEK else await self._watch()
        finally:
            await self.store.write(lambda session: self.leases.release(session, LEASE))

    async def look(self) -> Drift:
        """The last seven days as they would be read today; changes nothing."""
        return (await self._look())[0]

    async def _watch(self) -> Drift:
        drift, figures = await self._look()
        await self.store.write(lambda session: self._record(session, drift, figures))
        log.info("drift_watched", readings=drift.readings, alarms=[one.name for one in drift.alarms])
        return drift

    async def _look(self) -> tuple[Drift, Figures]:
        now, model = self.clock(), await asyncio.to_thread(self.registry.champion)
        said = await self.store.read(lambda session: utterances(session, now - WEEK, now))
        before = await self.store.read(lambda session: first_weeks(session, model.hash))

        def read() -> tuple[Drift, Figures]:
            live = [_judged(see_live(model, case), chosen) for case, chosen in said]
            then = Figures.of_json(model.card.get("figures", {}))
            return compare_live(model.hash, then, live, before), Figures.of(live)

        return await asyncio.to_thread(read)

    def _record(self, session: Session, drift: Drift, figures: Figures) -> None:
        now = self.clock()
        shifts = {one.name: [round(one.size, 4), round(one.p, 5), one.alarm] for one in drift.shifts}
        body = {"model": drift.model, "shifts": shifts, "figures": figures.as_json()}
        journal.append(session, who="clock", what="DriftWatched", subject=SUBJECT, at=now, body=body)
        if drift.alarms:
            roles = (Role.ADMIN, Role.TRAINER)
            tell(
                session,
                self.outbox,
                roles,
                told(drift, self.registry.taxonomy()),
                f"drift:{now.date().isoformat()}",
                now,
            )


def utterances(session: Session, since: datetime, until: datetime) -> list[tuple[Example, str | None]]:
    """What was said, and the intent on which a person decided (None: nobody did)."""
    query = (
        select(TurnRow)
        .where(col(TurnRow.at) > since, col(TurnRow.at) <= until, col(TurnRow.text) != "")
        .where(turns.was_said(TurnRow.conversation))
        .order_by(col(TurnRow.at).desc())
        .limit(MOST)
    )
    chosen = _decided(session, since)
    found = []
    for row in session.execute(query).scalars():
        cards = turns.carded(session, row.conversation, row.at)
        context = turns.before(cards, row.customer, turn=row.id).earlier
        found.append((Example(row.id, row.text, row.speaker, "", context[-4:]), chosen.get(row.id)))
    return found


def _decided(session: Session, since: datetime) -> dict[str, str | None]:
    """Turn → the intent a person agreed to or corrected to; declined cards say nothing of the intent."""
    query = (
        select(col(DecisionRow.turn), col(DecisionRow.intent), col(DecisionRow.state))
        .where(col(DecisionRow.created_at) > since, col(DecisionRow.decided_by).is_not(None))
        .order_by(col(DecisionRow.created_at))
    )
    agreed = {
        turn: intent
        for turn, intent, state in session.execute(query)
        if state not in {"declined", "superseded"}
    }
    corrected = (
        select(col(DecisionRow.turn), col(CorrectionRow.corrected))
        .join(CorrectionRow, col(CorrectionRow.decision) == col(DecisionRow.id))
        .where(col(CorrectionRow.at) > since, col(CorrectionRow.kind) == "intent")
        .order_by(col(CorrectionRow.at))
    )
    return {**{turn: intent for turn, intent in session.execute(corrected)}, **agreed}


def _judged(live: LiveReading, chosen: str | None) -> LiveReading:
    return live.judged(None if chosen is None else chosen != live.intent)


def last_look(session: Session) -> datetime | None:
    line = journal.latest(session, SUBJECT)
    return datetime.fromisoformat(line.at) if line else None


def first_weeks(session: Session, model: str) -> Sequence[Figures]:
    """Figures of this model's first weeks, as the journal keeps them."""
    bodies = [orjson.loads(line.body) for line in journal.lines(session, SUBJECT)]
    return [Figures.of_json(body["figures"]) for body in bodies if body["model"] == model][:FIRST_WEEKS]


def told(drift: Drift, taxonomy: Taxonomy) -> str:
    """An alarm in the words of admins and trainers."""
    shifts = "\n".join(_shift(one, taxonomy) for one in drift.alarms)
    examples = "\n".join(f"「{text}」" for text in drift.examples)
    return phrase("drift_alarm", readings=str(drift.readings), shifts=shifts, examples=examples)


def _shift(shift: Shift, taxonomy: Taxonomy) -> str:
    group, then, now = shift.most
    values = {"then": f"{then:.0%}", "now": f"{now:.0%}"}
    if shift.name == "corrected":
        return phrase("drift_corrected", **values)
    if shift.name == "intents" and group in taxonomy.intents:
        group = taxonomy.label(group)
    return phrase(f"drift_{shift.name}", group=group, size=f"{shift.size:.2f}", **values)
