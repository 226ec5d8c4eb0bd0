"""Events measured: how long from a report to its card, and whether a history full of faults ends as it must.

`yiju bench events` measures the first, `yiju bench events --soak` the second.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from bot import schema
from bot.events.intake import Intake
from bot.events.rules import load_rules
from bot.events.sweep import Sweep
from bot.leases import InProcessLeases
from bot.queues import Queue
from bot.store import Store
from bot.tables import CardRow, DecisionRow, DeliveryRow
from crm_bridge import Account, AccountId, AccountName, Field, Lineage, Record
from crm_bridge.events import load_maps
from crm_bridge.events.tables import EventRow, EventStateRow

from .events_story import ACCOUNTS, Story, batches, tell
from .percentiles import Percentiles

SOAKED = 20_000
"""Events of the long soak."""


@dataclass(frozen=True)
class Soaked:
    """What the soak came to; `wrong` must be 0."""

    events: int
    sent: int
    duplicates: int
    broken: int
    ahead: int
    lost: int
    found_by_sweep: int
    dead_letters: int
    counted_twice: int
    wrong: int
    per_second: float

    @property
    def good(self) -> bool:
        return not self.wrong and not self.counted_twice and self.dead_letters == self.broken

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def as_text(found: Soaked) -> str:
    verdict = "exactly the expected state" if found.good else f"{found.wrong} orders are wrong"
    return (
        f"{found.events} events of five sources, {found.sent} sent at {found.per_second:.0f}/s: {verdict}\n"
        f"duplicates {found.duplicates}, counted twice {found.counted_twice}; broken {found.broken}, dead letters "
        f"{found.dead_letters}; clocks ahead {found.ahead}; lost {found.lost}, found by the sweep {found.found_by_sweep}"
    )


@dataclass
class _Truth:
    """The source as it is in the end: what the sweep looks into. Implements what it needs of `CrmAdapter`."""

    story: Story
    now: datetime
    name: str = "truth"

    async def directory(self) -> tuple[AccountName, ...]:
        return tuple(AccountName(AccountId(f"C{n}"), f"C{n}", "nobody") for n in range(ACCOUNTS))

    async def account(self, account: AccountId) -> Account:
        records = tuple(
            Record("order", order, order, (Field("status", "状态", value, value, self._from(at)),))
            for order, (value, at) in self.story.expected.items()
            if "-ahead-" not in order and int(order.rsplit("-", 1)[1]) % ACCOUNTS == int(account[1:])
        )
        return Account(account, account, account, "nobody", "", (), records=records)

    def _from(self, at: datetime) -> Lineage:
        return Lineage(self.name, "order", "status", at, self.now)


async def soak(count: int, seed: int = 1, url: str = "") -> Soaked:
    """Send a history with all its faults, sweep, let a day pass, and compare every order's last status."""
    now = [datetime.now(UTC).replace(microsecond=0)]
    story, chance = tell(count, seed, now[0]), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="yiju-events-") as folder:
        store = Store(url or f"sqlite:///{Path(folder) / 'events.db'}")
        try:
            schema.migrate(store.engine)
            deliveries = Queue(store, DeliveryRow, InProcessLeases())
            intake = Intake(store, deliveries, load_maps(), load_rules(), lambda: now[0])
            started, twice = time.perf_counter(), 0
            for batch in batches(story.sent, chance):
                await intake.accept(batch)
            seconds = time.perf_counter() - started
            found = await Sweep(intake, _Truth(story, now[0])).sweep()  # type: ignore[arg-type]
            now[0] += timedelta(days=2)
            while await intake.release_held():
                pass
            with store.look() as session:
                rows = session.execute(select(EventStateRow).where(col(EventStateRow.field) == "status"))
                ended = {row.subject.partition(":")[2]: row.value for row in rows.scalars()}
                dead = session.execute(select(func.count()).where(col(EventRow.state) == "dead")).scalar_one()
                kept = session.execute(select(func.count()).select_from(EventRow)).scalar_one()
            twice = kept - found - (len(story.sent) - story.duplicates)
        finally:
            store.close()
    expected = {order: value for order, (value, _) in story.expected.items()}
    wrong = sum(ended.get(order) != value for order, value in expected.items()) + len(ended.keys() - expected)
    return Soaked(
        story.made, len(story.sent), story.duplicates, story.broken, story.ahead, story.lost, found, dead, twice, wrong,
        round(len(story.sent) / seconds, 1),
    )  # fmt: skip


def latency(count: int, rate: float) -> tuple[Percentiles, Percentiles]:
    """Device faults by HTTP at a steady rate, with all roles in one process: to the 202, and to the card handed over."""
    from bot.cli.opening import open_store
    from bot.demo.prepare import prepare
    from bot.settings import Settings

    with tempfile.TemporaryDirectory(prefix="yiju-events-") as folder:
        values = {"_env_file": None, "data_dir": Path(folder), "simulator": True, "events": {"per_second": 0}}
        settings = Settings.model_validate(values)
        open_store(settings).close()
        from bot.app import assemble

        parts = assemble(settings)
        prepare(parts, lambda line: None)
        return asyncio.run(_measured(parts, count, rate))


async def _measured(parts: Any, count: int, rate: float) -> tuple[Percentiles, Percentiles]:
    import httpx

    from bot.security import new_key
    from bot.serving import app_of

    with parts.store.begin() as session:
        key = new_key(session, "bench", ("events",), parts.clock())[1]
    app, sent, acknowledged = app_of(parts), dict[str, datetime](), list[float]()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    async with app.router.lifespan_context(app):
        web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://yiju.test")
        accounts = [one.short_name for one in await parts.crm.directory()]

        async def report(number: int) -> None:
            event = {
                "specversion": "1.0", "id": f"f{number}", "source": "/iot/bench", "type": "cn.yiju.device.fault.v1",
                "time": datetime.now(UTC).isoformat(),
                "data": {"entity": f"D-{number}", "account": accounts[number % len(accounts)], "fields": {"status": "故障", "alarm": "E07"}},
            }  # fmt: skip
            started, at = time.perf_counter(), datetime.now(UTC)
            answer = await web.post("/api/v1/events", json=event, headers=headers)
            acknowledged.append(time.perf_counter() - started)
            sent[f"event:{answer.json()['events'][0]['event']}"] = at

        async with asyncio.TaskGroup() as all_at_their_time:
            for number in range(count):
                all_at_their_time.create_task(report(number))
                await asyncio.sleep(1 / rate)
        query = select(col(DecisionRow.turn), func.min(col(CardRow.shown_at))).join(
            CardRow, col(CardRow.decision) == col(DecisionRow.id)
        )
        shown: dict[str, datetime] = {}
        until = time.monotonic() + 60
        while len(shown) < count and time.monotonic() < until:
            await asyncio.sleep(0.2)
            rows = await parts.store.read(
                lambda session: session.execute(query.group_by(col(DecisionRow.turn))).all()
            )
            shown = {turn: at for turn, at in rows}
        await web.aclose()
    if len(shown) < count:
        raise RuntimeError(f"only {len(shown)} of {count} reports became cards")
    return Percentiles.of(acknowledged), Percentiles.of(
        [(shown[turn] - at).total_seconds() for turn, at in sent.items()]
    )


if __name__ == "__main__":
    print(as_text(asyncio.run(soak(SOAKED))))
