"""yiju bench: load against a server, and what it made of it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from . import company
from .callbacks import BENCH_APP, App
from .load import Pace
from .measure import measure_own, measure_running
from .outcome import Report
from .processes import NotStarted
from .profiles import HEAD, PROFILES, run_all
from .spread import NATS, POSTGRES, Spread, own_database
from .workbench import start_platform


def bench(
    what: Annotated[
        str,
        typer.Argument(
            help="messages; events: reports of other systems; knowledge: questions to documents; encoder: a text encoder; "
            "profiles: every shape of traffic on every installation"
        ),
    ] = "messages",
    turns: Annotated[int, typer.Option(min=1, help="customer messages to send")] = 600,
    rate: Annotated[
        float, typer.Option(min=0.1, help="messages a second, kept up whatever the server does")
    ] = 20.0,
    seed: Annotated[int, typer.Option(help="of words, gaps and repeated deliveries")] = 1,
    even: Annotated[bool, typer.Option("--even", help="equal gaps instead of random (Poisson) ones")] = False,
    workers: Annotated[
        int,
        typer.Option(
            min=0, help="processes that work turns or reports, on PostgreSQL and NATS; 0: all in one process"
        ),
    ] = 0,
    postgres: Annotated[
        str, typer.Option(help="with --workers: the server that gets a database for it")
    ] = POSTGRES,
    bus: Annotated[str, typer.Option(help="with --workers: the NATS server")] = NATS,
    platform_delay: Annotated[
        float, typer.Option(min=0.0, help="seconds that the platform takes for each answer")
    ] = 0.0,
    profile: Annotated[
        str,
        typer.Option(help=f"a shape of traffic in place of --turns and --rate: {', '.join(PROFILES)}"),
    ] = "",
    scale: Annotated[float, typer.Option(min=0.001, max=10, help="with a profile: share of its turns")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    url: Annotated[str, typer.Option(help="a running server; empty: one is made for the occasion")] = "",
    platform_port: Annotated[int, typer.Option(help="with --url: where its WeCom API_BASE points to")] = 9911,
    pid: Annotated[int, typer.Option(help="with --url: the server's process, for its memory")] = 0,
    corp_id: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__CORP_ID")] = BENCH_APP.corp_id,
    agent_id: Annotated[int, typer.Option(help="with --url: YIJU_WECOM__AGENT_ID")] = BENCH_APP.agent_id,
    secret: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__SECRET")] = BENCH_APP.secret,
    token: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__TOKEN")] = BENCH_APP.token,
    aes_key: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__AES_KEY")] = BENCH_APP.aes_key,
    soak: Annotated[
        bool, typer.Option("--soak", help="with events: 20,000 of them with every fault, instead of latency")
    ] = False,
    passages: Annotated[int, typer.Option(min=7000, help="with knowledge: so many in the library")] = 50_000,
    model: Annotated[
        str, typer.Option(help="with encoder: its folder; empty: bge-small-zh's shape with random weights")
    ] = "",
    int8: Annotated[bool, typer.Option("--int8", help="with encoder: the random weights quantised")] = False,
    print_users: Annotated[
        bool, typer.Option("--print-users", help="the reps it needs, for users import")
    ] = False,
) -> None:
    """Send encrypted WeCom callbacks at a steady rate; print how fast they were acknowledged and became cards.

    Without --url everything is made for the occasion in a temporary folder: demo company, stub platform, server. A
    running server (--url) must know the users of --print-users and call 127.0.0.1:PLATFORM_PORT as its WeCom.
    """
    if what not in {"messages", "events", "knowledge", "encoder", "profiles"}:
        raise typer.BadParameter(f"{what!r}; expected messages, events, knowledge, encoder or profiles")
    if profile and profile not in PROFILES:
        raise typer.BadParameter(f"profile {profile!r}; expected {', '.join(PROFILES)}")
    if what == "profiles" or profile:
        counts = [workers] if workers else [] if profile else [1, 2, 4]
        _profiles(
            [profile] if profile else list(PROFILES),
            counts,
            bool(profile and workers),
            seed,
            scale,
            postgres,
            bus,
            as_json,
        )
        return
    if what == "encoder":
        _encoder(model, int8, as_json)
        return
    if what == "knowledge":
        _knowledge(passages, turns, seed, as_json)
        return
    if what == "events":
        if workers and not soak:
            _events_spread(turns, rate, Spread("", bus, workers), postgres, as_json)
        else:
            _events(turns, rate, seed, soak, as_json)
        return
    pace = Pace(turns, rate, seed, even)
    try:
        if print_users:
            typer.echo(company.users_csv(company.senders(company.senders_needed(turns, rate))), nl=False)
            return
        app = App(corp_id, agent_id, secret, token, aes_key)
        report = (
            _measured_running(url, platform_port, app, pid, pace)
            if url
            else _measured_own(pace, workers, postgres, bus, platform_delay)
        )
    except (NotStarted, ValueError, OperationalError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    _print(report, as_json)


def _profiles(
    names: Sequence[str], workers: Sequence[int], only_spread: bool, seed: int, scale: float, postgres: str, bus: str, as_json: bool
) -> None:  # fmt: skip
    """Lines of a Markdown table, or one JSON object each."""

    def say(words: str) -> None:
        typer.echo(words, err=True)

    if not as_json:
        typer.echo(HEAD)
    good = True
    for row in run_all(names, workers, seed, scale, postgres, bus, say, embedded=not only_spread):
        typer.echo(json.dumps(row.as_json(), ensure_ascii=False) if as_json else row.as_text())
        good &= row.good
    if not good:
        raise typer.Exit(1)


def _encoder(model: str, int8: bool, as_json: bool) -> None:
    from dataclasses import asdict

    from .encoder import measure

    measured = measure(Path(model) if model else None, int8)
    typer.echo(json.dumps(asdict(measured)) if as_json else measured.as_text())


def _knowledge(passages: int, questions: int, seed: int, as_json: bool) -> None:
    from dataclasses import asdict

    from .knowledge import measure

    measured = measure(passages, questions, seed)
    typer.echo(json.dumps(asdict(measured)) if as_json else measured.as_text())
    if measured.forbidden:
        raise typer.Exit(1)


def _events(count: int, rate: float, seed: int, soaked: bool, as_json: bool) -> None:
    import logging

    import structlog

    from .events import SOAKED, as_text, latency, soak

    # stdout is for the figures: a line for each report would bury them
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if soaked:
        found = asyncio.run(soak(SOAKED, seed))
        typer.echo(json.dumps(found.as_json()) if as_json else as_text(found))
        if not found.good:
            raise typer.Exit(1)
        return
    acknowledged, shown = latency(count, rate)
    values = {"acknowledged": vars(acknowledged), "card": vars(shown)}
    words = f"acknowledged {acknowledged.as_text()}\nreport to card {shown.as_text()}"
    typer.echo(json.dumps(values) if as_json else words)


def _events_spread(count: int, rate: float, spread: Spread, postgres: str, as_json: bool) -> None:
    from .events_spread import reported

    def say(words: str) -> None:
        typer.echo(words, err=True)

    try:
        with own_database(postgres) as database:
            found = asyncio.run(reported(count, rate, replace(spread, database=database), say))
    except (NotStarted, ValueError, OperationalError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps(found.as_json()) if as_json else found.as_text())
    if found.lost:
        raise typer.Exit(1)


def _measured_own(pace: Pace, workers: int, postgres: str, bus: str, delay: float) -> Report:
    def say(words: str) -> None:
        typer.echo(words, err=True)

    if not workers:
        return asyncio.run(measure_own(pace, say, delay=delay))
    with own_database(postgres) as database:
        return asyncio.run(measure_own(pace, say, Spread(database, bus, workers), delay))


def _measured_running(url: str, port: int, app: App, pid: int, pace: Pace) -> Report:
    with tempfile.TemporaryDirectory(prefix="yiju-bench-") as folder:
        platform = start_platform(app, port, Path(folder))
        try:
            return asyncio.run(measure_running(url, f"http://127.0.0.1:{port}", app, pid or None, pace))
        finally:
            platform.stop()


def _print(report: Report, as_json: bool) -> None:
    """The sentences for people go to stderr where stdout is for a program."""
    typer.echo(report.as_text(), err=as_json)
    if as_json:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
    if report.outcome.lost or report.outcome.doubled:
        raise typer.Exit(1)
