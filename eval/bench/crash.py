"""Kills a working server at random moments and asks afterwards whether anything was lost or done twice.

`python -m eval.bench.crash --kills 1000` is the long run; the test suite makes a short one.
"""

from __future__ import annotations

import asyncio
import random
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from . import company
from .callbacks import Callbacks
from .crash_checks import baseline, judge
from .crash_story import Baseline, Findings
from .crash_traffic import Server, Traffic
from .platform_client import PlatformClient
from .processes import NotStarted
from .wire import Wire
from .workbench import Workbench, workbench

IDLE = 5.0
"""Seconds without a call to the platform after which the server is killed all the same."""
ANSWER_AFTER = 0.02
"""Seconds in which a kill finds the platform told and the server without an answer."""
SETTLE = 3.0
"""Seconds without anything new at the platform after which all is said."""


@dataclass(frozen=True)
class CrashReport:
    """What was put through the crashes and what was found wrong: `faults` must be empty."""

    kills: int
    turns: int
    deliveries: int
    confirmed: int
    declined: int
    found: Findings
    slowest_start_s: float
    faults: tuple[str, ...]

    def as_text(self) -> str:
        lines = [
            f"{self.kills} kills; {self.turns} turns in {self.deliveries} deliveries",
            f"{self.confirmed} cards confirmed, {self.declined} declined",
            self.found.as_text(),
            *(f"  refused {one}" for one in self.found.refused[:20]),
            f"slowest start {self.slowest_start_s:.1f} s",
            f"{len(self.faults)} faults" + "".join(f"\n  {fault}" for fault in self.faults[:50]),
        ]
        return "\n".join(lines)


async def crash(bench: Workbench, kills: int, seed: int, actors: int = 4, reps_each: int = 8) -> CrashReport:
    """Prepare `bench`, kill its server that often under traffic, and check what is left. Raises `NotStarted`."""
    reps = company.senders(actors * reps_each)
    bench.prepare(reps)
    bench.start_platform(ANSWER_AFTER)
    before, chance = baseline(bench.database), random.Random(seed)
    server, platform = Server(bench), PlatformClient.at(bench.platform_url)
    wire, texts = Wire(bench.server_url), company.utterances(seed)
    traffic = Traffic(server, platform, Callbacks(bench.app), wire, texts, chance)
    async with asyncio.TaskGroup() as running:
        for number in range(actors):
            running.create_task(traffic.work(reps[number::actors], number * 1_000_000))
        await _kill_often(server, platform, kills, chance)
        traffic.stopping.set()
    return await _judged(server, traffic, before, kills)


async def _kill_often(server: Server, platform: PlatformClient, kills: int, chance: random.Random) -> None:
    """Every fourth kill meets a server that is just starting and tidies up after the one before."""
    for number in range(kills):
        if number % 4 == 3:
            await server.flicker(chance.uniform(0.2, 1.0) * server.starts[-1])
        else:
            await server.start()
            await _some_work(platform, chance)
            await server.kill()
    await server.start()


async def _some_work(platform: PlatformClient, chance: random.Random) -> None:
    """Until the platform was called a few times more, and a moment on: work is always half done then."""
    found = await platform.arrivals()
    wanted = len(found) + chance.randint(0, 6)
    await platform.wait(lambda now: len(now) >= wanted, IDLE, found)
    await asyncio.sleep(chance.uniform(0.0, 0.2))


async def _judged(server: Server, traffic: Traffic, before: Baseline, kills: int) -> CrashReport:
    """What the database and the phones hold when everything has settled."""
    await traffic.platform.wait(lambda _: False, SETTLE)
    arrivals = await traffic.platform.arrivals(bodies=True)
    await traffic.wire.close()
    await traffic.platform.close()
    code, story = await server.stop(), traffic.story
    found = judge(server.bench.database, story, arrivals, before)
    ended = [] if code in {0, -signal.SIGTERM} else [f"the server ended with {code} when asked to"]
    return CrashReport(
        kills=kills,
        turns=len(story.said),
        deliveries=story.deliveries,
        confirmed=len(story.confirmed),
        declined=len(story.declined),
        found=found,
        slowest_start_s=max(server.starts),
        faults=(*story.faults, *found.faults, *ended),
    )


def main(
    kills: Annotated[int, typer.Option(min=1, help="how often the server is killed")] = 20,
    seed: Annotated[int, typer.Option(help="of moments, words and decisions")] = 1,
) -> None:
    """Kill a server under traffic that often; exit code 1 where anything was lost or done twice."""
    with tempfile.TemporaryDirectory(prefix="yiju-crash-") as folder, workbench(Path(folder)) as bench:
        try:
            report = asyncio.run(crash(bench, kills, seed))
        except NotStarted as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    typer.echo(report.as_text())
    raise typer.Exit(1 if report.faults else 0)


if __name__ == "__main__":
    typer.run(main)
