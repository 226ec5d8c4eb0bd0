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

from bot.queues import MAX_ATTEMPTS, AlreadyFinished, Claimed, Queue, Row
from bot.store import AWAY, why_away

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
        self._wakes = 0
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do. Call from the event loop's thread."""
        self._wakes += 1
        self._woken.set()

    async def run(self) -> None:
        """Until `stop`; returns when the lanes in hand are done, so nothing is left half-way."""
        async with asyncio.TaskGroup() as lanes:
            while not self._stopped.is_set():
                await self._free.acquire()
                self._woken.clear()
                wakes = self._wakes
                claimed = None if self._stopped.is_set() else await self._claim()
                if claimed is None:
                    self._free.release()
                else:
                    lanes.create_task(self._work_lane(claimed, wakes))
                if claimed is None or claimed.is_only:
                    await self._pause()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()

    async def drain(self) -> int:
        """Work everything that is due now, then return how many lanes were worked (for tests and one-shot use)."""
        count = 0
        while claimed := await self._claim():
            await self._free.acquire()
            await self._work_lane(claimed, self._wakes)
            count += 1
        return count

    async def _pause(self) -> None:
        if not self._stopped.is_set():
            await _within(LOOK_EVERY, self._woken)

    async def _claim(self) -> Claimed[Row] | None:
        store = self.queue.store
        transaction = store.read if self.queue.leases.in_process else store.write
        try:
            claimed: Claimed[Row] | None = await transaction(
                lambda session: self.queue.claim(session, self._clock())
            )
            return claimed
        except AWAY as away:
            log.warning("store_away", queue=self.queue.name, doing="claim", reason=why_away(away))
        except Exception:
            log.exception("claim_failed", queue=self.queue.name)  # look again later
        return None

    async def _work_lane(self, claimed: Claimed[Row], wakes: int) -> None:
        """Never raises: what cannot be saved now stays waiting, and the other lanes go on. `wakes`: how many there were
        before the lane was looked at."""
        saved = False
        try:
            saved = await self._attempt_in_slot(claimed.lane, claimed.rows)
            if not saved:
                await _within(REST, self._stopped)
        finally:
            await self._release(claimed.lane)
            if not saved or self._may_go_on(claimed, wakes):
                self.wake()

    def _may_go_on(self, claimed: Claimed[Row], wakes: int) -> bool:
        """Whether there may be more in the lane: seen already, or told of while nobody could claim it. Of what other
        processes add, nobody here need have been told."""
        told = self._wakes != wakes or not self.queue.leases.in_process
        return told or len(claimed.rows) > 1

    async def _attempt_in_slot(self, lane: str, rows: Sequence[Row]) -> bool:
        try:
            if rows:
                await self._attempt(rows)
            return True
        except AWAY as away:
            log.warning("store_away", queue=self.queue.name, doing="save", reason=why_away(away))
            return False
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
            attempt = rows[0].attempts + 1
            if isinstance(error, AWAY):
                why = why_away(error)
                log.warning("store_away", queue=self.queue.name, doing="work", reason=why, attempt=attempt)
            else:
                log.exception("work_failed", queue=self.queue.name, key=rows[0].key, attempt=attempt)
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
        except AWAY as away:  # the lease runs out by itself
            log.warning("store_away", queue=self.queue.name, doing="release", reason=why_away(away))
        except Exception:
            log.exception("release_failed", queue=self.queue.name, lane=lane)


async def _within(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
