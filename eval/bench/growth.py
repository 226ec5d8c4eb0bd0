"""What a turn costs when the company grows: `python -m eval.bench.growth [--scale 0.01] [--picture docs/images/growth.svg]`.

Each axis begins with a fresh demo company and grows it step by step; at each step the same number of customers' questions
become cards, in this process, on SQLite. The measure is the processor's time of a turn: it means the same on a busy machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from sqlalchemy import func, insert, select
from sqlmodel import col

from bot import decisions
from bot.app import Parts, assemble
from bot.channels import Heard
from bot.cli.opening import open_store
from bot.conversation import ConversationId, TurnId, UserId
from bot.decision import DecisionId
from bot.demo.prepare import prepare
from bot.settings import Settings
from bot.tables import CardRow, ConversationRow, DecisionRow, TurnRow
from crm_bridge.adapters.embedded.adapter import STALE_AFTER
from knowledge.lexicon import load

from . import company
from .company import Sender
from .knowledge import manual

TURNS, WARM = 30, 5
SIZES: dict[str, tuple[int, ...]] = {
    "passages": (1_000, 10_000, 100_000),
    "customers": (100, 1_000, 8_000),
    "pending cards": (1_000, 10_000, 100_000),
    "conversations": (1_000, 10_000, 100_000),
}
PER_MANUAL = 2_500
CHUNK = 5_000


@dataclass(frozen=True)
class Grown:
    """One step of one axis; times in milliseconds a turn, by the processor and by the clock."""

    axis: str
    size: int
    cpu_ms: float
    wall_ms: float
    turns: int

    def as_text(self) -> str:
        return f"{self.axis:14} {self.size:>9,}   processor {self.cpu_ms:7.1f} ms   clock {self.wall_ms:7.1f} ms   ({self.turns} turns)"


@dataclass
class Growing:
    """A demo company that is made larger. `asked` counts the reps who spoke already: each speaks once."""

    parts: Parts
    people: Sequence[Sender]
    folder: Path
    asked: int = 0
    manuals: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def step(self, axis: str, size: int, turns: int) -> Grown:
        """Grow to this size, then measure."""
        {
            "passages": self._passages,
            "customers": self._customers,
            "pending cards": self._cards,
            "conversations": self._conversations,
        }[axis](size)
        if axis == "customers":
            await asyncio.sleep(STALE_AFTER.total_seconds())  # until the names are read anew
        await self.turns(WARM)
        cpu, wall = await self.turns(turns)
        return Grown(axis, size, round(1000 * median(cpu), 2), round(1000 * median(wall), 2), turns)

    async def turns(self, count: int) -> tuple[list[float], list[float]]:
        """Seconds of each: words in, card out."""
        words, cpu, wall = company.utterances(1), [], []
        for sender in self.people[self.asked : self.asked + count]:
            said = f"客户{sender.customer}说:{words[self.asked % len(words)]}"
            heard = Heard(
                f"growth:{self.asked}", sender.wecom, f"sim:{sender.wecom}", said, self.parts.clock()
            )
            busy, began = time.process_time(), time.perf_counter()
            await self.parts.gateway.accept("sim", heard)
            await self.parts.settle()
            cpu.append(time.process_time() - busy)
            wall.append(time.perf_counter() - began)
            self.asked += 1
        return cpu, wall

    def _passages(self, size: int) -> None:
        concepts = load()
        while (missing := size - self.parts.library.check().passages) > 0:
            path = manual(self.folder, f"增长{self.manuals}", min(missing, PER_MANUAL), concepts, self.chance)
            self.parts.library.add(path)
            self.manuals += 1

    def _customers(self, size: int) -> None:
        with self.parts.store.begin() as session:
            company.settle(session, company.senders(size))

    def _cards(self, size: int) -> None:
        """Open cards of all reps in turn, each a copy of one that was really proposed."""
        with self.parts.store.look() as session:
            row = (
                session.execute(select(DecisionRow).where(col(DecisionRow.state) == "proposed"))
                .scalars()
                .first()
            )
            there = session.execute(select(func.count()).select_from(DecisionRow)).scalar_one()
        assert row is not None, "no turn has become a card yet"
        model = decisions.read(row)
        for numbers in _chunks(range(there, size)):
            with self.parts.store.begin() as session:
                for number in numbers:
                    rep, key = self.people[number % len(self.people)].wecom, uuid.uuid4().hex[:20]
                    copy = replace(
                        model,
                        id=DecisionId(key),
                        turn=TurnId(f"t-{key}"),
                        conversation=ConversationId(f"sim:{rep}-{key}"),
                        rep=UserId(rep),
                    )
                    decisions.insert(session, copy)
                    session.add(CardRow(decision=key, recipient=rep, channel="sim", ref={"id": key}, shown_version=0, shown_at=model.created_at))  # fmt: skip

    def _conversations(self, size: int) -> None:
        now = self.parts.clock()
        with self.parts.store.look() as session:
            there = session.execute(select(func.count()).select_from(ConversationRow)).scalar_one()
        for numbers in _chunks(range(there, size)):
            threads = [{"id": f"wecom:grown{number}", "channel": "wecom", "rep": f"grown{number}", "customer_name": "", "pending": {}, "updated_at": now} for number in numbers]  # fmt: skip
            turns = [{"id": f"grown-{number}", "conversation": f"wecom:grown{number}", "delivery": f"grown-{number}", "rep": f"grown{number}", "speaker": "customer", "text": "X200什么价", "at": now, "outcome": "answer", "answer": ""} for number in numbers]  # fmt: skip
            with self.parts.store.begin() as session:
                session.execute(insert(ConversationRow), threads)
                session.execute(insert(TurnRow), turns)


def _chunks(numbers: range) -> Iterator[list[int]]:
    waiting = iter(numbers)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk


@contextmanager
def growing(speakers: int) -> Iterator[Growing]:
    """A fresh demo company with so many reps, each with a customer of its own."""
    with tempfile.TemporaryDirectory(prefix="yiju-growth-") as folder:
        settings = Settings(
            _env_file=None, data_dir=Path(folder) / "data", secret_key="growth", simulator=True
        )
        open_store(settings).close()
        parts = assemble(settings)
        prepare(parts, lambda line: None)
        found = company.senders(speakers)
        with parts.store.begin() as session:
            company.settle(session, found)
        yield Growing(parts, found, Path(folder))
        parts.store.close()


def measure(
    axes: Sequence[str], scale: float, turns: int, say: Callable[[Grown], None] = lambda one: None
) -> list[Grown]:
    """`scale`: a share of every size. Takes some minutes at full size, most of them for bringing documents in."""
    found: list[Grown] = []
    for axis in axes:
        sizes = [max(1, round(size * scale)) for size in SIZES[axis]]
        with growing((turns + WARM) * (len(sizes) + 1)) as grown:
            asyncio.run(_measured(grown, axis, sizes, turns, found, say))
    return found


async def _measured(
    grown: Growing,
    axis: str,
    sizes: Sequence[int],
    turns: int,
    found: list[Grown],
    say: Callable[[Grown], None],
) -> None:
    await grown.turns(WARM)  # reads indexes and model in, and leaves an open card to copy
    for size in sizes:
        found.append(await grown.step(axis, size, turns))
        say(found[-1])


def growth(
    axis: Annotated[
        list[str] | None, typer.Option(help=f"some of {', '.join(SIZES)}; all where left out")
    ] = None,
    scale: Annotated[float, typer.Option(min=0.0001, max=1, help="share of every size")] = 1.0,
    turns: Annotated[int, typer.Option(min=1, help="measured at each step")] = TURNS,
    picture: Annotated[Path | None, typer.Option(help="write the plot here, as SVG")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout")] = False,
) -> None:
    """Measure what a turn costs as passages, customers, pending cards and conversations grow."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if wrong := set(axis or ()) - set(SIZES):
        raise typer.BadParameter(f"axis {', '.join(sorted(wrong))}; expected {', '.join(SIZES)}")

    def say(one: Grown) -> None:
        typer.echo(json.dumps(asdict(one)) if as_json else one.as_text())

    found = measure(axis or list(SIZES), scale, turns, say)
    if picture is not None:
        from ..plots import draw_growth

        draw_growth(found, picture)


if __name__ == "__main__":
    typer.run(growth)
