"""`python -m eval.bench.fuzz [--seconds 60] [--seed 1]`: nonsense at every border, counted.

A crash is an exception that the border does not answer with, a 5xx, or a delivery that the workers gave up. Each is
printed with the input that caused it. The same seed makes the same inputs; how many fit into the time depends on the machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from bot.app import Parts, assemble
from bot.cli.opening import open_store
from bot.demo.prepare import prepare
from bot.security import KEY_SCOPES, new_key
from bot.serving import app_of
from bot.settings import Settings

from .fuzz_targets import Target, api_requests, parsers
from .spread import own_database

MOST_CRASHES = 20
"""Of one border; beyond it there is enough to mend first."""
SETTLE_EVERY = 40
SLOW_CPU_S = 5.0
"""An input that costs more of the processor is a finding too: it holds up everybody."""


@dataclass
class Tried:
    """What came of one border."""

    name: str
    inputs: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    crashes: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, given: object) -> Iterator[None]:
        """One input. The clock also counts waiting for busy neighbours, so what is too slow is told by the processor's time."""
        began, busy = time.perf_counter(), time.process_time()
        yield
        self.inputs += 1
        self.slowest_s = max(self.slowest_s, time.perf_counter() - began)
        if (cost := time.process_time() - busy) > SLOW_CPU_S:
            self.crashed(f"cost {cost:.1f} s of the processor", given)

    def crashed(self, what: str, given: object) -> None:
        self.crashes.append(f"{what} ← {given!r}"[:2000])

    def as_text(self) -> str:
        return (
            f"{self.name:42} {self.inputs:>9,} inputs  {self.refused:>9,} refused  slowest {1000 * self.slowest_s:>7.1f} ms"
            f"  crashes {len(self.crashes)}"
        )


def fuzz_parser(target: Target, seconds: float, seed: int) -> Tried:
    """Inputs for one border until the time is over."""
    chance, tried, until = (
        random.Random(f"{seed}:{target.name}"),
        Tried(target.name),
        time.monotonic() + seconds,
    )
    while time.monotonic() < until and len(tried.crashes) < MOST_CRASHES:
        given = target.make(chance)
        with tried.timed(given):
            try:
                target.run(given)
            except target.refusals:
                tried.refused += 1
            except Exception as error:  # noqa: BLE001 (whatever it is, it is the finding)
                tried.crashed(f"{type(error).__name__}: {error}", given)
    return tried


async def fuzz_api(parts: Parts, seconds: float, seed: int) -> Tried:
    """Requests to the OpenAPI in process; what they leave in the queues is worked too."""
    app, chance, tried = app_of(parts), random.Random(f"{seed}:api"), Tried("OpenAPI and the turns behind it")
    with parts.store.begin() as session:
        _, key = new_key(session, "fuzz", KEY_SCOPES, parts.clock())
    known = {"customer": str((await parts.crm.directory())[0].id), "event": "e1", "decision": "d1"}
    description = app.openapi()
    transport, until = httpx.ASGITransport(app, raise_app_exceptions=False), time.monotonic() + seconds
    async with httpx.AsyncClient(transport=transport, base_url="http://fuzz.test", timeout=60) as web:
        while time.monotonic() < until and len(tried.crashes) < MOST_CRASHES:
            method, path, headers, body = api_requests(description, chance, known)
            with tried.timed((method, path, body)):
                sent = headers | {"Authorization": f"Bearer {key}"}
                answer = await web.request(method, path, headers=sent, content=body)
            tried.refused += answer.is_client_error
            if answer.is_server_error:
                tried.crashed(f"{answer.status_code} {answer.text[:200]}", (method, path, headers, body))
            if tried.inputs % SETTLE_EVERY == 0:
                await parts.settle()
    await parts.settle()
    for worker in parts.workers:
        with parts.store.look() as session:
            for row in worker.queue.dead(session):
                tried.crashed(f"given up: {row.error}", getattr(row, "payload", row))
    return tried


@contextmanager
def demo_parts(postgres: str) -> Iterator[Parts]:
    """The demo company in a folder that goes away; on a database of its own where a server is named."""
    with (
        tempfile.TemporaryDirectory(prefix="yiju-fuzz-") as folder,
        own_database(postgres) if postgres else nullcontext("") as database,
    ):
        settings = Settings(
            _env_file=None, data_dir=Path(folder), database_url=database, secret_key="fuzz", simulator=True
        )
        open_store(settings).close()
        parts = assemble(settings)
        prepare(parts, lambda line: None)
        yield parts
        parts.store.close()


def fuzz(
    seconds: Annotated[float, typer.Option(min=0.1, help="for each border")] = 20.0,
    seed: Annotated[int, typer.Option(help="of all inputs")] = 1,
    only: Annotated[str, typer.Option(help="borders whose name holds this")] = "",
    postgres: Annotated[
        str, typer.Option(help="let the API run on a database of its own on this server")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on stdout")] = False,
) -> None:
    """Fuzz callbacks, events, documents and the API; exit code 1 where something crashed."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    found = []
    for target in parsers():
        if only in target.name:
            found.append(_told(fuzz_parser(target, seconds, seed), as_json))
    if only in "OpenAPI":
        with demo_parts(postgres) as parts:
            found.append(_told(asyncio.run(fuzz_api(parts, seconds, seed)), as_json))
    whole = Tried("all", sum(one.inputs for one in found), sum(one.refused for one in found))
    whole.slowest_s = max((one.slowest_s for one in found), default=0.0)
    whole.crashes = [crash for one in found for crash in one.crashes]
    if not as_json:
        typer.echo(whole.as_text())
    if whole.crashes:
        raise typer.Exit(1)


def _told(tried: Tried, as_json: bool) -> Tried:
    typer.echo(json.dumps(_plain(tried), ensure_ascii=False) if as_json else tried.as_text())
    for crash in tried.crashes:
        typer.echo(f"  CRASH {crash}", err=True)
    return tried


def _plain(tried: Tried) -> dict[str, Any]:
    return asdict(tried) | {"slowest_s": round(tried.slowest_s, 4)}


if __name__ == "__main__":
    typer.run(fuzz)
