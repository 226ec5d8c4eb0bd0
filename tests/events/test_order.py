"""Whatever order events arrive in and however often, they end in the same state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel

from bot.store import Store
from crm_bridge.events import load_maps, release, take
from crm_bridge.events.ledger import AHEAD
from tests.events import made
from tests.fakes.clock import START, Clock

ENGINE = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
TABLES = [SQLModel.metadata.tables[name] for name in ("crm_event", "crm_event_change", "crm_event_value")]
SQLModel.metadata.create_all(ENGINE, tables=TABLES)
BASE = int(START.timestamp()) - 100
TIMES = st.one_of(
    st.integers(0, 2).map(lambda s: str(BASE + s)),
    st.integers(0, 2_999).map(lambda ms: str(BASE * 1000 + ms)),
    st.integers(0, 2_999_999).map(lambda us: str(BASE * 1_000_000 + us)),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Some events, and the same in another order with repetitions."""
    events = []
    for number in range(draw(st.integers(1, 7))):
        fields = draw(st.dictionaries(st.sampled_from(["status", "total"]), st.integers(0, 3), min_size=1))
        event = made.ours(
            "order.updated",
            draw(st.sampled_from(["SO-1", "SO-2"])),
            id_=f"e{number}",
            time=draw(TIMES),
            source=draw(st.sampled_from(["/a", "/b"])),
            fields=fields,
        )
        if draw(st.booleans()):
            event["sequence"] = str(draw(st.integers(0, 20)))
        events.append(event)
    again = draw(st.lists(st.sampled_from(events), max_size=4))
    return events, draw(st.permutations([*events, *again]))


def ending(events: list[dict[str, Any]], batch: int) -> dict[str, Any]:
    with Session(ENGINE) as session:
        for table in TABLES:
            session.execute(text(f"DELETE FROM {table.name}"))
        for start in range(0, len(events), batch):
            take(session, load_maps(), events[start : start + batch], START)
        return made.state(session)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.integers(1, 5))
def test_any_order_and_repetition_ends_in_the_same_state(
    history: tuple[list[dict[str, Any]], list[dict[str, Any]]], batch: int
) -> None:
    events, shuffled = history
    assert ending(shuffled, batch) == ending(events, 1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.sets(st.integers(0, 6)), st.integers(1, 5))
def test_events_without_an_id_are_told_apart_by_what_they_say(
    history: tuple[list[dict[str, Any]], list[dict[str, Any]]], nameless: set[int], batch: int
) -> None:
    """Sent again or in another order, nothing is counted twice and nothing is lost."""
    without = {f"e{number}" for number in nameless}

    def stripped(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in one.items() if name != "id" or value not in without}
            for one in events
        ]

    def values(found: dict[str, Any]) -> dict[str, Any]:
        return {place: value for place, (value, _) in found.items()}

    events, shuffled = history
    assert values(ending(stripped(shuffled), batch)) == values(ending(stripped(events), 1))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(-3600, 7200), min_size=1, max_size=5, unique=True), st.randoms())
def test_an_event_of_a_clock_ahead_counts_when_its_time_has_come(offsets: list[int], chance: Random) -> None:
    """Whatever the order, what counts now is the newest event that is not from the future, and in the end the newest."""
    events = [
        made.ours(
            "order.updated", "SO-1", id_=f"e{one}", time=(START + timedelta(seconds=one)).isoformat(),
            fields={"status": one},
        )
        for one in offsets
    ]  # fmt: skip
    chance.shuffle(events)
    past = [one for one in offsets if START + timedelta(seconds=one) <= START + AHEAD]

    def counting(session: Session) -> list[int]:
        return [value for value, _ in made.state(session).values()]

    with Session(ENGINE) as session:
        for table in TABLES:
            session.execute(text(f"DELETE FROM {table.name}"))
        take(session, load_maps(), events, START)
        assert counting(session) == ([max(past)] if past else [])
        release(session, load_maps(), START + timedelta(hours=3))
        assert counting(session) == [max(offsets)]


def status(store: Store, order: str = "SO-1") -> Any:
    with store.look() as session:
        return made.state(session)[f"order:{order}.status"][0]


