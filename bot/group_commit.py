"""Short writes that somebody waits for at the door: those that wait together are committed together.

The platform gives an answer seconds, and under a flood each commit of its own would queue behind those of turns. One
thread takes all that wait into one transaction (group commit: DeWitt et al., "Implementation techniques for main memory
database systems", 1984).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar

from sqlmodel import Session

T = TypeVar("T")
TOGETHER = 64
"""At most so many in one transaction: the first of them waits for the last."""
PATIENCE = 0.2
"""Seconds that other work gives way at a time: it goes on under a flood that never ends."""


class Waiting(NamedTuple):
    """A write, and who is told what came of it."""

    work: Callable[[Session], Any]
    done: Future[Any]


class GroupCommit:
    """`begin` opens a transaction; after one of the errors `away` the next would only wait for the same."""

    def __init__(
        self, begin: Callable[[], AbstractContextManager[Session]], away: tuple[type[Exception], ...]
    ) -> None:
        self._begin = begin
        self._away = away
        self._waiting: deque[Waiting] = deque()
        self._in_hand = 0
        self._quiet = threading.Event()
        self._quiet.set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction that others may share; it may run twice, saved is what the last run did.

        Returns once it is committed. Raises what it raised, or what the commit did.
        """
        done: Future[T] = Future()
        self._in_hand += 1
        self._quiet.clear()
        try:
            self._waiting.append(Waiting(work, done))
            self._thread.submit(self._commit)
            return await asyncio.wrap_future(done)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._quiet.set()

    def give_way(self) -> None:
        """For threads with other work, before a step of it: wait while a write is in hand here, `PATIENCE` at most.

        One interpreter runs one thread at a time, so whoever works on takes its time from those at the door.
        """
        self._quiet.wait(PATIENCE)

    def close(self) -> None:
        self._thread.shutdown(wait=True)

    def _commit(self) -> None:
        taken = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
        wanted = [one for one in taken if one.done.set_running_or_notify_cancel()]
        if not wanted:  # an earlier call took them along
            return
        try:
            self._together(wanted)
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            if len(wanted) == 1:
                wanted[0].done.set_exception(error)
            else:  # one that cannot be saved, or two gateways that wait for each other's rows, must not cost the others
                self._one_by_one(wanted)

    def _together(self, wanted: Sequence[Waiting]) -> None:
        with self._begin() as session:
            results = [one.work(session) for one in wanted]
        for one, result in zip(wanted, results, strict=True):
            one.done.set_result(result)

    def _one_by_one(self, wanted: Sequence[Waiting]) -> None:
        for at, one in enumerate(wanted):
            try:
                self._together([one])
            except self._away as away:
                for left in wanted[at:]:
                    left.done.set_exception(away)
                return
            except Exception as error:  # noqa: BLE001 - told to whoever waits
                one.done.set_exception(error)
