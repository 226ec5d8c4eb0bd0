"""A worker works lanes side by side and each in order, survives what goes wrong, and two never work one together."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import pytest
from sqlmodel import Session

from bot.leases import StoredLeases
from bot.queues import MAX_ATTEMPTS, AlreadyFinished, Claimed, Queue
from bot.store import Store
from bot.tables import DeliveryRow
from bot.worker import Worker
from tests.fakes.clock import Clock
from tests.fakes.queues import deliveries, fill, keys, rows

Work = Callable[[Sequence[DeliveryRow]], Awaitable[None]]


@pytest.fixture
def queue(store: Store) -> Queue[DeliveryRow]:
    return deliveries(store)


class Crew:
    """Work that notes what it was given and finishes the first row; `bad` keys raise."""

    def __init__(self, queue: Queue[DeliveryRow], clock: Clock, bad: frozenset[str] = frozenset()) -> None:
        self.queue, self.clock, self.bad = queue, clock, bad
        self.done: list[str] = []

    async def __call__(self, given: Sequence[DeliveryRow]) -> None:
        row = given[0]
        if row.key in self.bad:
            raise ValueError(f"cannot read {row.key}")
        await self.queue.store.write(lambda session: self.queue.finish(session, row, self.clock()))
        self.done.append(row.key)


async def test_everything_due_is_worked_once_and_each_lane_in_order(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/a1", "b/b1", "a/a2", "b/b2", "a/a3")
    crew = Crew(queue, clock)
    assert await Worker(queue, crew, clock).drain() == 5
    assert sorted(crew.done) == ["a1", "a2", "a3", "b1", "b2"]
    for lane in "ab":
        mine = [key for key in crew.done if key[0] == lane]
        assert mine == sorted(mine)


async def test_lanes_are_worked_side_by_side_and_one_lane_never_twice_at_once(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/a1", "a/a2", "b/b1", "c/c1")
    both, together, running = asyncio.Event(), set[str](), set[str]()
    crew = Crew(queue, clock)

    async def work(given: Sequence[DeliveryRow]) -> None:
        lane = given[0].lane
        assert lane not in running
        running.add(lane)
        together.update(running)
        if len(running) == 3:
            both.set()
        await both.wait()  # hangs, and times out, unless three lanes run together
        await crew(given)
        running.discard(lane)
        if len(crew.done) == 4:
            worker.stop()

    worker = Worker(queue, work, clock, parallel=3)
    await worker.run()
    assert together == {"a", "b", "c"}
    assert keys(queue.store, "waiting") == []


async def test_a_wake_up_starts_the_work_and_stop_lets_it_end(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    crew = Crew(queue, clock)

    async def work(given: Sequence[DeliveryRow]) -> None:
        begun.set()
        await may_end.wait()
        await crew(given)

    worker = Worker(queue, work, clock)
    running = asyncio.create_task(worker.run())
    fill(queue, clock(), "a/1", "a/2")
    worker.wake()
    await begun.wait()
    worker.stop()
    may_end.set()
    await running
    assert crew.done == ["1"]
    assert keys(queue.store, "waiting") == ["2"]


class Looks:
    """What each look at the queue found; none comes by itself within the test."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.found: list[str | None] = []
        self.in_vain = asyncio.Event()
        self._claim, self._loop = Queue.claim, asyncio.get_running_loop()
        patch.setattr(Queue, "claim", lambda queue, session, now: self._noted(queue, session, now))
        patch.setattr("bot.worker.LOOK_EVERY", 600.0)

    def _noted(
        self, queue: Queue[DeliveryRow], session: Session, now: datetime
    ) -> Claimed[DeliveryRow] | None:
        claimed = self._claim(queue, session, now)
        self.found.append(claimed and claimed.lane)
        if claimed is None:
            self._loop.call_soon_threadsafe(self.in_vain.set)
        return claimed


