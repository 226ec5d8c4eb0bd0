"""yiju bench: load against a server, and what it made of it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from . import company
from .callbacks import BENCH_APP, App
from .load import Pace
from .measure import measure_own, measure_running
from .outcome import Report
from .processes import NotStarted
from .workbench import start_platform


def bench(
    turns: Annotated[int, typer.Option(min=1, help="customer messages to send")] = 600,
    rate: Annotated[
        float, typer.Option(min=0.1, help="messages a second, kept up whatever the server does")
    ] = 20.0,
    seed: Annotated[int, typer.Option(help="of words, gaps and repeated deliveries")] = 1,
    even: Annotated[bool, typer.Option("--even", help="equal gaps instead of random (Poisson) ones")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    url: Annotated[str, typer.Option(help="a running server; empty: one is made for the occasion")] = "",
    platform_port: Annotated[int, typer.Option(help="with --url: where its WeCom API_BASE points to")] = 9911,
    pid: Annotated[int, typer.Option(help="with --url: the server's process, for its memory")] = 0,
    corp_id: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__CORP_ID")] = BENCH_APP.corp_id,
    agent_id: Annotated[int, typer.Option(help="with --url: YIJU_WECOM__AGENT_ID")] = BENCH_APP.agent_id,
    secret: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__SECRET")] = BENCH_APP.secret,
    token: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__TOKEN")] = BENCH_APP.token,
    aes_key: Annotated[str, typer.Option(help="with --url: YIJU_WECOM__AES_KEY")] = BENCH_APP.aes_key,
    print_users: Annotated[
        bool, typer.Option("--print-users", help="the reps it needs, for users import")
    ] = False,
) -> None:
    """Send encrypted WeCom callbacks at a steady rate; print how fast they were acknowledged and became cards.

    Without --url everything is made for the occasion in a temporary folder: demo company, stub platform, server. A
    running server (--url) must know the users of --print-users and call 127.0.0.1:PLATFORM_PORT as its WeCom.
    """
    pace = Pace(turns, rate, seed, even)
    try:
        if print_users:
            typer.echo(company.users_csv(company.senders(company.senders_needed(turns, rate))), nl=False)
            return
        app = App(corp_id, agent_id, secret, token, aes_key)
        report = _measured_running(url, platform_port, app, pid, pace) if url else _measured_own(pace)
    except (NotStarted, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    _print(report, as_json)


def _measured_own(pace: Pace) -> Report:
    return asyncio.run(measure_own(pace, lambda words: typer.echo(words, err=True)))


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
