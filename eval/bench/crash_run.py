"""Trouble under traffic: reps work while something is done to the installation, then everything left is judged."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from . import company
from .callbacks import Callbacks
from .crash_checks import judge, waiting
from .crash_customers import Holds, baseline, embedded
from .crash_story import Findings
from .crash_traffic import NOT_NOW, Server, Traffic
from .percentiles import Percentiles
from .platform_client import PlatformClient
from .processes import NotStarted
from .server_logs import unhandled
from .wecom_platform import Arrival
from .wire import Wire
from .workbench import Workbench

IDLE = 5.0
"""Seconds without a call to the platform after which trouble comes all the same."""
ANSWER_AFTER = 0.02
"""Seconds in which trouble finds the platform told and the server without an answer."""
SETTLE = 3.0
"""Seconds without anything new at the platform after which all is said."""
LAST_WORK = 150.0
"""Seconds in which what still waits must come to its end; the longest pause after a busy platform is a minute."""


@dataclass
class Ground:
    """What a trouble may lay hands on."""

    server: Server
    platform: PlatformClient
    callbacks: Callbacks
    chance: random.Random
    troubles: list[float] = field(default_factory=list)
    """Monotonic moments from which recovery counts: when a process was killed, or when a trouble ended."""

    async def some_work(self) -> None:
        """Until the platform was called a few times more, and a moment on: work is always half done then."""
        found = await self.platform.arrivals()
        wanted = len(found) + self.chance.randint(0, 6)
        await self.platform.wait(lambda now: len(now) >= wanted, IDLE, found)
        await asyncio.sleep(self.chance.uniform(0.0, 0.2))


Trouble = Callable[[Ground], Awaitable[None]]
"""Starts the servers, does its harm, and leaves everything running."""


@dataclass(frozen=True)
class CrashReport:
    """What was put through the trouble and what was found wrong: `faults` must be empty."""

    turns: int
    deliveries: int
    confirmed: int
    declined: int
    found: Findings
    slowest_start_s: float
    recoveries: Percentiles
    """From a kill, or from the end of another trouble, to the next call that reached the platform."""
    waited: Sequence[float]
    """Seconds that reps waited from sending words until they saw the card, troubles included; in their order."""
    faults: tuple[str, ...]

    def with_faults(self, more: Sequence[str]) -> CrashReport:
        """What a trouble found out by itself besides."""
        return replace(self, faults=(*self.faults, *more))

    def as_text(self) -> str:
        lines = [
            f"{self.recoveries.count} kills or troubles; {self.turns} turns in {self.deliveries} deliveries",
            f"{self.confirmed} cards confirmed, {self.declined} declined",
            self.found.as_text(),
            *(f"  refused {one}" for one in self.found.refused[:20]),
            f"recovered in {self.recoveries.as_text()}; reps waited {Percentiles.of(self.waited).as_text()}",
            f"slowest start {self.slowest_start_s:.1f} s",
            f"{len(self.faults)} faults" + "".join(f"\n  {fault}" for fault in self.faults[:50])
            if self.faults
            else "lost 0, doubled 0, unapproved 0, journal whole, no unhandled exception",
        ]
        return "\n".join(lines)


async def under_traffic(
    bench: Workbench,
    trouble: Trouble,
    seed: int,
    actors: int = 4,
    reps_each: int = 8,
    not_now: frozenset[int] = NOT_NOW,
    pause: float = 0.0,
    holds: Holds | None = None,
) -> CrashReport:
    """Prepare `bench`, let `trouble` happen under traffic, and check what is left. Raises `NotStarted`.

    `holds`: asks the customer system, where it is another than the embedded one.
    """
    reps = company.senders(actors * reps_each)
    await asyncio.to_thread(bench.prepare, reps)
    bench.start_platform(ANSWER_AFTER)
    holds = holds or embedded(baseline(bench.database))
    chance = random.Random(seed)
    server, platform, callbacks = Server(bench), PlatformClient.at(bench.platform_url), Callbacks(bench.app)
    ground = Ground(server, platform, callbacks, chance)
    wire, texts = Wire(bench.front or bench.server_url), company.utterances(seed)
    traffic = Traffic(server, platform, callbacks, wire, texts, chance, not_now=not_now, pause=pause)
    traffic.patience = max(traffic.patience, bench.patience)  # work waits for a worker that starts
    try:
        async with asyncio.TaskGroup() as running:
            for number in range(actors):
                running.create_task(traffic.work(reps[number::actors], number * 1_000_000))
            await trouble(ground)
            traffic.stopping.set()
    except* NotStarted as group:
        raise NotStarted("\n".join(str(one) for one in group.exceptions)) from None
    return await _judged(ground, traffic, holds)


async def _judged(ground: Ground, traffic: Traffic, holds: Holds) -> CrashReport:
    """What the database and the phones hold when everything has settled."""
    server, story = ground.server, traffic.story
    await _worked(server.bench.database)
    await traffic.platform.wait(lambda _: False, SETTLE)
    arrivals = await traffic.platform.arrivals(bodies=True)
    await traffic.wire.close()
    await traffic.platform.close()
    code = await server.stop()
    found = judge(server.bench.database, story, arrivals, holds)
    ended = [] if code in {0, -signal.SIGTERM} else [f"the server ended with {code} when asked to"]
    return CrashReport(
        turns=len(story.said),
        deliveries=story.deliveries,
        confirmed=len(story.confirmed),
        declined=len(story.declined),
        found=found,
        slowest_start_s=max(server.starts),
        recoveries=_recoveries(ground.troubles, arrivals),
        waited=tuple(story.waits),
        faults=(*story.faults, *found.faults, *unhandled(server.bench.folder), *ended),
    )


async def _worked(database: str) -> None:
    """Until no row waits any more, or time is up; what still waits then is a fault that `judge` names."""
    for _ in range(int(LAST_WORK)):
        if not await asyncio.to_thread(waiting, database):
            return
        await asyncio.sleep(1.0)


def _recoveries(troubles: Sequence[float], arrivals: Sequence[Arrival]) -> Percentiles:
    moments = sorted(one.at for one in arrivals)
    after = (next((at for at in moments if at > ended), None) for ended in troubles)
    return Percentiles.of([at - ended for at, ended in zip(after, troubles, strict=True) if at is not None])
