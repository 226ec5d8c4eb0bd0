"""`yiju demo | serve | migrate | settings | doctor`: getting it to run, and finding out why it does not."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.opening import open_parts, open_store, read_settings
from bot.settings import Settings, as_env, describe

if TYPE_CHECKING:
    from fastapi import FastAPI

    from bot.roles import ServerRole

Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)]
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]
GIVES_WAY = 10
"""Niceness of a process that only works: beside gateways on one machine, turns must not keep a callback waiting."""


def add_to(app: typer.Typer) -> None:
    for verb in (demo, serve, migrate, settings, doctor):
        app.command()(verb)


def demo(
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="prepare everything, serve nothing")
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """First run: the demo company, its documents and people, and everything served on one port."""
    from bot.demo.prepare import prepare

    chosen = read_settings().model_copy(update={"simulator": True})
    chosen = _reached_at(chosen, host, port)
    parts = open_parts(chosen)
    prepare(parts, lambda words: print(words, file=sys.stderr))
    parts.store.close()
    if prepare_only:
        print(f"prepared in {chosen.data_dir}; `yiju demo` serves it", file=sys.stderr)
        return
    for label, path in (
        ("chat simulator", "/sim"),
        ("console", "/console"),
        ("API", "/api/openapi.json"),
        ("readiness", "/readyz"),
    ):
        print(f"{label:>15}  http://{host}:{port}{path}", file=sys.stderr)
    _serve(chosen, host, port)


def serve(
    role: Annotated[
        list[str] | None,
        typer.Option(help="gateway, worker, scheduler, console; several with commas; all where left out"),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Serve until interrupted: everything in one process, or one part beside other processes on the same store."""
    from bot.roles import roles

    _serve(_reached_at(read_settings(), host, port), host, port, roles(role or []))


def migrate() -> None:
    """Bring the database's schema up to date."""
    from bot import schema

    store = open_store()
    later = schema.ahead(store.engine)
    store.close()
    if later:
        print(
            f"schema is at {later}, ahead of this version's {schema.head()}: nothing to do", file=sys.stderr
        )
    else:
        print(f"schema is at {schema.head()}", file=sys.stderr)


def settings(
    as_json: Json = False,
    env: Annotated[
        bool, typer.Option("--env", help="as a file to copy to .env, every line commented out")
    ] = False,
) -> None:
    """Every setting with its meaning, its default and its value; secrets are masked."""
    from rich.console import Console
    from rich.table import Table

    lines = describe(read_settings())
    if env:
        print(as_env(lines), end="")
        return
    if as_json:
        for line in lines:
            print(json.dumps(vars(line), ensure_ascii=False))
        return
    table = Table("variable", "value", "default", "meaning")
    for line in lines:
        table.add_row(line.variable, line.value, line.default, line.meaning)
    Console().print(table)


def doctor(as_json: Json = False) -> None:
    """Check every connection and what readiness needs, and say what to do. Exit code 1 where something is broken."""
    from bot.doctor import examine

    parts = open_parts()
    found = examine(parts)
    for one in found:
        if as_json:
            print(json.dumps({"check": one.name, "ok": one.ok, "words": one.words}, ensure_ascii=False))
        else:
            print(f"{'ok ' if one.ok else 'BAD'} {one.name:<12} {one.words}")
    if not all(one.ok for one in found):
        raise typer.Exit(1)


def _serve(chosen: Settings, host: str, port: int, parts: frozenset[ServerRole] | None = None) -> None:
    """`/healthz` answers at once; the schema, the imports and the parts come after, in a thread."""
    import uvicorn

    from bot.roles import EVERYTHING, shows
    from bot.starting import Starting
    from bot.web.in_hand import InHand

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            print(
                f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port",
                file=sys.stderr,
            )
            raise typer.Exit(1) from error

    if not shows(parts or EVERYTHING):
        os.nice(GIVES_WAY)
    front = Starting(lambda: _application(chosen, parts))
    config = uvicorn.Config(
        InHand(front, chosen.requests_in_hand),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=20,
    )
    server = uvicorn.Server(config)
    front.give_up = lambda: setattr(server, "should_exit", True)
    with suppress(KeyboardInterrupt):
        server.run()
    if front.failed is not None:
        raise front.failed


def _application(chosen: Settings, parts: frozenset[ServerRole] | None) -> FastAPI:
    import structlog

    from bot import schema
    from bot.logs import configure
    from bot.roles import EVERYTHING
    from bot.serving import create_app

    configure(chosen.log_format)
    store = open_store(chosen)
    if later := schema.ahead(store.engine):
        structlog.get_logger().warning("schema_ahead", found=later, known=schema.head())
    store.close()
    return create_app(chosen, parts or EVERYTHING)


def _reached_at(chosen: Settings, host: str, port: int) -> Settings:
    """Links in cards lead to this server unless an address is configured."""
    if "public_url" in chosen.model_fields_set:
        return chosen
    return chosen.model_copy(update={"public_url": f"http://{host}:{port}"})
