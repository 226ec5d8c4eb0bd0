"""Reps at work while the server comes and goes: they paste customer words, wait for the card, tap it.

As WeCom does, a callback is delivered again until it is answered, and now and then once more; unlike WeCom, nothing is
given up after three attempts, so that every delivery has to end well. An honest 503 (the store is away) is such a delivery.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .callbacks import Callbacks, Happening
from .company import Sender
from .crash_story import Story, is_proposal
from .load import FIRST_MESSAGE
from .platform_client import PhoneCard, PlatformClient
from .wire import Wire
from .workbench import Workbench

LOOK_EVERY = 0.05
PATIENCE = 60.0
"""Seconds a rep waits for a card or for its change while the server is up; longer is a fault."""
AGAIN = 0.1
"""Share of callbacks that are delivered once more although they were answered."""
NOT_NOW = frozenset({503})
"""Answers that are no fault: the platform simply comes again."""


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

    async def kill_one(self, chance: random.Random) -> None:
        """Kill any one process of several and start another in its place; the gateway is the only one that is missed."""
        victim = chance.randrange(len(self.bench.others) + 1)
        if victim == len(self.bench.others):
            await self.kill()
            await self.restart()
        else:
            await asyncio.to_thread(self.bench.replace, victim)

    async def restart(self) -> None:
        """The gateway again, the others as they are."""
        self.starts.append(await asyncio.to_thread(self.bench.start_gateway))
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
    not_now: frozenset[int] = NOT_NOW
    patience: float = PATIENCE
    pause: float = 0.0
    """Seconds between two turns of one actor."""

    async def work(self, reps: Sequence[Sender], offset: int) -> None:
        """Takes turns with several reps, so that none of them gets more messages than WeCom lets through."""
        await self.server.up.wait()
        number = 0
        while not self.stopping.is_set():
            await self._one_turn(reps[number % len(reps)], offset + number)
            number += 1
            await asyncio.sleep(self.pause)

    async def _one_turn(self, rep: Sender, number: int) -> None:
        started = time.monotonic()
        known = {card.task_id for card in await self.platform.cards(rep.wecom)}
        message = str(FIRST_MESSAGE + number)
        words = f"客户{rep.customer}说:{self.texts[number % len(self.texts)]}"
        await self._deliver(self.callbacks.text(rep.wecom, words, message))
        self.story.said[message] = rep.wecom
        card = await self._see(rep, lambda cards: next((one for one in cards if _is_new(one, known)), None))
        if card is None:
            self.story.faults.append(
                f"message {message} of {rep.wecom} had no card within {self.patience:.0f} s"
            )
            return
        self.story.waits.append(time.monotonic() - started)
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
            self.story.faults.append(
                f"card {card.task_id} did not change within {self.patience:.0f} s of its tap"
            )

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
            if status and status not in self.not_now:
                self.story.faults.append(f"a callback was answered with {status}")
            await asyncio.sleep(LOOK_EVERY)

    async def _see(
        self, rep: Sender, look: Callable[[list[PhoneCard]], PhoneCard | None]
    ) -> PhoneCard | None:
        """What the rep waits to see on the phone; None where it never comes."""
        served = 0.0
        while served < self.patience:
            started = time.monotonic()
            if (found := look(await self.platform.cards(rep.wecom))) is not None:
                return found
            await asyncio.sleep(LOOK_EVERY)
            served += time.monotonic() - started if self.server.up.is_set() else 0.0
        return None


def _is_new(card: PhoneCard, known: set[str]) -> bool:
    return card.task_id not in known and is_proposal(card.keys)


def _changed(cards: Sequence[PhoneCard], before: PhoneCard) -> PhoneCard | None:
    """The card once it looks otherwise, or the one that was sent in its place."""
    decision = before.task_id.partition("@")[0]
    same = [card for card in cards if card.task_id.partition("@")[0] == decision]
    return next((card for card in same if card.task_id != before.task_id or card.keys != before.keys), None)
