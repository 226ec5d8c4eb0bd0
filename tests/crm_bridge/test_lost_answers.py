"""Answers that are lost by a system that works slowly and shows late: what was confirmed is made exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import Session

from crm_bridge import AccountId, CrmUnavailable, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import Lack, Receipts, RemoteCrm
from crm_bridge.adapters.remote.system import refused
from crm_bridge.adapters.remote.tables import ReceiptRow
from crm_bridge.calling import CallRefused, Kind, Problem
from crm_bridge.mapping import Mapping as SystemMapping
from crm_bridge.mapping import Row, Sheet
from crm_bridge.model import WriteKey as Key
from tests.fakes.clock import Clock

SETTLE_S = 60.0
KEY = WriteKey("lost-1")
WRITE = Write("task.create", AccountId("ACC-1"), {"title": "回电"}, "zhangsan")
MAPPING = SystemMapping.model_validate(
    {
        "system": "slow",
        "name": "慢系统",
        "settle_s": SETTLE_S,
        "account": {"object": "a", "fields": {"name": "name", "owner": "owner"}},
        "records": {"task": {"object": "t", "account": "account", "key": "key", "fields": {"title": {"source": "title", "write": True}}}},
    }
)  # fmt: skip
Notes = Callable[[], AbstractContextManager[Session]]


class Died(BaseException):
    """The process ends in the middle of a call."""


@dataclass
class Once:
    """How one sending goes: done after `works_s`, shown `lags_s` later; we stop listening after `waits_s`."""

    works_s: float
    lags_s: float
    waits_s: float
    ends: type[BaseException]


class SlowSystem:
    """Implements `RemoteSystem` on a clock that a test moves. Sent twice, it makes two, unless keys are `unique`."""

    mapping = MAPPING

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.next: list[Once] = []
        self.unique = False
        self.made: list[tuple[datetime, datetime, dict[str, Any]]] = []
        """When it is done, when it is shown, what."""

    @property
    def tasks(self) -> int:
        return len(self.made)

    async def create(self, kind: str, account: str, values: Mapping[str, Any], key: Key) -> Row:
        if self.unique and any(row["key"] == key for _, _, row in self.made):
            self.clock.advance(seconds=0.1)
            raise refused("慢系统", _duplicate())
        how = self.next.pop(0) if self.next else Once(0, 0, 0, OutcomeUnknown)
        row = {"id": str(len(self.made) + 1), "account": account, "key": key, **values}
        done = self.clock() + timedelta(seconds=how.works_s)
        self.made.append((done, done + timedelta(seconds=how.lags_s), row))
        self.clock.advance(seconds=how.waits_s)
        if how.waits_s < how.works_s or how.ends is Died:
            raise how.ends("no answer")
        return row

    async def find(self, kind: str, key: Key, account: str) -> Row | None:
        shown = [row for _, shown, row in self.made if row["key"] == key and shown <= self.clock()]
        return shown[0] if shown else None

    async def record(self, kind: str, record: str) -> Row | None:
        if kind == "account":
            return {"id": record, "name": "华东仁和", "owner": "zhangsan"}
        return next((row for at, _, row in self.made if row["id"] == record and at <= self.clock()), None)

    async def accounts(self) -> Sequence[Row]:
        raise NotImplementedError

    async def contacts(self) -> Mapping[str, Sequence[Row]]:
        raise NotImplementedError

    async def sheet(self, account: str) -> Sheet | None:
        raise NotImplementedError

    async def change(self, kind: str, row: Row, values: Mapping[str, Any]) -> Row:
        raise NotImplementedError

    async def cancel(self, kind: str, row: Row) -> None:
        raise NotImplementedError

    async def check(self) -> Sequence[Lack]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


def _duplicate() -> CallRefused:
    return CallRefused(Problem(Kind.DUPLICATE, "there is one with this key"), httpx.Response(409))


async def until_done(system: SlowSystem, notes: Notes, pauses: Sequence[float]) -> Receipt:
    """As the executor does: again after a pause, in a process of its own each time."""
    for pause in (*pauses, *[SETTLE_S] * 4):
        crm = RemoteCrm(system, Receipts("slow", notes), system.clock)
        try:
            return await crm.carry_out(WRITE, KEY)
        except (CrmUnavailable, Died):
            system.clock.advance(seconds=pause)
    raise AssertionError("what was confirmed was never done")


LOST = st.builds(
    Once,
    works_s=st.floats(10.5, 40),
    lags_s=st.floats(0, 20),
    waits_s=st.just(10.0),
    ends=st.sampled_from([OutcomeUnknown, Died]),
)


@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(lost=LOST, pauses=st.lists(st.floats(0.1, 90), min_size=1, max_size=6))
def test_within_the_stated_time_whatever_works_late_or_shows_late_is_made_once(
    notes: Notes, lost: Once, pauses: list[float]
) -> None:
    with notes() as session:
        session.execute(delete(ReceiptRow))  # of the example before
    system = SlowSystem(Clock())
    system.next = [lost]
    receipt = asyncio.run(until_done(system, notes, pauses))
    assert system.tasks == 1
    assert receipt.record_id == "TASK-1"


async def test_the_wait_begins_when_the_answer_is_missed_not_when_the_write_was_sent(
    notes: Notes, clock: Clock
) -> None:
    """Calls may wait for their turn and for an answer longer than the system takes to show what it did."""
    system = SlowSystem(clock)
    system.next = [Once(works_s=SETTLE_S + 11, lags_s=0, waits_s=SETTLE_S + 10, ends=OutcomeUnknown)]
    crm = RemoteCrm(system, Receipts("slow", notes), clock)
    with pytest.raises(OutcomeUnknown):
        await crm.carry_out(WRITE, KEY)
    with pytest.raises(CrmUnavailable, match="may still be working"):
        await crm.carry_out(WRITE, KEY)
    clock.advance(seconds=5)
    assert (await crm.carry_out(WRITE, KEY)).record_id == "TASK-1"
    assert system.tasks == 1


async def test_a_write_that_was_never_done_is_sent_again_when_its_time_is_over(
    notes: Notes, clock: Clock
) -> None:
    system = SlowSystem(clock)
    system.next = [Once(works_s=11, lags_s=0, waits_s=10, ends=OutcomeUnknown)]
    crm = RemoteCrm(system, Receipts("slow", notes), clock)
    with pytest.raises(OutcomeUnknown):
        await crm.carry_out(WRITE, KEY)
    system.made.clear()  # the system lost it on its way
    clock.advance(seconds=SETTLE_S - 1)
    with pytest.raises(CrmUnavailable, match="may still be working"):
        await crm.carry_out(WRITE, KEY)
    clock.advance(seconds=1)
    assert (await crm.carry_out(WRITE, KEY)).record_id == "TASK-1"


async def test_a_clock_that_is_put_back_does_not_make_anyone_wait_for_it(notes: Notes, clock: Clock) -> None:
    system = SlowSystem(clock)
    system.next = [Once(works_s=11, lags_s=0, waits_s=10, ends=OutcomeUnknown)]
    crm = RemoteCrm(system, Receipts("slow", notes), clock)
    with pytest.raises(OutcomeUnknown):
        await crm.carry_out(WRITE, KEY)
    system.made.clear()
    clock.advance(hours=-1)
    with pytest.raises(CrmUnavailable):
        await crm.carry_out(WRITE, KEY)
    clock.advance(seconds=SETTLE_S)
    assert (await crm.carry_out(WRITE, KEY)).record_id == "TASK-1"


async def test_a_repetition_that_the_system_refuses_as_there_already_is_our_own_write(
    notes: Notes, clock: Clock
) -> None:
    """It shows the record later than it said, but its key is unique: nothing is made twice, and nobody is told no."""
    system = SlowSystem(clock)
    system.unique = True
    system.next = [Once(works_s=11, lags_s=SETTLE_S * 5, waits_s=10, ends=OutcomeUnknown)]
    receipt = await until_done(system, notes, [SETTLE_S + 1] * 6)
    assert system.tasks == 1
    assert receipt.record_id == "TASK-1"


async def test_a_first_attempt_that_is_refused_as_there_already_is_a_no(notes: Notes, clock: Clock) -> None:
    system = SlowSystem(clock)
    system.unique = True
    system.made.append((clock(), clock.now + timedelta(days=1), {"id": "9", "key": KEY, "account": "1"}))
    crm = RemoteCrm(system, Receipts("slow", notes), clock)
    with pytest.raises(WriteRefused, match="没有接受"):
        await crm.carry_out(WRITE, KEY)
    assert await crm.receipt(KEY) is None
