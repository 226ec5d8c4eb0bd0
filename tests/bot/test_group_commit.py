"""Writes at the door share a commit, go before those that wait, and do not fail for each other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, col

from bot.group_commit import GroupCommit
from bot.store import AWAY, Store
from bot.tables import LeaseRow
from tests.fakes.clock import START

PATIENCE = 30


def leased(name: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.add(LeaseRow(name=name, owner="me", until=START + timedelta(hours=1)))
        session.flush()
        return name

    return work


def names(session: Session) -> set[str]:
    return set(session.execute(select(col(LeaseRow.name))).scalars())


class Held:
    """A write that stays open until it is let go."""

    def __init__(self) -> None:
        self._begun, self._let_go = threading.Event(), threading.Event()

    def work(self, _session: Session) -> None:
        self._begun.set()
        assert self._let_go.wait(PATIENCE)

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, PATIENCE)

    def let_go(self) -> None:
        self._let_go.set()


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released by each thread that comes to where it gives way; there it waits as long as it must."""
    monkeypatch.setattr("bot.group_commit.PATIENCE", PATIENCE)
    come, give_way = threading.Semaphore(0), GroupCommit.give_way

    def knocking(door: GroupCommit) -> None:
        come.release()
        give_way(door)

    monkeypatch.setattr(GroupCommit, "give_way", knocking)
    return come


async def has_come(knocks: threading.Semaphore) -> None:
    assert await asyncio.to_thread(knocks.acquire, timeout=PATIENCE)


async def test_what_waits_together_is_one_commit_and_each_hears_of_its_own(store: Store) -> None:
    commits: list[object] = []
    held = Held()
    first = asyncio.create_task(store.admit(held.work))
    await held.begun()
    event.listen(store.engine, "commit", commits.append)
    rest = [asyncio.create_task(store.admit(leased(f"n{number}"))) for number in range(20)]
    await asyncio.sleep(0)
    held.let_go()
    await first
    assert await asyncio.gather(*rest) == [f"n{number}" for number in range(20)]
    assert len(commits) == 1, "one for all that waited"
    assert await store.read(names) == {f"n{number}" for number in range(20)}


async def test_one_that_cannot_be_saved_takes_no_other_with_it(store: Store) -> None:
    def broken(session: Session) -> None:
        session.add(LeaseRow(name="half", owner="me", until=START))
        session.flush()
        raise RuntimeError("nobody can save this")

    held = Held()
    first = asyncio.create_task(store.admit(held.work))
    await held.begun()
    rest = [asyncio.create_task(store.admit(work)) for work in (leased("a"), broken, leased("b"))]
    await asyncio.sleep(0)
    held.let_go()
    await first
    a, failed, b = await asyncio.gather(*rest, return_exceptions=True)
    assert (a, b) == ("a", "b")
    assert isinstance(failed, RuntimeError)
    assert await store.read(names) == {"a", "b"}


async def test_who_went_away_before_their_turn_leaves_nothing(store: Store) -> None:
    held = Held()
    first = asyncio.create_task(store.admit(held.work))
    await held.begun()
    gone = asyncio.create_task(store.admit(leased("gone")))
    stays = asyncio.create_task(store.admit(leased("stays")))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    held.let_go()
    await first
    await stays
    assert await store.read(names) == {"stays"}


async def test_a_database_that_is_away_is_not_asked_once_for_each_who_waits() -> None:
    asked: list[int] = []

    def begin() -> AbstractContextManager[Session]:
        asked.append(1)
        raise OperationalError("BEGIN", {}, Exception("the server is away"))

    door = GroupCommit(begin, AWAY)
    waiting = [asyncio.create_task(door.write(leased(str(number)))) for number in range(30)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, OperationalError) for one in outcomes)
    assert len(asked) < 10
    door.close()


async def test_what_arrives_goes_before_those_that_wait_to_write(
    tmp_path: Path, knocks: threading.Semaphore
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'yiju.db'}")
    SQLModel.metadata.create_all(store.engine)
    order: list[str] = []
    held = Held()
    open_now = asyncio.create_task(store.write(held.work))
    await held.begun()
    await has_come(knocks)
    turns = [asyncio.create_task(store.write(lambda _: order.append("turn"))) for _ in range(5)]
    await asyncio.sleep(0)
    arrived = asyncio.create_task(store.admit(lambda _: order.append("arrived")))
    await asyncio.sleep(0)
    held.let_go()
    await asyncio.gather(open_now, *turns, arrived)
    assert order == ["arrived", *["turn"] * 5]
    store.close()


async def test_other_work_gives_way_to_what_arrives(store: Store, knocks: threading.Semaphore) -> None:
    order: list[str] = []
    held = Held()

    def arrives(session: Session) -> None:
        held.work(session)
        order.append("arrived")

    arriving = asyncio.create_task(store.admit(arrives))
    await held.begun()
    others = [
        asyncio.create_task(step(lambda _: order.append("other"))) for step in (store.read, store.write)
    ]
    for _ in others:
        await has_come(knocks)
    held.let_go()
    await asyncio.gather(arriving, *others)
    assert order == ["arrived", "other", "other"]


async def test_other_work_goes_on_where_arrivals_do_not_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.group_commit.PATIENCE", 0.01)
    held = Held()
    arriving = asyncio.create_task(store.admit(held.work))
    await held.begun()
    assert await asyncio.wait_for(store.read(names), PATIENCE) == set()
    assert not arriving.done()
    held.let_go()
    await arriving


@pytest.mark.service
async def test_two_gateways_that_wait_for_each_others_rows_both_save_them(postgres_url: str) -> None:
    """The same two deliveries at both, the other way round: PostgreSQL breaks one transaction off."""
    one, other = Store(postgres_url), Store(postgres_url)
    meet = threading.Barrier(2)

    def insert(store: Store, name: str, *, meets: bool) -> Callable[[Session], bool]:
        once = iter((meets,))

        def work(session: Session) -> bool:
            row = {"name": name, "owner": "me", "until": START}
            new = bool(session.execute(store.new_row(LeaseRow), row).rowcount)  # type: ignore[attr-defined]
            if next(once, False):
                meet.wait(PATIENCE)
            return new

        return work

    held = [Held(), Held()]
    first = [
        asyncio.create_task(store.admit(hold.work)) for store, hold in zip((one, other), held, strict=True)
    ]
    for hold in held:
        await hold.begun()
    at_one = [
        asyncio.create_task(one.admit(insert(one, name, meets=name == "deadlock-a")))
        for name in ("deadlock-a", "deadlock-b")
    ]
    at_other = [
        asyncio.create_task(other.admit(insert(other, name, meets=name == "deadlock-b")))
        for name in ("deadlock-b", "deadlock-a")
    ]
    await asyncio.sleep(0)
    for hold in held:
        hold.let_go()
    found = await asyncio.gather(*first, *at_one, *at_other)
    assert sum(map(bool, found[2:])) == 2, "each was new to one of them"
    assert {"deadlock-a", "deadlock-b"} <= await one.read(names)
    one.close()
    other.close()
