"""An update under traffic: the next release's schema comes first, then every process is asked to end and started again."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import httpx
from sqlalchemy.exc import OperationalError

from bot.store import open_engine

from ..crash_run import CrashReport, Ground, under_traffic
from ..later_schema import put_ahead
from ..processes import PATIENCE
from ..server_logs import events
from ..spread import Spread
from ..workbench import workbench
from .services import nats, postgres

ROLES = (3, 0, 1, 2)
"""The order of an update, as numbers of `Spread.roles`: the gateway first."""
TRIES = 5
"""For the migration: PostgreSQL may end it in favour of a turn that it waits for; a Job is started again as well."""


async def rolling_update(folder: Path, seed: int, times: int, patience: float = PATIENCE) -> CrashReport:
    """One process after the other: gateway, two workers, scheduler, and round again; each is ready before the next ends.

    All of them are of the older release, so those that were there and those that start live with the later schema. Nobody
    tells the platform of it: a callback that finds no gateway comes again.
    """
    wrong: list[str] = []

    async def trouble(ground: Ground) -> None:
        await ground.server.start()
        await ground.some_work()
        await asyncio.to_thread(_migrate, database)
        wrong.extend(await _unready(bench.server_url))
        for number in range(times):
            await ground.some_work()
            wrong.extend(await asyncio.to_thread(_restart, ROLES[number % len(ROLES)]))
            ground.troubles.append(time.monotonic())
        await ground.some_work()

    def _restart(number: int) -> list[str]:
        code = bench.restart(number)
        role = spread.roles[number]
        return [] if code in {0, -signal.SIGTERM} else [f"the {role} ended with {code} when asked to"]

    with (
        postgres(folder / "postgres") as (_, database),
        nats(folder / "nats") as (_, bus),
        workbench(folder / "bench", spread := Spread(database, bus, workers=2), patience=patience) as bench,
    ):
        bench.preloaded = True
        report = await under_traffic(bench, trouble, seed)
    told = events(folder / "bench", "warning")["schema_ahead"]
    silent = [f"{times} processes met a later schema and {told} said so"] if told != times else []
    return report.with_faults([*wrong, *silent])


def _migrate(database: str) -> None:
    engine = open_engine(database)
    try:
        for left in reversed(range(TRIES)):
            try:
                with engine.begin() as connection:
                    put_ahead(connection)
                return
            except OperationalError:
                if not left:
                    raise
    finally:
        engine.dispose()


async def _unready(server: str) -> list[str]:
    """What the gateway finds wrong with the schema that it serves on now."""
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        answer = await http.get(f"{server}/readyz")
    found: dict[str, str] = answer.json()["problems"]
    return [f"not ready after the migration: {found['database']}"] if "database" in found else []
