"""Rows are worked once, each lane in order, whatever dies in between."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from bot.leases import LEASE, InProcessLeases, StoredLeases
from bot.queues import AT_ONCE, AlreadyFinished, Queue
from bot.store import Store
from bot.tables import DeliveryRow
from tests.fakes.clock import Clock
from tests.fakes.queues import deliveries, fill, keys, put, rows


@pytest.fixture
def queue(store: Store) -> Queue[DeliveryRow]:
    return deliveries(store)


def claim(queue: Queue[DeliveryRow], clock: Clock) -> tuple[str, list[str]] | None:
    with queue.store.begin() as session:
        claimed = queue.claim(session, clock())
    return claimed and (claimed[0], [row.key for row in claimed[1]])


def finish(queue: Queue[DeliveryRow], clock: Clock, key: str) -> None:
    with queue.store.begin() as session:
        row = next(row for row in rows(queue.store) if row.key == key)
        queue.finish(session, row, clock())
        queue.release(session, row.lane)


def test_a_redelivered_key_is_one_row(queue: Queue[DeliveryRow], clock: Clock) -> None:
    with queue.store.begin() as session:
        assert put(queue, session, "a", "k1", clock())
        assert not put(queue, session, "a", "k1", clock())
    with queue.store.begin() as session:
        assert not put(queue, session, "b", "k1", clock())
    assert keys(queue.store) == ["k1"]


def test_a_key_that_was_finished_long_ago_stays_known(queue: Queue[DeliveryRow], clock: Clock) -> None:
    fill(queue, clock(), "a/k1")
    finish(queue, clock, "k1")
    with queue.store.begin() as session:
        assert not put(queue, session, "a", "k1", clock.advance(days=3))
    assert claim(queue, clock) is None


def test_a_lane_is_given_out_whole_and_in_order(queue: Queue[DeliveryRow], clock: Clock) -> None:
    fill(queue, clock(), "a/1", "b/2", "a/3", "a/4")
    assert claim(queue, clock) == ("a", ["1", "3", "4"])


def test_different_lanes_are_given_out_side_by_side_the_oldest_first(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "b/1", "a/2", "b/3")
    assert claim(queue, clock) == ("b", ["1", "3"])
    assert claim(queue, clock) == ("a", ["2"])
    assert claim(queue, clock) is None


def test_a_lane_in_hand_is_not_given_out_again_until_it_is_released(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1")
    assert claim(queue, clock) == ("a", ["1"])
    fill(queue, clock(), "a/2")
    assert claim(queue, clock) is None
    finish(queue, clock, "1")
    assert claim(queue, clock) == ("a", ["2"])


def test_a_long_lane_is_given_out_in_pieces(queue: Queue[DeliveryRow], clock: Clock) -> None:
    fill(queue, clock(), *(f"a/{number}" for number in range(AT_ONCE + 5)))
    claimed = claim(queue, clock)
    assert claimed == ("a", [str(number) for number in range(AT_ONCE)])


def test_a_postponed_row_holds_its_lane_and_no_other(queue: Queue[DeliveryRow], clock: Clock) -> None:
    fill(queue, clock(), "a/1", "a/2", "b/3")
    with queue.store.begin() as session:
        queue.postpone(session, rows(queue.store)[0], clock(), "busy", after=30)
    assert claim(queue, clock) == ("b", ["3"])
    finish(queue, clock, "3")
    assert claim(queue, clock) is None
    clock.advance(seconds=29.9)
    assert claim(queue, clock) is None
    clock.advance(seconds=0.1)
    assert claim(queue, clock) == ("a", ["1", "2"])


def test_a_postponed_row_in_the_middle_ends_what_is_given_out(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1", "a/2", "a/3")
    with queue.store.begin() as session:
        queue.postpone(session, rows(queue.store)[1], clock(), "busy", after=30)
    assert claim(queue, clock) == ("a", ["1"])


def test_a_postponed_row_counts_its_attempts_and_keeps_the_reason(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1")
    for _ in range(2):
        with queue.store.begin() as session:
            queue.postpone(session, rows(queue.store)[0], clock(), "busy " * 500, after=1)
    (row,) = rows(queue.store)
    assert (row.attempts, row.error, row.state) == (2, ("busy " * 500)[:500], "waiting")


def test_a_buried_row_blocks_nothing_and_keeps_its_reason(queue: Queue[DeliveryRow], clock: Clock) -> None:
    fill(queue, clock(), "a/1", "a/2")
    with queue.store.begin() as session:
        queue.bury(session, rows(queue.store)[0], clock(), "no such user")
    assert claim(queue, clock) == ("a", ["2"])
    (dead,) = rows(queue.store, "dead")
    assert (dead.key, dead.error, dead.finished_at) == ("1", "no such user", clock())


@pytest.mark.parametrize("again", ["finish", "bury", "postpone"])
def test_a_finished_row_cannot_be_finished_buried_or_postponed_again(
    queue: Queue[DeliveryRow], clock: Clock, again: str
) -> None:
    fill(queue, clock(), "a/1")
    (row,) = rows(queue.store)
    finish(queue, clock, "1")
    moves = {
        "finish": lambda session: queue.finish(session, row, clock()),
        "bury": lambda session: queue.bury(session, row, clock(), "too late"),
        "postpone": lambda session: queue.postpone(session, row, clock(), "too late", 1),
    }
    with pytest.raises(AlreadyFinished), queue.store.begin() as session:
        moves[again](session)
    assert [(row.state, row.error) for row in rows(queue.store)] == [("done", "")]


def test_what_a_late_second_worker_wanted_to_save_is_not_saved(
    queue: Queue[DeliveryRow], clock: Clock
) -> None:
    fill(queue, clock(), "a/1")
    (row,) = rows(queue.store)
    finish(queue, clock, "1")

    def save(session: Session) -> None:
        put(queue, session, "b", "consequence", clock())
        queue.finish(session, row, clock())

    with pytest.raises(AlreadyFinished), queue.store.begin() as session:
        save(session)
    assert keys(queue.store) == ["1"]


def test_the_depth_counts_what_waits(queue: Queue[DeliveryRow], clock: Clock) -> None:
    fill(queue, clock(), "a/1", "a/2", "b/3")
    finish(queue, clock, "1")
    with queue.store.look() as session:
        assert queue.depth(session) == 2


def test_a_dead_owners_lane_comes_free_when_its_lease_runs_out(store: Store, clock: Clock) -> None:
    dead, alive = deliveries(store, StoredLeases(store)), deliveries(store, StoredLeases(store))
    fill(dead, clock(), "a/1")
    assert claim(dead, clock) == ("a", ["1"])
    clock.advance(seconds=LEASE.total_seconds() - 0.001)
    assert claim(alive, clock) is None
    clock.advance(seconds=0.001)
    assert claim(alive, clock) == ("a", ["1"])
    assert claim(dead, clock) is None


def test_a_renewed_lease_lasts_and_only_its_owners_is_renewed(store: Store, clock: Clock) -> None:
    busy, other = StoredLeases(store), StoredLeases(store)
    queue, rival = deliveries(store, busy), deliveries(store, other)
    fill(queue, clock(), "a/1")
    assert claim(queue, clock)
    for _ in range(3):
        clock.advance(seconds=15)
        with store.begin() as session:
            busy.renew(session, clock())
            other.renew(session, clock())
        assert claim(rival, clock) is None
    clock.advance(seconds=15)
    with store.begin() as session:
        other.renew(session, clock())
    clock.advance(seconds=6)
    assert claim(rival, clock) == ("a", ["1"])


def test_a_lease_whose_release_failed_is_not_kept_alive_by_the_heartbeat(store: Store, clock: Clock) -> None:
    leases = StoredLeases(store)
    queue = deliveries(store, leases)
    fill(queue, clock(), "a/1")
    assert claim(queue, clock)
    with pytest.raises(RuntimeError, match="away"):
        _release_and_lose_it(queue, "a")
    clock.advance(seconds=15)
    with store.begin() as session:
        leases.renew(session, clock())
    clock.advance(seconds=5)
    assert claim(queue, clock) == ("a", ["1"])


def _release_and_lose_it(queue: Queue[DeliveryRow], lane: str) -> None:
    with queue.store.begin() as session:
        queue.release(session, lane)
        raise RuntimeError("the store is away")


def test_an_owner_may_take_its_own_name_again_and_nobody_else_may(store: Store, clock: Clock) -> None:
    leader, other = StoredLeases(store), StoredLeases(store)
    with store.begin() as session:
        assert leader.take(session, "scheduler", clock())
        assert leader.take(session, "scheduler", clock())
        assert not other.take(session, "scheduler", clock())
        other.release(session, "scheduler")  # not its own: nothing happens
        assert not other.take(session, "scheduler", clock())
        leader.release(session, "scheduler")
        assert other.take(session, "scheduler", clock())


def test_a_claim_that_breaks_leaves_the_lane_free(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = deliveries(store, InProcessLeases())
    fill(queue, clock(), "a/1")

    def broken(*_: object) -> None:
        raise OSError("disk gone")

    with monkeypatch.context() as patch:
        patch.setattr(Queue, "_waiting", broken)
        with pytest.raises(OSError, match="disk"):
            claim(queue, clock)
    assert claim(queue, clock) == ("a", ["1"])
