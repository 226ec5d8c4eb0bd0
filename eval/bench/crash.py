"""Kills a working server at random moments and asks afterwards whether anything was lost or done twice.

`python -m eval.bench.crash --kills 1000` is the long run; the test suite makes a short one. Reps paste customer words
and tap cards all the while. As WeCom does, a callback is delivered again until it is answered, and now and then once
more; unlike WeCom, nothing is given up after three attempts, so that every delivery has to end well.
"""

from __future__ import annotations

import asyncio
import random
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from . import company
from .callbacks import Callbacks, Happening
from .company import Sender
from .crash_checks import Baseline, Findings, Story, baseline, is_proposal, judge
from .load import FIRST_MESSAGE
from .platform_client import PhoneCard, PlatformClient
from .processes import NotStarted
from .wire import Wire
from .workbench import Workbench, workbench

LOOK_EVERY = 0.05
PATIENCE = 60.0
"""Seconds a rep waits for a card or for its change while the server is up; longer is a fault."""
AGAIN = 0.1
"""Share of callbacks that are delivered once more although they were answered."""
IDLE = 5.0
"""Seconds without a call to the platform after which the server is killed all the same."""
ANSWER_AFTER = 0.02
"""Seconds in which a kill finds the platform told and the server without an answer."""
SETTLE = 3.0
"""Seconds without anything new at the platform after which all is said."""


@dataclass
class Server:
    """The server under test, and whether it is up."""

    bench: Workbench
    up: asyncio.Event = field(default_factory=asyncio.Event)
    starts: list[float] = field(default_factory=list)

    async def flicker(self, seconds: float) -> None:
        """Start it and kill it so soon that it may not be ready yet."""
        await asyncio.to_thread(self.bench.launch_server)
        await asyncio.sleep(seconds)
        await self.kill()

    async def start(self) -> None:
        self.starts.append(await asyncio.to_thread(self.bench.start_server))
        self.up.set()

    async def kill(self) -> None:
        self.up.clear()
        assert self.bench.server is not None
        await asyncio.to_thread(self.bench.server.kill)

    async def stop(self) -> int:
        self.up.clear()
        assert self.bench.server is not None
        return await asyncio.to_thread(self.bench.server.stop)


@dataclass
class Traffic:
    """Reps at work, one turn after the other, until told to stop."""

    server: Server
    platform: PlatformClient
    callbacks: Callbacks
    wire: Wire
    texts: Sequence[str]
    chance: random.Random
    story: Story = field(default_factory=Story)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, reps: Sequence[Sender], offset: int) -> None:
        """Takes turns with several reps, so that none of them gets more messages than WeCom lets through."""
        number = 0
        while not self.stopping.is_set():
            await self._one_turn(reps[number % len(reps)], offset + number)
            number += 1

    async def _one_turn(self, rep: Sender, number: int) -> None:
        known = {card.task_id for card in await self.platform.cards(rep.wecom)}
        message = str(FIRST_MESSAGE + number)
        words = f"客户{rep.customer}说:{self.texts[number % len(self.texts)]}"
        await self._deliver(self.callbacks.text(rep.wecom, words, message))
        self.story.said[message] = rep.wecom
        card = await self._see(rep, lambda cards: next((one for one in cards if _is_new(one, known)), None))
        if card is None:
            self.story.faults.append(f"message {message} of {rep.wecom} had no card within {PATIENCE:.0f} s")
            return
        await self._decide(rep, card)

    async def _decide(self, rep: Sender, card: PhoneCard) -> None:
        keys = {key.partition("@")[0]: key for key in card.keys}
        move = "confirm" if "confirm" in keys and self.chance.random() < 0.8 else "decline"
        code = await self.platform.tap(rep.wecom, card.task_id, keys[move])
        if code is None:
            return  # the card changed under the finger
        tapped = self.callbacks.tap(rep.wecom, card.task_id, keys[move], code)
        decision = card.task_id.partition("@")[0]
        (self.story.confirmed if move == "confirm" else self.story.declined).add(decision)
        await self._deliver(tapped)
        changed = await self._see(rep, lambda cards: _changed(cards, card))
        if changed is None:
            self.story.faults.append(f"card {card.task_id} did not change within {PATIENCE:.0f} s of its tap")

    async def _deliver(self, happening: Happening) -> None:
        await self._until_answered(happening)
        if self.chance.random() < AGAIN:
            await self._until_answered(happening)

    async def _until_answered(self, happening: Happening) -> None:
        while True:
            await self.server.up.wait()
            self.story.deliveries += 1
            try:
                status = await self.wire.post(self.callbacks.seal(happening))
            except OSError:
                status = 0
            if status == 200:
                return
            if status:
                self.story.faults.append(f"a callback was answered with {status}")
            await asyncio.sleep(LOOK_EVERY)

    async def _see(
        self, rep: Sender, look: Callable[[list[PhoneCard]], PhoneCard | None]
    ) -> PhoneCard | None:
        """What the rep waits to see on the phone; None where it never comes."""
        served = 0.0
        while served < PATIENCE:
            started = time.monotonic()
            if (found := look(await self.platform.cards(rep.wecom))) is not None:
                return found
            await asyncio.sleep(LOOK_EVERY)
            served += time.monotonic() - started if self.server.up.is_set() else 0.0
        return None


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
    arrivals = await traffic.platform.wait(lambda _: False, SETTLE)
    bodies = await traffic.platform.arrivals(bodies=True)
    await traffic.wire.close()
    await traffic.platform.close()
    code, story = await server.stop(), traffic.story
    assert len(bodies) >= len(arrivals)
    found = judge(server.bench.database, story, bodies, before)
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


def _is_new(card: PhoneCard, known: set[str]) -> bool:
    return card.task_id not in known and is_proposal(card.keys)


def _changed(cards: Sequence[PhoneCard], before: PhoneCard) -> PhoneCard | None:
    """The card once it looks otherwise, or the one that was sent in its place."""
    decision = before.task_id.partition("@")[0]
    same = [card for card in cards if card.task_id.partition("@")[0] == decision]
    return next((card for card in same if card.task_id != before.task_id or card.keys != before.keys), None)


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
