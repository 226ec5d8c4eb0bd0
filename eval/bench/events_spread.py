"""Reports over NATS to an installation in several processes: how long from publishing one to the card on the owner's phone.

Every installation that listens to the NATS server hears them as well: give it a server of its own.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bot.events.brokers import STREAM, named_after

from . import company
from .company import Sender
from .percentiles import Percentiles
from .platform_client import PlatformClient
from .spread import Spread
from .workbench import workbench

SUBJECT = "yiju.events.bench"
PATIENCE = 20.0
"""Seconds without anything new after which the missing cards are lost."""
WARM_UP = 10
"""Reports before the measured ones: a process's first card pays for what is loaded once."""


@dataclass(frozen=True)
class Reported:
    """`taken`: until NATS has the report; `shown`: until its card is with the platform."""

    workers: int
    rate: float
    reports: int
    lost: int
    taken: Percentiles
    shown: Percentiles

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        return (
            f"{self.reports} reports at {self.rate:g}/s over NATS to {self.workers} workers, {self.lost} lost\n"
            f"taken by NATS {self.taken.as_text()}\nreport to card {self.shown.as_text()}"
        )


async def reported(count: int, rate: float, spread: Spread, say: Callable[[str], None]) -> Reported:
    """Device faults at a steady rate, each of another customer with a rep of its own. Raises `NotStarted`."""
    with (
        tempfile.TemporaryDirectory(prefix="yiju-bench-") as folder,
        workbench(Path(folder), spread) as bench,
    ):
        people = company.senders(count + WARM_UP)
        say("preparing the demo company and the reps …")
        bench.prepare(people)
        bench.start_platform()
        platform = PlatformClient.at(bench.platform_url)
        try:
            async with _stream(spread) as publish:
                say("starting gateway, workers and scheduler …")
                bench.start_server()
                await _sent(publish, people[:WARM_UP], rate)
                await _first_cards(platform, people[:WARM_UP])
                say(f"publishing {count} reports at {rate:g}/s …")
                measured = people[WARM_UP:]
                times = await _sent(publish, measured, rate)
                cards = await _first_cards(platform, measured)
        finally:
            await platform.close()
    shown = [cards[one] - at for one, (at, _) in times.items() if one in cards]
    return Reported(
        spread.workers,
        rate,
        count,
        count - len(shown),
        Percentiles.of([took for _, took in times.values()]),
        Percentiles.of(shown),
    )


@asynccontextmanager
async def _stream(spread: Spread) -> AsyncIterator[Callable[[dict[str, Any]], Any]]:
    """Publishes to the stream that the installation makes. What was published before would be reported to it again,
    to customers of the same names: it goes first, and ours afterwards, with the consumer."""
    import nats
    from nats.js.errors import NotFoundError

    connection = await nats.connect(spread.bus)
    stream = connection.jetstream()

    async def publish(event: dict[str, Any]) -> None:
        await stream.publish(SUBJECT, json.dumps(event).encode())

    async def forget() -> None:
        with suppress(NotFoundError):
            await stream.purge_stream(STREAM, subject=SUBJECT)

    await forget()
    try:
        yield publish
    finally:
        await forget()
        with suppress(NotFoundError):
            await stream.delete_consumer(STREAM, named_after(make_url(spread.database)))
        await connection.close()


async def _sent(
    publish: Callable[[dict[str, Any]], Any], people: Sequence[Sender], rate: float
) -> dict[str, tuple[float, float]]:
    """Rep → when its customer's report went out by the machine's clock, and how long NATS took. Open loop."""
    times: dict[str, tuple[float, float]] = {}

    async def report(one: Sender) -> None:
        at = time.monotonic()
        await publish(_fault(one))
        times[one.wecom] = at, time.monotonic() - at

    async with asyncio.TaskGroup() as all_at_their_time:
        for one in people:
            all_at_their_time.create_task(report(one))
            await asyncio.sleep(1 / rate)
    return times


def _fault(one: Sender) -> dict[str, Any]:
    fields = {"status": "故障", "alarm": "E07"}
    return {
        "specversion": "1.0", "id": f"fault-{one.wecom}", "source": "/iot/bench", "type": "cn.yiju.device.fault.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {"entity": f"D-{one.wecom}", "account": one.customer, "fields": fields},
    }  # fmt: skip


async def _first_cards(platform: PlatformClient, people: Sequence[Sender]) -> dict[str, float]:
    """Rep → when the first card reached its phone."""
    wanted = {one.wecom for one in people}

    def cards(found: Sequence[Any]) -> dict[str, float]:
        first: dict[str, float] = {}
        for one in found:
            if one.was_seen and one.user.lower() in wanted:
                first.setdefault(one.user.lower(), one.at)
        return first

    return cards(await platform.wait(lambda found: len(cards(found)) == len(wanted), PATIENCE))
