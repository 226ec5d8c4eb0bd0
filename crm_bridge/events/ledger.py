"""The ledger of events: each kept once, its changes applied in order of their own time, broken ones kept with a reason.

Everything works in the caller's transaction; on PostgreSQL several processes may take events of one entity at once, so a
field's row is locked before its changes are compared, in one order for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from crm_bridge.events.envelope import content_id, read
from crm_bridge.events.maps import EventMap, translate
from crm_bridge.events.model import ChangeEvent, EventState, EventUnreadable, Incoming, Taken
from crm_bridge.events.order import newest
from crm_bridge.events.tables import EventChangeRow, EventRow, EventStateRow

AHEAD = timedelta(minutes=5)
"""How far a source's clock may be ahead of ours; what is further is held until then."""


def take(
    session: Session, maps: Sequence[EventMap], events: Sequence[Mapping[str, Any]], now: datetime
) -> list[Taken]:
    """Keep events and apply what they change. One answer for each, in the order given."""
    opened = [_open(maps, event, now) for event in events]
    answers: dict[int, Taken] = {}
    fresh: dict[str, tuple[int, ChangeEvent]] = {}
    for index in sorted(range(len(opened)), key=lambda i: opened[i][0].uid):
        incoming, change, reason = opened[index]
        status, due = _status(change, now)
        row = _row(incoming, change, status, reason, now, due, dict(events[index]))
        if not insert_new(session, EventRow, row):
            _again(session, incoming.uid)
            answers[index] = Taken(incoming.uid, "duplicate")
        elif change is not None and status is EventState.APPLIED:
            fresh[incoming.uid] = (index, change)
        else:
            answers[index] = Taken(incoming.uid, status.value, reason, change)
    for uid, (index, change) in sorted(fresh.items(), key=lambda one: _place(one[1][1])):
        answers[index] = apply(session, uid, change)
    return [answers[index] for index in range(len(events))]


def bury(session: Session, event: Mapping[str, Any], reason: str, now: datetime) -> Taken:
    """Keep an event that whoever received it could not read, as a dead letter."""
    incoming = read(event)
    row = _row(incoming, None, EventState.DEAD, reason, now, None, dict(event))
    if not insert_new(session, EventRow, row):
        _again(session, incoming.uid)
        return Taken(incoming.uid, "duplicate")
    return Taken(incoming.uid, EventState.DEAD.value, reason)


def revive(session: Session, uid: str, reason: str = "") -> bool:
    """A buried event that could be read after all, or with `reason` could not again. False: it is no dead letter."""
    row = session.get(EventRow, uid)
    state = EventState.DEAD if reason else EventState.APPLIED
    return (
        row is not None
        and row.state == EventState.DEAD.value
        and _set(session, row, state, reason=reason[:500])
    )


def apply(session: Session, uid: str, change: ChangeEvent) -> Taken:
    """Add the changes of one event to the history of its entity, and let the newest count."""
    subject, current, before = subject_of(change.kind, change.entity), dict[str, Any](), dict[str, Any]()
    told = dict(change.fields) | ({"account": change.account} if change.account else {})
    for name in sorted(told):
        state = _locked(session, subject, name, change.kind)
        made = EventChangeRow(
            event=uid,
            field=name,
            subject=subject,
            kind=change.kind,
            value=told[name],
            at=change.at,
            second=int(change.at.timestamp()),
            precision=change.precision,
            sequence=change.sequence,
            source=change.source,
        )
        was = state.value
        if _wins(session, state, made):
            state.value, state.event, state.second = made.value, uid, made.second
            if name in change.fields:
                current[name], before[name] = made.value, was
        session.add(made)
        session.flush()
    return Taken(uid, "accepted", change=change, current=current, before=before)


def release(session: Session, maps: Sequence[EventMap], now: datetime, most: int = 200) -> list[Taken]:
    """Apply held events whose time has come."""
    query = select(EventRow).where(col(EventRow.state) == EventState.HELD.value, col(EventRow.due_at) <= now)
    rows = session.execute(query.order_by(col(EventRow.due_at)).limit(most)).scalars().all()
    return [_applied_later(session, maps, row, now) for row in rows]


def replay(session: Session, maps: Sequence[EventMap], uid: str, now: datetime) -> Taken:
    """Read a dead letter once more, by the maps as they are now. Raises `KeyError` where there is none of that name."""
    row = session.get(EventRow, uid)
    if row is None or row.state != EventState.DEAD.value:
        raise KeyError(uid)
    return _applied_later(session, maps, row, now)


