"""What a turn costs where workers run as they do in a server: `python -m eval.bench.turn [--turns 40]`.

A fresh demo company in this process, on SQLite; one customer's question at a time becomes a card. The processor's time
means the same on a busy machine; looks at the queues and SQL statements are counted, without those of the sweep.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from unittest.mock import patch

import typer
from sqlalchemy import event

from bot.app import Parts
from bot.channels import CardRef, Heard
from bot.queues import Queue

from . import company
from .growth import WARM, Growing, growing

QUIET = 0.5
"""Seconds between turns, as people leave them: what a card left behind (a customer's history) is done meanwhile."""
PATIENCE = 300.0


@dataclass
class Cost:
    """Sums over so many turns."""

    turns: int
    seconds: float = 0.0
    """Of the processor, all threads."""
    looks: int = 0
    statements: int = 0

    def as_text(self) -> str:
        return (
            f"processor {1000 * self.seconds / self.turns:.1f} ms   looks {self.looks / self.turns:.2f}   "
            f"statements {self.statements / self.turns:.1f}   a turn ({self.turns} turns)"
        )


def measure(turns: int) -> Cost:
    """Raises `TimeoutError` where a card does not come."""
    with growing(turns + WARM) as grown, patch("bot.worker.LOOK_EVERY", 600.0):  # no sweep: it is no turn's
        return asyncio.run(_measured(grown, turns))


async def _measured(grown: Growing, turns: int) -> Cost:
    parts = grown.parts
    workers = {worker.queue.name: worker for worker in parts.workers}

    def woken(names: frozenset[str]) -> None:
        for name in names & workers.keys():
            workers[name].wake()

    await parts.bus.start(woken)
    parts.store.announce = parts.bus.announce
    running = [asyncio.create_task(worker.run()) for worker in workers.values()]
    words, cost = company.utterances(1), Cost(turns)
    with _shown(parts) as shown:
        for number in range(WARM):
            await _turn(grown, words, number, shown)
        with _counted(parts, cost):
            began = time.process_time()
            for number in range(WARM, WARM + turns):
                await _turn(grown, words, number, shown)
            cost.seconds = time.process_time() - began
    for worker in workers.values():
        worker.stop()
    await asyncio.gather(*running)
    return cost


async def _turn(grown: Growing, words: list[str], number: int, shown: asyncio.Event) -> None:
    sender, parts = grown.people[number], grown.parts
    said = f"客户{sender.customer}说:{words[number % len(words)]}"
    shown.clear()
    await parts.gateway.accept(
        "sim", Heard(f"turn:{number}", sender.wecom, f"sim:{sender.wecom}", said, parts.clock())
    )
    await asyncio.wait_for(shown.wait(), PATIENCE)
    await asyncio.sleep(QUIET)


@contextmanager
def _shown(parts: Parts) -> Iterator[asyncio.Event]:
    """Set whenever a card was handed to the simulator."""
    simulator, shown = parts.channels["sim"], asyncio.Event()
    show = simulator.show

    async def noted(*card: Any) -> CardRef:
        found = await show(*card)
        shown.set()
        return found

    with patch.object(simulator, "show", noted):
        yield shown


@contextmanager
def _counted(parts: Parts, cost: Cost) -> Iterator[None]:
    claim = Queue.claim

    def looked(*asked: Any) -> Any:
        cost.looks += 1
        return claim(*asked)

    def executed(*_: Any) -> None:
        cost.statements += 1

    event.listen(parts.store.engine, "before_cursor_execute", executed)
    with patch.object(Queue, "claim", looked):
        yield
    event.remove(parts.store.engine, "before_cursor_execute", executed)


def turn(turns: Annotated[int, typer.Option(min=1, help="measured")] = 40) -> None:
    """Measure what a turn costs with running workers."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    typer.echo(measure(turns).as_text())


if __name__ == "__main__":
    typer.run(turn)
