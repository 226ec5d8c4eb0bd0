"""The customer system dies in the middle of a write, or we do between its commit and our receipt."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlmodel import Session

from bot.store import Store
from crm_bridge.adapters.embedded.tables import AccountRow
from crm_bridge.adapters.remote.tables import ReceiptRow

from .. import processes
from ..crash_customers import Held, Holds, done_keys
from ..crash_run import CrashReport, Ground, under_traffic
from ..processes import PATIENCE, Child, NotStarted
from ..workbench import workbench
from .customer_books import Books, Change, Harm, Moment

MAPPING = Path(__file__).with_name("customer_system.yaml")
AWAY = (0.5, 6.0)
"""Seconds that it stays away."""
TIMEOUT_S = 5.0
"""Until a call to it counts as unanswered."""
MOMENTS = (
    Harm(Moment.AFTER, 0.0),
    Harm(Moment.HELD, TIMEOUT_S),
    Harm(Moment.BEFORE, 0.0),
    Harm(Moment.LATE, TIMEOUT_S + 2.0),
)


@dataclass
class Neighbour:
    """The customer system as a process, on one port and one file all its life."""

    folder: Path
    port: int
    patience: float = PATIENCE
    """Seconds for a start, and until somebody must have confirmed something that is written there."""
    child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def file(self) -> Path:
        return self.folder / "crm.db"

    def start(self) -> None:
        """Raises `NotStarted`."""
        arguments = ["eval.bench.faults.customer_system", "--file", str(self.file), "--port", str(self.port)]
        self.child = processes.start(arguments, {}, self.folder / "crm.log")
        processes.wait_until_ready(self.child, f"{self.url}/account", self.patience)

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    async def arm(self, harm: Harm) -> None:
        """The next write meets it."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            await http.post("/control/harm", json=harm._asdict())

    async def struck(self, harm: Harm) -> None:
        """Until a write has met it. Raises `NotStarted` where none comes."""
        assert self.child is not None
        try:
            if harm.moment in {Moment.BEFORE, Moment.AFTER}:
                await asyncio.to_thread(self.child.process.wait, self.patience)
            else:
                async with httpx.AsyncClient(
                    base_url=self.url, trust_env=False, timeout=self.patience
                ) as http:
                    await http.get("/control/struck")
        except (subprocess.TimeoutExpired, httpx.TimeoutException) as error:
            raise NotStarted(
                f"nothing was written to the customer system in {self.patience:.0f} s"
            ) from error


async def crm_dies_in_a_write(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """Killed before and after its commit, late beyond our patience, and answering into a server that is dead by then."""

    async def trouble(ground: Ground) -> None:
        await asyncio.to_thread(_settle, there.file, bench.database)
        await asyncio.to_thread(there.start)
        bench.more |= {
            "YIJU_CRM__ADAPTER": "rest",
            "YIJU_CRM__BASE_URL": there.url,
            "YIJU_CRM__MAPPING": str(MAPPING),
            "YIJU_CRM__TIMEOUT_S": str(TIMEOUT_S),
        }
        await ground.server.start()
        for number in range(times):
            harm = MOMENTS[number % len(MOMENTS)]
            await ground.some_work()
            await there.arm(harm)
            await there.struck(harm)
            await _recover(ground, harm)
            ground.troubles.append(time.monotonic())
        await ground.some_work()

    async def _recover(ground: Ground, harm: Harm) -> None:
        if harm.moment is Moment.HELD:
            await ground.server.kill()
            await ground.server.start()
        elif harm.moment is not Moment.LATE:
            await asyncio.sleep(ground.chance.uniform(*AWAY))
            await asyncio.to_thread(there.start)

    with (
        _neighbour(folder / "crm", patience) as there,
        workbench(folder / "bench", patience=patience) as bench,
    ):
        return await under_traffic(bench, trouble, seed, holds=holds_once(there.file))


def holds_once(file: Path) -> Holds:
    """Each done action stands in the books exactly once, by its write key or as the change it asked for; nothing else does."""

    def holds(session: Session) -> Held:
        books = Books(file)
        keys, changes = Counter(books.keys()), Counter(books.changes())
        books.close()
        return Held(keys.total(), tuple(_faults(session, keys, changes)))

    return holds


def _faults(session: Session, keys: Counter[str], changes: Counter[Change]) -> Iterator[str]:
    done = done_keys(session)
    changing = {row.key: row for row in session.execute(select(ReceiptRow)).scalars() if row.wanted}
    for key in sorted((done - changing.keys()) | keys.keys()):
        if keys[key] != (key in done):
            yield f"write key {key} is {'' if key in done else 'not '}done and stands {keys[key]} times in the CRM"
    wanted = Counter(
        Change(row.record, name, str(value))
        for key, row in changing.items()
        if key in done
        for name, value in row.wanted.items()
    )
    for change in wanted.keys() | changes.keys():
        if wanted[change] != changes[change]:
            yield f"{change.record}.{change.field} was set {changes[change]} times, confirmed {wanted[change]} times"


@contextmanager
def _neighbour(folder: Path, patience: float) -> Iterator[Neighbour]:
    folder.mkdir(parents=True)
    there = Neighbour(folder, processes.free_port(), patience)
    try:
        yield there
    finally:
        there.stop()


def _settle(file: Path, database: str) -> None:
    """The demo company's customers and the reps', under the ids that documents know them by."""
    store, books = Store(database), Books(file)
    with store.look() as session:
        books.settle({row.id: _body(row) for row in session.execute(select(AccountRow)).scalars()})
    books.close()
    store.close()


def _body(row: AccountRow) -> dict[str, Any]:
    names = ("name", "short_name", "aliases", "owner", "industry", "tier", "region", "payment_days", "remark")
    return {name: getattr(row, name) for name in names}
