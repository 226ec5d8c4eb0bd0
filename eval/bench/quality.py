"""What the quality board costs: `python -m eval.bench.quality [--events 100000] [--postgres postgresql://…]`.

The demo company with a week's events of five sources behind it, written straight into the tables; then
`GET /api/v1/quality` in this process, one after the other. The processor's time means the same on a busy machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Annotated, Any

import httpx
import structlog
import typer
from sqlalchemy import insert
from sqlmodel import Session

from bot.app import Parts
from bot.security import new_key
from bot.serving import app_of
from crm_bridge.events.tables import EventChangeRow, EventRow

from .fuzz import demo_parts
from .percentiles import Percentiles

SOURCES = ("/erp/kingdee", "/crm/salesforce", "/iot/oceanconnect", "/web/site", "/wms/central")
KINDS = (
    ("order", ("status", "carrier", "ship_by")),
    ("account", ("tier", "region")),
    ("device", ("state", "alarm")),
    ("opportunity", ("stage",)),
)
ENTITIES = 4_000
WEEK_S = 7 * 86_400
CHUNK = 5_000


@dataclass(frozen=True)
class Asked:
    """`wall` in milliseconds; `cpu_ms` is the median of one request in this process, the database server's not counted."""

    database: str
    events: int
    sources: int
    fields: int
    wall: Percentiles
    cpu_ms: float

    def as_text(self) -> str:
        return (
            f"{self.database}, {self.events:,} events, {self.sources} sources, {self.fields} fields: "
            f"{self.wall.as_text()}, processor {self.cpu_ms:.0f} ms"
        )


def fill(session: Session, events: int, now: datetime, chance: random.Random) -> None:
    """A week's events, each with the fields it set: mostly seconds late, some dead, some repeated."""
    for start in range(0, events, CHUNK):
        made = [_event(number, now, chance) for number in range(start, min(start + CHUNK, events))]
        session.execute(insert(EventRow), [row for row, _ in made])
        session.execute(insert(EventChangeRow), [row for _, rows in made for row in rows])


def _event(number: int, now: datetime, chance: random.Random) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    source = chance.choice(SOURCES)
    kind, fields = chance.choice(KINDS)
    entity = f"{kind[:2].upper()}-{chance.randrange(ENTITIES)}"
    received = now - timedelta(seconds=chance.random() * WEEK_S)
    at = received - timedelta(seconds=chance.expovariate(1 / 20))
    uid, dead = f"bench-{number}", chance.random() < 0.01
    row = {
        "uid": uid, "id": str(number), "source": source, "type": f"{kind}.updated", "state": "dead" if dead else "applied",
        "reason": "no map fits" if dead else "", "received_at": received, "at": at, "precision": "ms", "means": f"{kind}.updated",
        "kind": kind, "entity": entity, "seen": 1 + (chance.random() < 0.05), "payload": {"data": "x" * 500},
    }  # fmt: skip
    values = {name: None if chance.random() < 0.1 else f"v{chance.randrange(9)}" for name in fields}
    changes = [
        {
            "event": uid, "field": name, "subject": f"{kind}:{entity}", "kind": kind, "value": value, "at": at,
            "second": int(at.timestamp()), "precision": "ms", "source": source,
        }
        for name, value in {"account": f"A{hash(entity) % 50}", **values}.items()
    ]  # fmt: skip
    return row, [] if dead else changes


def measure(parts: Parts, events: int, times: int) -> Asked:
    with parts.store.begin() as session:
        fill(session, events, parts.clock(), random.Random(7))
        key = new_key(session, "bench", ("read",), parts.clock())[1]
    with parts.store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")  # as autovacuum, which comes too late for a bench
    return asyncio.run(_measured(parts, key, events, times))


async def _measured(parts: Parts, key: str, events: int, times: int) -> Asked:
    wall, cpu, board = [], [], {}
    transport, headers = httpx.ASGITransport(app_of(parts)), {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers) as web:
        for _ in range(times + 1):
            busy, began = time.process_time(), time.perf_counter()
            answer = await web.get("/api/v1/quality")
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - busy)
            board = answer.raise_for_status().json()
    database = parts.store.engine.dialect.name  # the first request also reads modules in
    return Asked(
        database,
        events,
        len(board["sources"]),
        len(board["fields"]),
        Percentiles.of(wall[1:]),
        round(1000 * median(cpu[1:]), 1),
    )


def quality(
    events: Annotated[int, typer.Option(min=0)] = 100_000,
    times: Annotated[int, typer.Option(min=1, help="requests that are measured")] = 10,
    postgres: Annotated[
        str, typer.Option(help="a server on which a database may be made; SQLite where left out")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="a JSON line on stdout")] = False,
) -> None:
    """Measure the quality board over so many events."""
    import logging

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with demo_parts(postgres) as parts:
        found = measure(parts, events, times)
    typer.echo(json.dumps(asdict(found)) if as_json else found.as_text())


if __name__ == "__main__":
    typer.run(quality)
