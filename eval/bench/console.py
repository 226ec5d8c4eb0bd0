"""The console with many decisions: `python -m eval.bench.console --decisions 100000 [--loads 15]`.

A fresh demo company with a past of so many decisions, a server of its own on a free port, and Chromium, which signs in
as the manager of all and opens each page so many times: until the first row of the list, or the board's charts, stand
there. Beside it what the database takes for each, in this process. Needs the development packages and Chromium.
"""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session, select

from bot import decisions, people
from bot.app import Parts, assemble
from bot.channels import Heard
from bot.cli.opening import open_store
from bot.console import board_counts, listing
from bot.console.filtering import Filter
from bot.decision import Decision
from bot.demo.prepare import prepare
from bot.people import Role
from bot.settings import Settings
from bot.tables import DecisionRow

from ..screens import chromium, signed_in
from . import history, processes
from .percentiles import Percentiles

WORDS = "什么价"
RARE = "#4242"
BAR_S = 1.0


@dataclass(frozen=True)
class Measured:
    """One page or query, so many times; milliseconds. `low`, `high`: of the median, 95 %, by the ranks around it."""

    what: str
    times: Percentiles
    low: float
    high: float

    @classmethod
    def of(cls, what: str, seconds: list[float]) -> Measured:
        ordered = sorted(round(1000 * one, 1) for one in seconds)
        n = len(ordered)
        reach = 1.96 * math.sqrt(n) / 2
        first, last = max(0, math.floor(n / 2 - reach)), min(n - 1, math.ceil(n / 2 + reach))
        return cls(what, Percentiles.of(seconds), ordered[first], ordered[last])

    def as_text(self) -> str:
        return f"{self.what:34} {self.times.as_text()}   median in [{self.low:.0f}, {self.high:.0f}]"


def main(
    count: Annotated[int, typer.Option("--decisions", help="How many.")] = 100_000,
    loads: Annotated[int, typer.Option(help="How often each page is opened.")] = 15,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """How long the console's lists, a search and the board take with so many decisions."""
    with tempfile.TemporaryDirectory(prefix="yiju-console-") as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder) / "data", simulator=True)
        found = [*queried(settings, count, loads), *asyncio.run(_painted(Path(folder), settings, loads))]
    for one in found:
        print(json.dumps(asdict(one)) if as_json else one.as_text())
    painted = next(one for one in found if one.what == "page: the list")
    met = painted.times.p90 is not None and painted.times.p90 <= 1000 * BAR_S
    print(f"first paint of the list within {BAR_S:.0f} s in nine of ten loads: {'met' if met else 'MISSED'}")


def queried(settings: Settings, count: int, loads: int) -> list[Measured]:
    """Fill the company's past, then ask the database as the pages do."""
    open_store(settings).close()
    parts = assemble(settings)
    try:
        prepare(parts, lambda line: None)
        model, now = asyncio.run(_a_decision(parts)), parts.clock()
        with parts.store.look() as session:
            reps = [str(one.id) for one in people.everyone(session) if one.role is Role.REP]
        history.fill(parts.store, model, reps, count, now)
        with parts.store.look() as session:
            admin = people.by_id(session, "admin")

        def listed(wanted: Filter, page: int = 0) -> Callable[[Session], Any]:
            return lambda session: listing.find(session, admin, wanted, now, page)

        since = (now - timedelta(days=89)).astimezone(listing.SHANGHAI).date()
        queries: dict[str, Callable[[Session], Any]] = {
            "query: the list": listed(Filter()),
            "query: its last page": listed(Filter(), count // listing.PAGE - 1),
            "query: needs me": listed(Filter(needs_me=True)),
            f"query: words, many hits ({WORDS})": listed(Filter(words=WORDS)),
            f"query: words, few hits ({RARE})": listed(Filter(words=RARE)),
            "query: confirmed at once": listed(Filter(sign="at_once")),
            "query: board of 90 days": lambda session: board_counts.board(session, admin, since),
        }
        return [Measured.of(what, _times(parts, work, loads)) for what, work in queries.items()]
    finally:
        parts.store.close()


def _times(parts: Parts, work: Callable[[Session], Any], loads: int) -> list[float]:
    times = []
    for _ in range(loads):
        began = time.perf_counter()
        with parts.store.look() as session:
            work(session)
        times.append(time.perf_counter() - began)
    return times


async def _a_decision(parts: Parts) -> Decision:
    """One that the product really proposed, to copy."""
    heard = Heard("bench:1", "zhangsan", "sim:zhangsan", "客户华东仁和说:X200要50台,什么价", parts.clock())
    await parts.gateway.accept("sim", heard)
    await parts.settle()
    with parts.store.look() as session:
        row = session.exec(select(DecisionRow)).first()
    if row is None:
        raise SystemExit("the demo company made no card of a customer's words; run `yiju doctor`")
    return decisions.read(row)


async def _painted(folder: Path, settings: Settings, loads: int) -> list[Measured]:
    from playwright.async_api import async_playwright

    port = processes.free_port()
    url = f"http://127.0.0.1:{port}"
    values = {"YIJU_DATA_DIR": str(settings.data_dir)}
    child = processes.start(["bot", "demo", "--port", str(port)], values, folder / "server.log")
    try:
        processes.wait_until_ready(child, f"{url}/readyz", 180)
        password = (settings.data_dir / "demo_password").read_text(encoding="utf-8")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            page = await signed_in(browser, url, password, (1280, 800))
            pages = {
                "page: the list": ("/", "tbody tr td"),
                "page: a search": (f"/?words={WORDS}", "tbody tr td"),
                "page: the board of 90 days": ("/board?days=90", "role=heading[name='每天的卡片']"),
            }
            found = []
            for what, (path, until) in pages.items():
                open_it = _opening(page, f"{url}/console{path}", until)
                await open_it()
                found.append(Measured.of(what, [await open_it() for _ in range(loads)]))
            await browser.close()
            return found
    finally:
        child.stop()


def _opening(page: Any, url: str, until: str) -> Callable[[], Awaitable[float]]:
    """Seconds from asking for the page until what people came for stands there."""

    async def open_it() -> float:
        began = time.perf_counter()
        await page.goto(url, wait_until="commit")
        await page.locator(until).first.wait_for(timeout=60_000)
        return time.perf_counter() - began

    return open_it


if __name__ == "__main__":
    typer.run(main)
