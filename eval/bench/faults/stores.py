"""PostgreSQL and NATS go away in the middle of traffic and come back, NATS with nothing left in it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from pathlib import Path

from ..crash_run import CrashReport, Ground, under_traffic
from ..processes import PATIENCE
from ..spread import Spread
from ..workbench import workbench
from .services import Service, nats, postgres

AWAY = (0.3, 5.0)
"""Seconds that a server stays away."""
WAYS_TO_END = (signal.SIGINT, signal.SIGKILL, signal.SIGQUIT)
"""PostgreSQL's fast shutdown, a crash, and an immediate shutdown (recovery from its log either time)."""


async def postgres_restarts(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """The database is stopped and killed under a gateway, two workers and a scheduler."""

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        for number in range(times):
            await ground.some_work()
            await asyncio.to_thread(database.stop, WAYS_TO_END[number % len(WAYS_TO_END)])
            await asyncio.sleep(ground.chance.uniform(*AWAY))
            await asyncio.to_thread(database.start)
            ground.troubles.append(time.monotonic())
        await ground.some_work()

    with (
        postgres(folder / "postgres") as (database, address),
        nats(folder / "nats") as (_, bus),
        workbench(folder / "bench", Spread(address, bus, workers=2), patience=patience) as bench,
    ):
        return await under_traffic(bench, trouble, seed)


async def nats_restarts(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """The bus is killed; every second time its store is gone too."""

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        for number in range(times):
            await ground.some_work()
            await _without(bus, folder / "nats" / "jetstream" if number % 2 else None, ground)
        await ground.some_work()

    with (
        postgres(folder / "postgres") as (_, database),
        nats(folder / "nats") as (bus, address),
        workbench(folder / "bench", Spread(database, address, workers=2), patience=patience) as bench,
    ):
        return await under_traffic(bench, trouble, seed)


async def _without(bus: Service, volume: Path | None, ground: Ground) -> None:
    await asyncio.to_thread(bus.stop, signal.SIGKILL)
    if volume is not None:
        shutil.rmtree(volume, ignore_errors=True)
    await ground.some_work()  # wake-ups are missing now: work goes on by looking
    await asyncio.sleep(ground.chance.uniform(*AWAY))
    await asyncio.to_thread(bus.start)
    ground.troubles.append(time.monotonic())
