"""A feed made of questions: what was modified since, asked with an overlap, told once. Implements `ChangeFeed`.

A time of modification is taken before its transaction commits, and many systems keep whole seconds only: asking from the
last time on loses rows, asking from a little earlier repeats them. So it is asked from earlier, and what was told already
is remembered by record, time and content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from crm_bridge.calling import CallRefused
from crm_bridge.feed import Change, ChangePage, Hint
from crm_bridge.mapping import (
    Mapping,
    ObjectMap,
    Row,
    Sheet,
    account_of,
    gone,
    identity,
    instant,
    pick,
    precision_of,
    record_of,
)

log = structlog.get_logger()
OVERLAP = timedelta(seconds=120)
"""Longer than the source's longest transaction, a search index that lags, and what clocks differ by."""


class Polled(Protocol):
    """A `RemoteSystem` that can be asked for changes; of some kinds only, where it has a list `polled`."""

    mapping: Mapping

    async def since(self, kind: str, at: datetime) -> Sequence[Row]:
        """All rows modified at that time or later, deleted ones too where the system shows them."""

    async def record(self, kind: str, record: str) -> Row | None: ...

    def is_deleted(self, row: Row) -> bool: ...


def feed_of(crm: object, clock: Callable[[], datetime], kinds: Sequence[str] = ()) -> RemoteFeed | None:
    """The feed of an adapter whose system can be asked what changed; None for the others."""
    system = getattr(crm, "system", None)
    if system is None or not hasattr(system, "since") or getattr(system, "polled", None) == []:
        return None
    return RemoteFeed(system, clock, kinds)


@dataclass(frozen=True)
class _Place:
    """How far one kind was read. `told`: what was told already → its time, as far back as is asked again."""

    newest: datetime
    told: dict[str, datetime]


class RemoteFeed:
    """`kinds`: which are asked for; without a choice all that say when they were modified."""

    def __init__(
        self,
        system: Polled,
        clock: Callable[[], datetime],
        kinds: Sequence[str] = (),
        overlap: timedelta = OVERLAP,
    ) -> None:
        self._system = system
        self._clock = clock
        self._overlap = overlap
        known = [kind for kind, mapped in system.mapping.objects() if mapped.modified and kind != "contact"]
        known = [kind for kind in known if kind in getattr(system, "polled", known)]
        self._kinds = [kind for kind in known if not kinds or kind in kinds]

    async def changes(self, cursor: str) -> ChangePage:
        places, told = _read(cursor), []
        for kind in self._kinds:
            place = places.get(kind) or _Place(self._clock(), {})
            try:
                rows = await self._system.since(kind, place.newest - self._overlap)
            except CallRefused as error:  # a module or a right is missing: the other kinds still tell
                log.warning(
                    "crm_kind_not_polled", system=self._system.mapping.system, kind=kind, reason=error.words
                )
                continue
            places[kind], fresh = self._advanced(kind, place, rows)
            told += fresh
        return ChangePage(tuple(sorted(told, key=lambda one: (one.at, one.record_id))), _written(places))

    async def changed(self, kind: str, record: str) -> Change | None:
        """One record as it is now: the same change as the next question will find, so that it counts once."""
        row, mapped = await self._system.record(kind, record), self._object(kind)
        if row is None or not (raw := pick(row, mapped.modified) or pick(row, mapped.created)):
            return None
        time = self._system.mapping.time
        return self._change(kind, row, instant(raw, time), precision_of(raw, time))

    def taken_away(self, hint: Hint) -> Change:
        mapping = self._system.mapping
        return Change(
            mapping.name, hint.kind, self._object(hint.kind).object, f"{mapping.prefix(hint.kind)}{hint.record}", "", {},
            hint.at, "ms", deleted=True,
        )  # fmt: skip

    def _advanced(self, kind: str, place: _Place, rows: Sequence[Row]) -> tuple[_Place, list[Change]]:
        mapped, mapping = self._object(kind), self._system.mapping
        seen, fresh, newest = dict(place.told), [], place.newest
        for row in rows:
            raw = pick(row, mapped.modified) or pick(row, mapped.created)
            at = instant(raw, mapping.time)
            newest = max(newest, at)
            mark = _mark(str(pick(row, mapped.id)), raw, row)
            if mark not in seen:
                fresh.append(self._change(kind, row, at, precision_of(raw, mapping.time)))
            seen[mark] = at
        # a source whose clock is ahead must not carry the place into our future: what commits later would be behind it
        newest = min(newest, max(place.newest, self._clock()))
        kept = {mark: at for mark, at in seen.items() if at >= newest - self._overlap}
        return _Place(newest, kept), fresh

    def _change(self, kind: str, row: Row, at: datetime, precision: str) -> Change:
        mapping, mapped = self._system.mapping, self._object(kind)
        if kind == "account":
            read = account_of(mapping, Sheet(row), self._clock())
            fields = {"name": read.name, "owner": read.owner}
            fields |= {one.name: one.value for one in read.fields}
            account = str(read.id)
        else:
            record = record_of(mapping, kind, row, self._clock())
            fields = {"title": record.title, **{one.name: one.value for one in record.fields}}
            owner = pick(row, mapped.account)
            account = f"{mapping.prefix('account')}{owner}" if owner else ""
        return Change(
            mapping.name, kind, mapped.object, identity(mapping, kind, row), account, fields, at, precision,
            deleted=self._system.is_deleted(row) or gone(mapped, row),
        )  # fmt: skip

    def _object(self, kind: str) -> ObjectMap:
        mapped = self._system.mapping.of(kind)
        assert mapped is not None
        return mapped


def _mark(record: str, raw: Any, row: Row) -> str:
    content = json.dumps(row, sort_keys=True, default=repr)
    return hashlib.sha256(f"{record}\0{raw}\0{content}".encode()).hexdigest()[:24]


def _read(cursor: str) -> dict[str, _Place]:
    held = json.loads(cursor) if cursor else {}
    return {
        kind: _Place(_at(one["newest"]), {mark: _at(at) for mark, at in one["told"].items()})
        for kind, one in held.items()
    }


def _written(places: dict[str, _Place]) -> str:
    return json.dumps(
        {
            kind: {
                "newest": one.newest.isoformat(),
                "told": {mark: at.isoformat() for mark, at in one.told.items()},
            }
            for kind, one in places.items()
        }
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
