"""One measurement: drive a server, wait for its cards, bring both together."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from . import company, processes
from .callbacks import App, Callbacks
from .company import Sender
from .load import FIRST_MESSAGE, Fired, Pace, fire, plan
from .outcome import Outcome, Report
from .platform_client import PlatformClient
from .spread import Spread
from .wecom_platform import Arrival
from .wire import Wire
from .workbench import Workbench, workbench

PATIENCE = 10.0
"""Seconds without anything new after which the missing cards are lost."""
START_PATIENCE = 60.0
SETTLE = 1.5
"""Seconds without anything new after which no second card is expected any more."""
Say = Callable[[str], None]


async def drive(
    server: str, platform: PlatformClient, app: App, senders: Sequence[Sender], pace: Pace
) -> Outcome:
    """Send the plan to `server` and judge what the platform got."""
    wire = Wire(server)
    before = len(await platform.arrivals())
    shots = plan(pace, senders, company.utterances(pace.seed))
    fired = await fire(shots, wire, Callbacks(app))
    await wire.close()
    arrivals = await _answers(platform, fired, before)
    return Outcome.of(fired, arrivals[before:])


async def measure_own(
    pace: Pace,
    say: Say,
    spread: Spread | None = None,
    delay: float = 0.0,
    senders: Sequence[Sender] | None = None,
) -> Report:
    """With everything made for the occasion in a folder that goes away. Raises `NotStarted`.

    `delay`: seconds that the platform takes for each answer. `senders`: who writes; a rep for each turn where left out.
    """
    with (
        tempfile.TemporaryDirectory(prefix="yiju-bench-") as folder,
        workbench(Path(folder), spread) as bench,
    ):
        say("preparing the demo company and the reps …")
        first, *others = company.senders(1 + company.senders_needed(pace.turns, pace.rate))
        senders = senders or others
        bench.prepare([first, *senders])
        bench.start_platform(delay)
        say("starting the server …")
        ready = bench.start_server()
        platform = PlatformClient.at(bench.platform_url)
        try:
            first_card = await _first_card(bench, platform, first)
            say(f"sending {pace.turns} turns at {pace.rate:g}/s …")
            report = await _measured(bench.server_url, platform, bench.app, bench.pids, senders, pace)
        finally:
            await platform.close()
        return replace(report, ready_s=round(ready, 2), first_card_s=first_card)


async def measure_running(server: str, platform_url: str, app: App, pid: int | None, pace: Pace) -> Report:
    """A server that runs already, knows the senders of `company`, and has the stub platform as its WeCom."""
    platform = PlatformClient.at(platform_url)
    senders = company.senders(company.senders_needed(pace.turns, pace.rate))
    try:
        return await _measured(server, platform, app, (pid,) if pid else (), senders, pace)
    finally:
        await platform.close()


async def _measured(
    server: str,
    platform: PlatformClient,
    app: App,
    pids: Sequence[int],
    senders: Sequence[Sender],
    pace: Pace,
) -> Report:
    """The run, with what it cost the server's processes where those can be looked at."""
    before = _sum(processes.cpu_s(pid) for pid in pids)
    outcome = await drive(server, platform, app, senders, pace)
    after = _sum(processes.cpu_s(pid) for pid in pids)
    memory = [processes.memory_mb(pid) for pid in pids]
    now, most = (_sum(one and one[at] for one in memory) for at in (0, 1))
    used = None if before is None or after is None else round(1000 * (after - before) / outcome.turns, 1)
    return Report(
        pace.rate,
        outcome,
        cpu_ms_per_turn=used,
        memory_mb=now and round(now),
        peak_memory_mb=most and round(most),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """None where nothing can be known."""
    known = list(values)
    return sum(one or 0.0 for one in known) if known and None not in known else None


async def _first_card(bench: Workbench, platform: PlatformClient, sender: Sender) -> float | None:
    """One turn on the fresh server; seconds from the process's start to its card."""
    wire, started = Wire(bench.server_url), bench.server.started if bench.server else time.monotonic()
    probe = Pace(1, 1.0, repeated=0.0, first_message=FIRST_MESSAGE - 1)
    await fire(plan(probe, [sender], ["50台什么价,能不能给个报价"]), wire, Callbacks(bench.app))
    await wire.close()
    arrivals = await platform.wait(lambda found: any(one.was_seen for one in found), START_PATIENCE)
    await platform.wait(lambda _: False, SETTLE, arrivals)
    return next((round(one.at - started, 2) for one in arrivals if one.was_seen), None)


async def _answers(platform: PlatformClient, fired: Sequence[Fired], before: int) -> list[Arrival]:
    """Everything that arrived, when each turn has an answer and nothing more came for a while."""
    expected = {one.shot.message_id: one.shot.sender.wecom for one in fired}
    wanted = list(expected.values())

    def enough(found: Sequence[Arrival]) -> bool:
        answered = [one.user.lower() for one in found[before:] if one.was_seen]
        return len(answered) >= len(wanted) and set(wanted) <= set(answered)

    arrivals = await platform.wait(enough, PATIENCE)
    return await platform.wait(lambda _: False, SETTLE, arrivals)