async def test_the_only_lane_costs_one_look(
    queue: Queue[DeliveryRow], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    fill(queue, clock(), "a/a1")
    crew = Crew(queue, clock)

    async def work(given: Sequence[DeliveryRow]) -> None:
        await crew(given)
        worker.stop()

    worker = Worker(queue, work, clock)
    await worker.run()
    assert (crew.done, looks.found) == (["a1"], ["a"])


async def test_what_comes_into_a_lane_in_hand_is_worked_when_the_lane_comes_free(
    queue: Queue[DeliveryRow], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    fill(queue, clock(), "a/a1")
    crew = Crew(queue, clock)

    async def work(given: Sequence[DeliveryRow]) -> None:
        if not crew.done:
            fill(queue, clock(), "a/a2")
            worker.wake()
            await looks.in_vain.wait()
        await crew(given)
        if len(crew.done) == 2:
            worker.stop()

    worker = Worker(queue, work, clock)
    await worker.run()
    assert (crew.done, looks.found) == (["a1", "a2"], ["a", None, "a"])


async def test_the_rest_of_a_lane_follows_without_a_wake_up(
    queue: Queue[DeliveryRow], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    fill(queue, clock(), "a/a1", "a/a2")
    crew = Crew(queue, clock)

    async def work(given: Sequence[DeliveryRow]) -> None:
        await crew(given)
        if len(crew.done) == 2:
            worker.stop()

    worker = Worker(queue, work, clock)
    await worker.run()
    assert (crew.done, looks.found) == (["a1", "a2"], ["a", "a"])


async def test_a_crash_before_the_commit_leaves_the_row_waiting(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1", "a/2")
    reached = asyncio.Event()

    async def hang(_: Sequence[DeliveryRow]) -> None:
        reached.set()
        await asyncio.Event().wait()

    process = asyncio.create_task(Worker(queue, hang, clock).run())
    await reached.wait()
    process.cancel()
    with pytest.raises(asyncio.CancelledError):
        await process
    assert keys(queue.store, "waiting") == ["1", "2"]
    restarted = deliveries(queue.store)
    clock.advance(seconds=20)
    crew = Crew(restarted, clock)
    await Worker(restarted, crew, clock).drain()
    assert crew.done == ["1", "2"]


async def test_work_that_raises_is_tried_again_later_with_growing_pauses(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1", "a/2")
    crew = Crew(queue, clock, bad=frozenset({"1"}))
    pauses = []
    for _ in range(3):
        await Worker(queue, crew, clock).drain()
        first = rows(queue.store)[0]
        pauses.append((first.next_at - clock()).total_seconds())
        clock.now = first.next_at
    assert pauses == sorted(pauses)
    assert 0.2 <= pauses[0] <= 0.3
    assert rows(queue.store)[0].error == "ValueError: cannot read 1"
    assert crew.done == []  # the row behind waits for the first
    crew.bad = frozenset()
    await Worker(queue, crew, clock).drain()
    assert crew.done == ["1", "2"]


async def test_a_row_that_never_works_is_buried_told_and_passed(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1", "a/2")
    crew, told = Crew(queue, clock, bad=frozenset({"1"})), list[str]()

    def on_dead(session: Session, row: DeliveryRow, error: str) -> None:
        told.append(row.key)

    worker = Worker(queue, crew, clock, on_dead=on_dead)
    for _ in range(MAX_ATTEMPTS):
        assert told == []
        await worker.drain()
        clock.advance(minutes=10)
    assert (told, crew.done) == (["1"], ["2"])
    (dead,) = rows(queue.store, "dead")
    assert (dead.attempts, dead.error) == (MAX_ATTEMPTS, "ValueError: cannot read 1")


async def test_a_row_that_another_worker_finished_is_no_error(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1")
    crew = Crew(queue, clock)

    async def too_late(given: Sequence[DeliveryRow]) -> None:
        await crew(given)  # the other worker
        await crew(given)

    await Worker(queue, too_late, clock).drain()
    assert [(row.state, row.attempts) for row in rows(queue.store)] == [("done", 0)]


async def test_work_that_fails_after_another_worker_finished_does_not_stop_the_worker(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1", "b/2")
    crew = Crew(queue, clock)

    async def lose_then_fail(given: Sequence[DeliveryRow]) -> None:
        await crew(given)
        if given[0].key == "1":
            raise RuntimeError("and then the network went")

    await Worker(queue, lose_then_fail, clock).drain()
    assert crew.done == ["1", "2"]
    assert keys(queue.store, "done") == ["1", "2"]


@pytest.mark.parametrize("when", ["telling", "burying"])
async def test_a_store_that_is_away_at_the_worst_moment_does_not_stop_the_other_lanes(
    queue: Queue[DeliveryRow], clock: Clock, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, clock(), "a/1", "b/2")
    crew = Crew(queue, clock, bad=frozenset({"1"}))

    def broken(*_: object) -> None:
        raise OSError("the store is away")

    monkeypatch.setattr("bot.worker.MAX_ATTEMPTS", 1)
    if when == "burying":
        monkeypatch.setattr(Queue, "bury", broken)

    async def stop_after_two(given: Sequence[DeliveryRow]) -> None:
        try:
            await crew(given)
        finally:
            if given[0].key == "2":
                worker.stop()

    worker = Worker(queue, stop_after_two, clock, on_dead=broken, parallel=1)
    await worker.run()
    assert crew.done == ["2"]


async def test_a_failed_look_at_the_queue_is_no_more_than_a_pause(
    queue: Queue[DeliveryRow], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the store is away")

    fill(queue, clock(), "a/1")
    crew = Crew(queue, clock)
    with monkeypatch.context() as patch:
        patch.setattr(Queue, "claim", broken)
        assert await Worker(queue, crew, clock).drain() == 0
    assert await Worker(queue, crew, clock).drain() == 1


async def test_two_workers_with_stored_leases_never_work_a_lane_together(store: Store, clock: Clock) -> None:
    lanes, each = 6, 5
    running: dict[str, int] = defaultdict(int)
    clashes, done = list[str](), list[str]()
    finished = asyncio.Event()

    def worker() -> Worker[DeliveryRow]:
        queue = deliveries(store, StoredLeases(store))

        async def work(given: Sequence[DeliveryRow]) -> None:
            row = given[0]
            running[row.lane] += 1
            if running[row.lane] > 1:
                clashes.append(row.lane)
            try:
                await store.write(lambda session: queue.finish(session, row, clock()))
                done.append(row.key)
            except AlreadyFinished:
                clashes.append(row.key)
            running[row.lane] -= 1
            if len(done) == lanes * each:
                finished.set()

        return Worker(queue, work, clock, parallel=3)

    fill(deliveries(store), clock(), *(f"{lane}/{lane}.{n}" for n in range(each) for lane in range(lanes)))
    workers = [worker(), worker(), worker()]
    tasks = [asyncio.create_task(one.run()) for one in workers]
    await finished.wait()
    for one in workers:
        one.stop()
    await asyncio.gather(*tasks)
    assert clashes == []
    assert len(done) == len(set(done)) == lanes * each
    for lane in range(lanes):
        mine = [key for key in done if key.startswith(f"{lane}.")]
        assert mine == sorted(mine)