def test_a_late_event_does_not_overwrite_a_newer_value(store: Store, clock: Clock) -> None:
    new = made.ours(
        "order.updated", "SO-1", id_="2", time="2026-11-26T15:02:00+08:00", fields={"status": "已发货"}
    )
    old = made.ours(
        "order.updated",
        "SO-1",
        id_="1",
        time="2026-11-26T15:01:00+08:00",
        fields={"status": "生产中", "total": 5},
    )
    made.given(store, clock(), [new])
    (late,) = made.given(store, clock(), [old])
    assert (late.status, dict(late.current)) == ("accepted", {"total": 5})
    assert status(store) == "已发货"


def test_what_ties_at_the_coarser_clock_is_settled_by_the_sequence_and_not_by_the_finer_clock(
    store: Store, clock: Clock
) -> None:
    fine = made.ours("order.updated", "SO-1", id_="a", time=f"{BASE}900", fields={"status": "first"}) | {
        "sequence": "9"
    }
    coarse = made.ours("order.updated", "SO-1", id_="b", time=str(BASE), fields={"status": "second"}) | {
        "sequence": "10"
    }
    made.given(store, clock(), [coarse, fine])
    assert status(store) == "second"


def test_two_clocks_of_milliseconds_are_told_apart_within_a_second(store: Store, clock: Clock) -> None:
    events = [
        made.ours("order.updated", "SO-1", id_=str(ms), time=f"{BASE}{ms}", fields={"status": ms})
        for ms in (900, 100, 500)
    ]
    made.given(store, clock(), events)
    assert status(store) == 900


def test_the_same_event_is_taken_once(store: Store, clock: Clock) -> None:
    event = made.ours("order.updated", "SO-1", id_="1", time=str(BASE), fields={"status": "x"})
    answers = made.given(store, clock(), [event, event])
    assert [one.status for one in answers] == ["accepted", "duplicate"]
    assert [one.status for one in made.given(store, clock(), [event])] == ["duplicate"]
    assert [one.status for one in made.given(store, clock(), [event | {"source": "/other"}])] == ["accepted"]


def test_without_an_id_equal_content_is_the_same_event(store: Store, clock: Clock) -> None:
    event = made.ours("order.updated", "SO-1", time=str(BASE), fields={"status": "x"})
    other = made.ours("order.updated", "SO-1", time=str(BASE + 1), fields={"status": "x"})
    assert [one.status for one in made.given(store, clock(), [event, dict(event), other])] == [
        "accepted",
        "duplicate",
        "accepted",
    ]


def test_a_clock_far_ahead_is_held_until_its_time_has_come(store: Store, clock: Clock) -> None:
    from crm_bridge.events import release

    (held,) = made.given(
        store,
        clock(),
        [made.ours("order.updated", "SO-1", id_="1", time="2026-11-26T08:04:00Z", fields={"status": "x"})],
    )
    assert held.status == "held"
    with store.begin() as session:
        assert release(session, load_maps(), clock.advance(minutes=30)) == []
        (taken,) = release(session, load_maps(), clock.advance(minutes=31))
        assert (taken.status, dict(taken.current)) == ("accepted", {"status": "x"})
        assert release(session, load_maps(), clock()) == []
    assert status(store) == "x"


def test_processes_that_take_the_same_events_at_once_agree_and_do_not_block_each_other(
    store: Store, clock: Clock
) -> None:
    events = [
        made.ours(
            "order.updated",
            f"SO-{n % 5}",
            id_=str(n),
            time=str(BASE + n % 3),
            fields={"status": n, "total": -n},
        )
        | {"sequence": str(n)}
        for n in range(60)
    ]
    orders = [events, events[::-1], events[30:] + events[:30], events[::2] + events[1::2]]

    def work(part: list[dict[str, Any]]) -> list[str]:
        return [
            one.status
            for start in range(0, 60, 7)
            for one in made.given(store, clock(), part[start : start + 7])
        ]

    with ThreadPoolExecutor(4) as pool:
        answers = [one for part in pool.map(work, orders) for one in part]
    assert answers.count("accepted") == 60
    assert answers.count("duplicate") == 180
    with store.look() as session:
        ended = {name: value for name, (value, _) in made.state(session).items()}
    last = {n % 5: n for n in range(60) if n % 3 == 2}
    assert ended == {
        f"order:SO-{k}.{name}": value
        for k, n in last.items()
        for name, value in (("status", n), ("total", -n))
    }
