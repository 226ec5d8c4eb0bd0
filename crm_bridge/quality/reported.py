"""What events say of their sources and fields. Shares and latencies are of the newest values, counts of a week, so a
board costs the same however much lies in store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, String, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import Mapped, aliased
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col

from crm_bridge.contracts.model import DataContract, FieldRule
from crm_bridge.events.tables import ODD, EventChangeRow, EventRow
from crm_bridge.quality.bounds import QualitySheet
from crm_bridge.quality.model import SINCE, FieldLine, SourceLine, age, invalid, null_rate, rank

NEWEST = 100
"""Values of a field, events of a source: enough for a p95, and what is wrong now is not lost in a week."""
ACCOUNT = "account"
"""The field in which an event names its customer."""


class _Told(NamedTuple):
    """A field that events of a source bring."""

    source: str
    kind: str
    field: str


def read(
    session: Session, now: datetime, contract: DataContract | None, bounds: QualitySheet
) -> tuple[tuple[SourceLine, ...], tuple[FieldLine, ...]]:
    """Every source that ever sent an event and every field that ever came by one, by name."""
    told = tuple(_known_fields(session))
    sources = _sources(session, told, now, bounds)
    return tuple(sources), tuple(_fields(session, told, now, contract, bounds))


def _sources(
    session: Session, told: Iterable[_Told], now: datetime, bounds: QualitySheet
) -> Iterator[SourceLine]:
    events = {source: count for source, count in session.execute(_counts(now))}
    odd = {row.source: row for row in session.execute(_oddities(now))}
    conflicts = _conflicts(session, told)
    for source in _each(session, col(EventRow.source)):
        row, last = odd.get(source), _last_event(session, source)
        late = _lateness(session.execute(_newest_events(source, now)).all())
        yield SourceLine(
            source=source,
            events=events.get(source, 0),
            latency_p50_s=rank(late, 0.5),
            latency_p95_s=rank(late, 0.95),
            clock_ahead=row.ahead if row else 0,
            repeated=row.repeated if row else 0,
            dead_letters=row.dead if row else 0,
            conflicts=conflicts.get(source, 0),
            last_event=last,
            silent_s=round((now - last).total_seconds(), 1),
            silent_target_s=bounds.of(source).silent_hours * 3600,
        )


def _fields(
    session: Session,
    known: Iterable[_Told],
    now: datetime,
    contract: DataContract | None,
    bounds: QualitySheet,
) -> Iterator[FieldLine]:
    kinds = {name.partition(".")[0] for name in contract.fields} if contract else set()
    for told in known:
        if told.field == ACCOUNT:
            continue
        name = f"{told.kind}.{told.field}"
        rule = contract.get(name) if contract else None
        outside = rule is None and told.kind in kinds
        newest = session.execute(_newest_values(told)).all()
        rows = [row for row in newest if row.at >= now - SINCE]
        late, values = _lateness(rows), [row.value for row in rows]
        target = bounds.expected(told.source, name)
        if target is None:
            target = _usual(told.source, [row.at for row in newest], contract, rule, bounds)
        yield FieldLine(
            source=told.source,
            field=name,
            values=len(rows),
            null_rate=null_rate(values),
            invalid=invalid(values, rule),
            violations=len(rows) if outside else 0,
            last=newest[0].at,
            age_s=age(newest[0].at, now),
            target_s=target.total_seconds() or None if target is not None else None,
            latency_p50_s=rank(late, 0.5),
            latency_p95_s=rank(late, 0.95),
        )


def _usual(
    source: str,
    times: Sequence[datetime],
    contract: DataContract | None,
    rule: FieldRule | None,
    bounds: QualitySheet,
) -> timedelta | None:
    """After how long without a value a field is late where nobody said so. `times`: of its newest values, latest first.

    The freshness that the contract promises of another system's field, otherwise the source's own silence; but no
    sooner than three of the longest pauses it has had. What comes seldom has no rhythm to be late against.
    """
    promised = rule.fresh if rule and contract and rule.authority != contract.source else None
    base = promised or timedelta(hours=bounds.of(source).silent_hours)
    if not base or len(times) < bounds.least_values:
        return None
    longest = max(later - earlier for later, earlier in pairwise(times))
    return max(base, 3 * longest)


def _lateness(rows: Iterable[Row[Any]]) -> list[float]:
    """Seconds from the source's time to ours; where its clock is ahead, nobody knows."""
    seconds = ((row.received_at - row.at).total_seconds() for row in rows)
    return [one for one in seconds if one >= 0]


