"""Mixed traffic for a long time: messages, repeated callbacks, taps; whether memory and waits stay as they were.

`python -m eval.bench.soak --minutes 60`
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .crash_run import CrashReport, Ground, under_traffic
from .percentiles import Percentiles
from .processes import PATIENCE, NotStarted, memory_mb
from .workbench import workbench

WARM_SHARE = 0.2
"""Of the time, after which memory is compared: caches and pools have filled by then."""
GROWTH = 0.15
"""Share by which memory may have grown since; more is a leak."""
PARTS = 4
PAUSE = 2.0
"""At half of it their one manager is told more in an hour than WeCom delivers to a person (1,000): it waits in line then."""
SAMPLE_EVERY_S = 5.0


@dataclass(frozen=True)
class Soak:
    """What a long run was like."""

    report: CrashReport
    minutes: float
    memory: Sequence[float]
    """Megabytes, every few seconds."""
    waits: Sequence[Percentiles]
    """Of each quarter."""

    @property
    def growth(self) -> float:
        settled = self.memory[int(len(self.memory) * WARM_SHARE)]
        return self.memory[-1] / settled - 1.0

    @property
    def faults(self) -> tuple[str, ...]:
        leak = f"memory grew by {self.growth:.0%} after warming up; at most {GROWTH:.0%} is expected"
        return (*self.report.faults, *((leak,) if self.growth > GROWTH else ()))

    def as_text(self) -> str:
        quarters = "\n".join(f"  quarter {at}: {one.as_text()}" for at, one in enumerate(self.waits, 1))
        settled = self.memory[int(len(self.memory) * WARM_SHARE)]
        return (
            f"{self.minutes:g} minutes\n{self.report.as_text()}\nwords to card seen:\n{quarters}\n"
            f"memory {settled:.0f} MB when warm, {self.memory[-1]:.0f} MB at the end ({self.growth:+.1%}), "
            f"{max(self.memory):.0f} MB at most"
        )


async def soak(folder: Path, minutes: float, seed: int, pause: float, patience: float = PATIENCE) -> Soak:
    """One process on SQLite; each of four reps at work rests `pause` seconds between turns. Raises `NotStarted`."""
    memory: list[float] = []

    async def time_passes(ground: Ground) -> None:
        await ground.server.start()
        until = time.monotonic() + 60 * minutes
        while time.monotonic() < until:
            await asyncio.sleep(SAMPLE_EVERY_S)
            memory.append(sum(now[0] for pid in bench.pids if (now := memory_mb(pid))))

    with workbench(folder) as bench:
        bench.patience = patience
        report = await under_traffic(bench, time_passes, seed, reps_each=40, pause=pause)
    size = -(-len(report.waited) // PARTS)
    parts = [report.waited[at : at + size] for at in range(0, len(report.waited), size)]
    return Soak(report, minutes, memory, [Percentiles.of(part) for part in parts])


def main(
    minutes: Annotated[float, typer.Option(min=0.2, help="how long")] = 60.0,
    seed: Annotated[int, typer.Option(help="of words and decisions")] = 1,
    pause: Annotated[
        float,
        typer.Option(min=0.0, help="seconds each rep rests between turns; their manager is told of some"),
    ] = PAUSE,
    patience: Annotated[
        float, typer.Option(help="seconds that a start may take; more on a busy machine")
    ] = PATIENCE,
) -> None:
    """Soak a server in traffic; exit code 1 where anything was lost, done twice, or leaked."""
    with tempfile.TemporaryDirectory(prefix="yiju-soak-") as folder:
        try:
            found = asyncio.run(soak(Path(folder), minutes, seed, pause, patience))
        except NotStarted as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    typer.echo(found.as_text())
    raise typer.Exit(1 if found.faults else 0)


if __name__ == "__main__":
    typer.run(main)