def _applied_later(session: Session, maps: Sequence[EventMap], row: EventRow, now: datetime) -> Taken:
    try:
        change = translate(maps, read(row.payload), row.received_at)
    except EventUnreadable as error:
        _set(session, row, EventState.DEAD, reason=str(error)[:500])
        return Taken(row.uid, EventState.DEAD.value, str(error))
    status, due = _status(change, now)
    if not _set(session, row, status, reason="", due_at=due, **_meaning(change)):
        return Taken(row.uid, "duplicate")  # another process was faster
    return (
        apply(session, row.uid, change)
        if status is EventState.APPLIED
        else Taken(row.uid, status.value, change=change)
    )


def _set(session: Session, row: EventRow, state: EventState, **values: Any) -> bool:
    still = col(EventRow.uid) == row.uid, col(EventRow.state) == row.state
    done = session.execute(
        update(EventRow)
        .where(*still)
        .values(state=state.value, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _open(
    maps: Sequence[EventMap], event: Mapping[str, Any], now: datetime
) -> tuple[Incoming, ChangeEvent | None, str]:
    try:
        incoming = read(event)
    except EventUnreadable as error:
        named = str(event.get("id") or content_id(event, None))[:500]
        broken = Incoming(named, str(event.get("source") or "?")[:500], str(event.get("type") or "?")[:500])
        return replace(broken, id=f"broken:{content_id(event, None)}"), None, str(error)
    try:
        return incoming, translate(maps, incoming, now), ""
    except EventUnreadable as error:
        return incoming, None, str(error)


def _status(change: ChangeEvent | None, now: datetime) -> tuple[EventState, datetime | None]:
    if change is None:
        return EventState.DEAD, None
    return (EventState.HELD, change.at) if change.at > now + AHEAD else (EventState.APPLIED, None)


def _row(
    incoming: Incoming,
    change: ChangeEvent | None,
    state: EventState,
    reason: str,
    now: datetime,
    due: datetime | None,
    payload: dict[str, Any],
) -> dict[str, Any]:
    values = {
        "uid": incoming.uid,
        "id": incoming.id,
        "source": incoming.source,
        "type": incoming.type,
        "state": state.value,
        "reason": (f"the clock is {change.at - now} ahead" if change and due else reason)[:500],
        "received_at": now,
        "due_at": due,
        "causation": incoming.causation,
        "correlation": incoming.correlation or incoming.causation,
        "echo_of": "",
        "seen": 1,
        "payload": payload,
    }
    nothing = {"at": None, "precision": "", "means": "", "kind": "", "entity": "", "account": ""}
    return values | (_meaning(change) if change else nothing)


def _meaning(change: ChangeEvent) -> dict[str, Any]:
    return {
        "at": change.at,
        "precision": change.precision,
        "means": change.type,
        "kind": change.kind,
        "entity": change.entity,
        "account": change.account,
    }


def _again(session: Session, uid: str) -> None:
    counted = update(EventRow).where(col(EventRow.uid) == uid).values(seen=EventRow.seen + 1)
    session.execute(counted.execution_options(synchronize_session=False))


def _locked(session: Session, subject: str, name: str, kind: str) -> EventStateRow:
    """The field's row, there from now on and nobody else's until the end of the transaction."""
    key = {"subject": subject, "field": name}
    found = session.get(EventStateRow, key, with_for_update=True, populate_existing=True)
    if found is None:
        insert_new(session, EventStateRow, {**key, "kind": kind, "value": None, "event": "", "second": -1})
        found = session.get(EventStateRow, key, with_for_update=True, populate_existing=True)
    assert found is not None
    return found


def _wins(session: Session, state: EventStateRow, made: EventChangeRow) -> bool:
    if made.second != state.second:
        return made.second > state.second
    query = select(EventChangeRow).where(
        col(EventChangeRow.subject) == made.subject,
        col(EventChangeRow.field) == made.field,
        col(EventChangeRow.second) == made.second,
    )
    rivals = session.execute(query).scalars().all()
    winner = newest([*rivals, made])
    if winner is not made and winner.event != state.event:
        state.value, state.event = (
            winner.value,
            winner.event,
        )  # a coarser clock joined: the tie reads otherwise
    return winner is made


def subject_of(kind: str, entity: str) -> str:
    return f"{kind}:{entity}"


def _place(change: ChangeEvent) -> tuple[str, str, datetime, str]:
    return change.kind, change.entity, change.at, change.id


def insert_new(session: Session, table: type[SQLModel], values: Mapping[str, Any]) -> bool:
    """False where a row of that key is there already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    done = session.execute(statement.execution_options(preserve_rowcount=True))
    return bool(done.rowcount)  # type: ignore[attr-defined]
