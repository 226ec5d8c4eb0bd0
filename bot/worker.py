"""Works a queue: several lanes side by side, each in order, until told to stop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Generic

import structlog
from sqlmodel import Session

from bot.queues import MAX_ATTEMPTS, AlreadyFinished, Queue, Row

log = structlog.get_logger()
LOOK_EVERY = 1.0
"""Seconds between looks without a wake-up: the sweep for rows that were postponed or left behind."""
REST = 5.0
"""Seconds a lane rests whose outcome could not be saved: a full disk must not send the same message all day."""


class Worker(Generic[Row]):
    """`work` gets a lane's due rows and must finish, postpone or bury the first of them (others as it likes).

    A row whose work raises is tried again with growing pauses, then buried; `on_dead` tells whoever waits
    for it, in the transaction that buries the row, with the reason: a crash in between would leave them waiting.
    """

    def __init__(
        self,
        queue: Queue[Row],
        work: Callable[[Sequence[Row]], Awaitable[None]],
        clock: Callable[[], datetime],
        *,
        parallel: int = 4,
        on_dead: Callable[[Session, Row, str], None] | None = None,
    ) -> None:
        self.queue: Queue[Row] = queue
        self._work: Callable[[Sequence[Row]], Awaitable[None]] = work
        self._clock = clock
        self._on_dead: Callable[[Session, Row, str], None] | None = on_dead
        self._free = asyncio.Semaphore(parallel)
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do. Call from the event loop's thread."""
        self._woken.set()

    async def run(self) -> None:
        """Until `stop`; returns when the lanes in hand are done, so nothing is left half-way."""
        async with asyncio.TaskGroup() as lanes:
            while not self._stopped.is_set():
                await self._free.acquire()
                self._woken.clear()
                claimed = None if self._stopped.is_set() else await self._claim()
                if claimed is None:
                    self._free.release()
                    await self._pause()
                else:
                    lanes.create_task(self._work_lane(*claimed))

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    async def drain(self) -> int:
        """Work everything that is due now, then return how many lanes were worked (for tests and one-shot use)."""
        count = 0
        while claimed := await self._claim():
            await self._free.acquire()
            await self._work_lane(*claimed)
            count += 1
        return count

    async def _pause(self) -> None:
        if not self._stopped.is_set():
            await _within(LOOK_EVERY, self._woken)

    async def _claim(self) -> tuple[str, Sequence[Row]] | None:
        store = self.queue.store
        transaction = store.read if self.queue.leases.in_process else store.write
        try:
            claimed: tuple[str, Sequence[Row]] | None = await transaction(
                lambda session: self.queue.claim(session, self._clock())
            )
            return claimed
        except Exception:
            log.exception("claim_failed", queue=self.queue.name)  # the store is away: look again later
            return None

    async def _work_lane(self, lane: str, rows: Sequence[Row]) -> None:
        """Never raises: what cannot be saved now stays waiting, and the other lanes go on."""
        try:
            saved = await self._attempt_in_slot(lane, rows)
            if not saved:
                await _within(REST, self._stopped)
        finally:
            await self._release(lane)
            self.wake()

    async def _attempt_in_slot(self, lane: str, rows: Sequence[Row]) -> bool:
        try:
            if rows:
                await self._attempt(rows)
            return True
        except Exception:
            log.exception("lane_failed", queue=self.queue.name, lane=lane)
            return False
        finally:
            self._free.release()

    async def _attempt(self, rows: Sequence[Row]) -> None:
        try:
            await self._work(rows)
        except AlreadyFinished as finished:
            log.info("finished_elsewhere", queue=self.queue.name, key=str(finished))
        except Exception as error:
            log.exception("work_failed", queue=self.queue.name, key=rows[0].key, attempt=rows[0].attempts + 1)
            await self._retry_or_bury(rows[0], f"{type(error).__name__}: {error}")

    async def _retry_or_bury(self, row: Row, error: str) -> None:
        try:
            await self._postpone_or_bury(row, error)
        except AlreadyFinished:
            log.info("finished_elsewhere", queue=self.queue.name, key=row.key)

    async def _postpone_or_bury(self, row: Row, error: str) -> None:
        now, store = self._clock(), self.queue.store
        if row.attempts + 1 < MAX_ATTEMPTS:
            pause = 0.25 * 4**row.attempts * random.uniform(0.8, 1.2)
            await store.write(lambda session: self.queue.postpone(session, row, now, error, pause))
            return

        def bury(session: Session) -> None:
            self.queue.bury(session, row, now, error)
            if self._on_dead:
                self._on_dead(session, row, error)

        await store.write(bury)
        log.error("dead_letter", queue=self.queue.name, key=row.key, error=error)

    async def _release(self, lane: str) -> None:
        store = self.queue.store
        try:
            if self.queue.leases.in_process:
                with store.look() as session:
                    self.queue.release(session, lane)
            else:
                await store.write(lambda session: self.queue.release(session, lane))
        except Exception:
            log.exception("release_failed", queue=self.queue.name, lane=lane)  # the lease runs out by itself


async def _within(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
