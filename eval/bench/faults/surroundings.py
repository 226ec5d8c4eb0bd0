"""What surrounds a process goes wrong: the disk fills up, the clock is put forward and back."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from ..crash_run import CrashReport, Ground, under_traffic
from ..processes import PATIENCE
from ..workbench import workbench
from . import jumping
from .services import NotInstalled

DISK_MB = 400
FULL_FOR_S = 4.0
HOUR_S = 3600
SETTLED_S = 12.0
"""Seconds after a jump in which the clock watch has to have seen it."""


async def disk_full(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """The data dir lies on a small disk that is filled to the last byte and emptied again."""
    said: list[str] = []

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        for _ in range(times):
            await ground.some_work()
            await asyncio.to_thread(_fill, data / "ballast")
            await asyncio.sleep(FULL_FOR_S)
            said.append(await _problem(ground.server.bench.server_url))
            (data / "ballast").unlink()
            ground.troubles.append(time.monotonic())
        await ground.some_work()

    data = folder / "bench" / "data"
    with _small_disk(data), workbench(folder / "bench", patience=patience) as bench:
        report = await under_traffic(bench, trouble, seed)
    silent = tuple("the disk was full and /readyz did not say so" for one in said if "MB are free" not in one)
    return report.with_faults(silent)


async def clock_jumps(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """The server's clock goes an hour forward and back, backward and forward; the platform's goes along.

    Where only the server's clock is wrong, callbacks are refused as too old or too new, as they must be.
    """
    offset = 0

    async def trouble(ground: Ground) -> None:
        nonlocal offset
        ground.callbacks.clock = lambda: time.time() + offset
        await ground.server.start()
        for number in range(times):
            await ground.some_work()
            offset = (HOUR_S, 0, -HOUR_S, 0)[number % 4]
            jumping.put(rate, offset)
            ground.troubles.append(time.monotonic())
            await asyncio.sleep(SETTLED_S)
        await ground.some_work()

    rate = folder / "clock"
    jumping.put(rate, 0)
    with workbench(folder / "bench", patience=patience) as bench:
        bench.program = "eval.bench.faults.jumping"
        bench.more[jumping.OFFSET_FILE] = str(rate)
        return await under_traffic(bench, trouble, seed, not_now=frozenset({403, 503}))


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own, in memory. Raises `NotInstalled` where that is not permitted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        raise NotInstalled("mounting a small disk is not permitted here; run it as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _fill(ballast: Path) -> None:
    """To the last byte: `ENOSPC` is what ends it."""
    block = b"\0" * 65536
    with ballast.open("wb", buffering=0) as file:
        while shutil.disk_usage(ballast.parent).free:
            try:
                file.write(block[: max(1, min(len(block), shutil.disk_usage(ballast.parent).free))])
            except OSError:
                return


async def _problem(server: str) -> str:
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        answer = await http.get(f"{server}/readyz")
    problems: dict[str, str] = answer.json()["problems"]
    return problems.get("disk", "")
