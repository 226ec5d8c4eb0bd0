"""A worker on a host of its own loses its network in the middle of a turn, and gets it back.

The host is a network namespace with a cable (veth) to this one; pulling the cable loses packets without a word, as a
failed switch does. Needs root; everything made here is taken away again.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..crash_run import CrashReport, Ground, under_traffic
from ..processes import PATIENCE
from ..spread import Spread
from ..workbench import Place, workbench
from .services import NotInstalled, nats, postgres

CUT_FOR = (3.0, 45.0)
"""Seconds without a network: shorter and longer than a lease (20 s) and than a dead connection is kept."""


@dataclass(frozen=True)
class Host:
    """A namespace, reached at `there`, that reaches this machine at `here`."""

    name: str
    here: str
    there: str

    @property
    def cable(self) -> str:
        return f"{self.name}-a"

    def plug(self, state: str) -> None:
        """`up` or `down`."""
        _ip("link", "set", self.cable, state)

    def within(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]


async def network_is_cut(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """Of two workers one lives on another host; its cable to database, bus and platform is pulled again and again."""

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        for number in range(times):
            await ground.some_work()
            await asyncio.to_thread(host.plug, "down")
            await asyncio.sleep(CUT_FOR[number % 2] * ground.chance.uniform(0.5, 1.0))
            await asyncio.to_thread(host.plug, "up")
            ground.troubles.append(time.monotonic())
        await ground.some_work()

    with (
        _host() as host,
        postgres(folder / "postgres", host.here) as (_, database),
        nats(folder / "nats", host.here) as (_, bus),
        workbench(folder / "bench", Spread(database, bus, workers=2), patience=patience) as bench,
    ):
        bench.platform_host = host.here
        bench.places[0] = Place(host.there, host.within)
        return await under_traffic(bench, trouble, seed)


@contextmanager
def _host() -> Iterator[Host]:
    """Raises `NotInstalled` where namespaces are not permitted."""
    number = os.getpid() % 250
    host = Host(f"yiju{number}", f"10.213.{number}.1", f"10.213.{number}.2")
    if os.getuid() or not _permitted("netns", "add", host.name):
        raise NotInstalled(
            "network namespaces are not permitted here; run it as root with iproute2 installed"
        )
    try:
        _ip("link", "add", host.cable, "type", "veth", "peer", "name", "up0", "netns", host.name)
        _ip("addr", "add", f"{host.here}/24", "dev", host.cable)
        _ip("link", "set", host.cable, "up")
        _ip("-n", host.name, "addr", "add", f"{host.there}/24", "dev", "up0")
        _ip("-n", host.name, "link", "set", "up0", "up")
        _ip("-n", host.name, "link", "set", "lo", "up")
        yield host
    finally:
        _permitted("netns", "del", host.name)  # the cable goes with it


def _permitted(*arguments: str) -> bool:
    try:
        return subprocess.run(["ip", *arguments], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
