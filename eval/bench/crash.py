"""Kills a working server at random moments and asks afterwards whether anything was lost or done twice.

`python -m eval.bench.crash --kills 1000` is the long run; the test suite makes a short one. Other troubles than
kills: `python -m eval.bench.faults`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from .crash_run import CrashReport, Ground, under_traffic
from .processes import PATIENCE, NotStarted
from .spread import NATS, POSTGRES, Spread, own_database
from .workbench import Workbench, workbench

SAY_EVERY = 25
"""Kills."""


async def crash(bench: Workbench, kills: int, seed: int, actors: int = 4, reps_each: int = 8) -> CrashReport:
    """Prepare `bench`, kill its server that often under traffic, and check what is left. Raises `NotStarted`."""

    async def kill_often(ground: Ground) -> None:
        await _kill_often(ground, kills)

    return await under_traffic(bench, kill_often, seed, actors, reps_each)


async def _kill_often(ground: Ground, kills: int) -> None:
    """Every fourth kill meets a server that is just starting and tidies up after the one before.

    Of several processes any one is killed, and the others go on.
    """
    server, chance = ground.server, ground.chance
    if server.bench.spread is not None:
        await server.start()
        for _ in range(kills):
            await ground.some_work()
            await _harmed(ground, server.kill_one(chance))
        return
    for number in range(kills):
        if number % 4 == 3:
            await _harmed(ground, server.flicker(chance.uniform(0.2, 1.0) * server.starts[-1]))
        else:
            await server.start()
            await ground.some_work()
            await _harmed(ground, server.kill())
    await server.start()


async def _harmed(ground: Ground, kill: Awaitable[None]) -> None:
    """Recovery counts from the kill on, the start of what takes over included."""
    at = time.monotonic()
    await kill
    ground.troubles.append(at)
    if not len(ground.troubles) % SAY_EVERY:
        typer.echo(f"{len(ground.troubles)} kills …", err=True)


def main(
    kills: Annotated[int, typer.Option(min=1, help="how often the server is killed")] = 20,
    seed: Annotated[int, typer.Option(help="of moments, words and decisions")] = 1,
    workers: Annotated[
        int,
        typer.Option(min=0, help="processes that work turns, on PostgreSQL and NATS; 0: one process, SQLite"),
    ] = 0,
    postgres: Annotated[
        str, typer.Option(help="with --workers: the server that gets a database for it")
    ] = POSTGRES,
    bus: Annotated[str, typer.Option(help="with --workers: the NATS server")] = NATS,
    patience: Annotated[
        float, typer.Option(help="seconds that a start may take; more on a busy machine")
    ] = PATIENCE,
    preloaded: Annotated[
        bool,
        typer.Option(help="fork servers from a process that has imported the program: more kills an hour"),
    ] = False,
) -> None:
    """Kill a server under traffic that often; exit code 1 where anything was lost or done twice."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="yiju-crash-"))
        spread = Spread(stack.enter_context(own_database(postgres)), bus, workers) if workers else None
        bench = stack.enter_context(workbench(Path(folder), spread))
        bench.patience, bench.preloaded = patience, preloaded
        try:
            report = asyncio.run(crash(bench, kills, seed))
        except NotStarted as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    typer.echo(report.as_text())
    raise typer.Exit(1 if report.faults else 0)


if __name__ == "__main__":
    typer.run(main)
