"""Two gateways behind a balancer: one dies and comes back while the other goes on taking callbacks."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from .. import processes
from ..balancer import balancer
from ..crash_run import CrashReport, Ground, under_traffic
from ..processes import PATIENCE, Child
from ..spread import Spread
from ..workbench import workbench
from .services import nats, postgres


async def gateway_dies(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """Killed by turns, `times` times in all; the words of a rep, their repeats and taps reach either."""
    wrong: list[str] = []
    second = processes.free_port()

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        gateways = [bench.server, await asyncio.to_thread(_second)]
        for number in range(times):
            await ground.some_work()
            victim = gateways[number % 2]
            assert victim is not None
            await asyncio.to_thread(victim.kill)
            ground.troubles.append(time.monotonic())
            wrong.extend(await _went_on(ground))
            gateways[number % 2] = await asyncio.to_thread(_second if number % 2 else _first)
        await ground.some_work()
        if len(front.taken) < 2:
            wrong.append(f"one of two gateways took no connection: {dict(front.taken)}")

    def _first() -> Child:
        bench.start_gateway()
        assert bench.server is not None
        return bench.server

    def _second() -> Child:
        child = bench.launch("gateway", second, "gateway-2.log")
        also.append(child)
        processes.wait_until_ready(child, f"http://127.0.0.1:{second}/readyz", patience)
        return child

    also: list[Child] = []
    with (
        postgres(folder / "postgres") as (_, database),
        nats(folder / "nats") as (_, bus),
        workbench(folder / "bench", Spread(database, bus, workers=2), patience=patience) as bench,
    ):
        bench.preloaded = True
        async with balancer((bench.server_port, second)) as front:
            bench.front = front.url
            try:
                report = await under_traffic(bench, trouble, seed)
            finally:
                for child in also:
                    child.stop()
    return report.with_faults(wrong)


async def _went_on(ground: Ground) -> list[str]:
    """What is wrong where nothing reached the platform while one of two gateways was away."""
    before = await ground.platform.arrivals()
    after = await ground.platform.wait(lambda now: len(now) > len(before) + 2, PATIENCE, before)
    return [] if len(after) > len(before) + 2 else ["nobody was answered while one of two gateways was away"]
