"""Callbacks at a given rate, whether the server keeps up or not, and what came of each.

Open loop: a callback goes out when it is due, however many are unanswered. Otherwise a slow server would slow its own
measurement down and look fast.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .callbacks import Callback, Callbacks, Happening
from .company import Sender
from .wire import Wire

FIRST_MESSAGE = 7_000_000_000_000_000


@dataclass(frozen=True)
class Pace:
    """How many turns, how fast. `even`: at equal distances; otherwise as independent people write (Poisson)."""

    turns: int
    rate: float
    seed: int = 1
    even: bool = False
    repeated: float = 0.02
    """Share of callbacks that are delivered a second time, as WeCom does where an answer got lost."""
    first_message: int = FIRST_MESSAGE

    @property
    def seconds(self) -> float:
        return self.turns / self.rate


@dataclass(frozen=True)
class Shot:
    """A callback to come: `due` seconds after the start."""

    due: float
    sender: Sender
    words: str
    message_id: str
    again: bool = False


@dataclass(frozen=True)
class Fired:
    """A callback that went out. Times are of the monotonic clock; status 0 means no answer."""

    shot: Shot
    at: float
    took: float
    late: float
    """How long after it was due this process sent it: the measurement's own weakness."""
    status: int


def plan(pace: Pace, senders: Sequence[Sender], texts: Sequence[str]) -> list[Shot]:
    """All callbacks in the order they are due. The same pace and people make the same plan."""
    chance = random.Random(pace.seed)
    shots: list[Shot] = []
    for number, due in enumerate(_due_times(pace, chance)):
        sender = senders[number % len(senders)]
        words = f"客户{sender.customer}说:{texts[number % len(texts)]}"
        shot = Shot(due, sender, words, str(pace.first_message + number))
        shots.append(shot)
        if chance.random() < pace.repeated:
            shots.append(replace(shot, due=due + chance.uniform(0.01, 3.0), again=True))
    return sorted(shots, key=lambda shot: shot.due)


async def fire(shots: Iterable[Shot], wire: Wire, callbacks: Callbacks) -> list[Fired]:
    """Send each when it is due; returns when all are answered or given up."""
    fired: list[Fired] = []
    said: dict[str, Happening] = {}
    start = time.monotonic() + 0.05
    async with asyncio.TaskGroup() as flying:
        for shot in shots:
            words = callbacks.text(shot.sender.wecom, shot.words, shot.message_id)
            callback = callbacks.seal(said.setdefault(shot.message_id, words))
            await asyncio.sleep(max(0.0, start + shot.due - time.monotonic()))
            flying.create_task(_send(shot, wire, callback, start + shot.due, fired))
    return fired


async def _send(shot: Shot, wire: Wire, callback: Callback, due: float, fired: list[Fired]) -> None:
    at = time.monotonic()
    try:
        status = await wire.post(callback)
    except OSError:
        status = 0
    fired.append(Fired(shot, at, time.monotonic() - at, at - due, status))


def _due_times(pace: Pace, chance: random.Random) -> Iterator[float]:
    at = 0.0
    for _ in range(pace.turns):
        yield at
        at += 1 / pace.rate if pace.even else chance.expovariate(pace.rate)
