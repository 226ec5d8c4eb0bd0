"""Those we talk to misbehave: the chat platform and the vector server are down, slow, silent or answer nonsense."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

from ..crash_run import CrashReport, Ground, under_traffic
from ..processes import PATIENCE
from ..workbench import workbench
from .proxy import Proxy, Way
from .services import chroma

LASTS = (2.0, 6.0)
"""Seconds that a trouble lasts."""
WAYS = (Way.UNHEARD, Way.REFUSED, Way.NONSENSE, Way.SLOW, Way.SILENT)


async def platform_misbehaves(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """WeCom's API takes messages and loses its answers, refuses, answers nonsense, is slow, is silent."""

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        for number in range(times):
            await ground.some_work()
            between.turn(WAYS[number % len(WAYS)])
            await asyncio.sleep(ground.chance.uniform(*LASTS))
            between.turn(Way.OPEN)
            ground.troubles.append(time.monotonic())
        await ground.some_work()

    with workbench(folder / "bench", patience=patience) as bench:
        between = Proxy(bench.platform_port)
        await between.start()
        bench.more["YIJU_WECOM__API_BASE"] = f"http://127.0.0.1:{between.port}"
        try:
            return await under_traffic(bench, trouble, seed)
        finally:
            await between.close()


async def chroma_goes_away(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """The vector server is killed and comes back; answers are found by words meanwhile."""

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        for _ in range(times):
            await ground.some_work()
            await asyncio.to_thread(vectors.stop, signal.SIGKILL)
            await asyncio.sleep(ground.chance.uniform(*LASTS))
            await asyncio.to_thread(vectors.start)
            ground.troubles.append(time.monotonic())
        await ground.some_work()

    with chroma(folder / "chroma") as (vectors, url), workbench(folder / "bench", patience=patience) as bench:
        bench.more["YIJU_CHROMA_URL"] = url
        return await under_traffic(bench, trouble, seed)