def _counts(now: datetime) -> Select[*tuple[Any, ...]]:
    """How many events of each source the week brought: read in the index alone."""
    week = col(EventRow.received_at) >= now - SINCE
    return select(col(EventRow.source), func.count()).where(week).group_by(col(EventRow.source))


def _oddities(now: datetime) -> Select[*tuple[Any, ...]]:
    """What the week's events come to that are not as they should be; few, and an index holds only them."""
    row = EventRow
    failed = or_(col(row.state) == "dead", and_(col(row.state) == "applied", col(row.reason) != ""))
    return (
        select(
            col(row.source),
            _how_many(col(row.at) > col(row.received_at)).label("ahead"),
            func.sum(col(row.seen) - 1).label("repeated"),
            _how_many(failed).label("dead"),
        )
        .where(ODD, col(row.received_at) >= now - SINCE)
        .group_by(col(row.source))
    )


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _known_fields(session: Session) -> Iterator[_Told]:
    """Rows without a kind are of a process from before the update."""
    source, kind, field = col(EventChangeRow.source), col(EventChangeRow.kind), col(EventChangeRow.field)
    for of in _each(session, source):
        for what in _each(session, kind, source == of):
            for name in _each(session, field, source == of, kind == what):
                yield _Told(of, what, name)


def _each(session: Session, column: Mapped[Any], *where: ColumnElement[bool]) -> Iterator[str]:
    """Its different values in order: one step in the index for each, however many rows there are."""
    value = session.execute(select(func.min(column)).where(*where)).scalar_one()
    while value is not None:
        yield value
        value = session.execute(select(func.min(column)).where(*where, column > value)).scalar_one()


def _last_event(session: Session, source: str) -> datetime:
    query = select(func.max(col(EventRow.received_at))).where(col(EventRow.source) == source)
    last: datetime = session.execute(query).scalar_one()
    return last


def _newest_events(source: str, now: datetime) -> Select[*tuple[Any, ...]]:
    received = col(EventRow.received_at)
    return (
        select(col(EventRow.at), received)
        .where(col(EventRow.source) == source, received >= now - SINCE, col(EventRow.at).is_not(None))
        .order_by(received.desc())
        .limit(NEWEST)
    )


def _newest_values(told: _Told) -> Select[*tuple[Any, ...]]:
    at = col(EventChangeRow.at)
    return (
        select(at, col(EventChangeRow.value), col(EventRow.received_at))
        .join(EventRow, col(EventRow.uid) == col(EventChangeRow.event))
        .where(*_are(told))
        .order_by(at.desc())
        .limit(NEWEST)
    )


def _are(told: _Told) -> Iterator[ColumnElement[bool]]:
    yield col(EventChangeRow.source) == told.source
    yield col(EventChangeRow.kind) == told.kind
    yield col(EventChangeRow.field) == told.field


def _conflicts(session: Session, told: Iterable[_Told]) -> dict[str, int]:
    """Entities that a source's events give to more than one customer, of those it spoke of last."""
    found: dict[str, int] = defaultdict(int)
    for one in told:
        if one.field == ACCOUNT:
            found[one.source] += session.execute(_of_several(one)).scalar_one()
    return found


def _of_several(told: _Told) -> Select[*tuple[Any, ...]]:
    """Whatever else the source ever said of them is looked up by entity."""
    earlier, customer = aliased(EventChangeRow), cast(col(EventChangeRow.value), String).label("customer")
    newest = select(col(EventChangeRow.subject), customer).where(*_are(told))
    links = newest.order_by(col(EventChangeRow.at).desc()).limit(NEWEST).subquery()
    differs = exists().where(
        col(earlier.subject) == links.c.subject,
        col(earlier.field) == ACCOUNT,
        col(earlier.source) == told.source,
        cast(col(earlier.value), String) != links.c.customer,
    )
    return select(func.count(links.c.subject.distinct())).where(differs)
