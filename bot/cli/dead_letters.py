"""`yiju crm dead-letters`: events that could not be read or placed, with the reason; and once more."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from bot.cli.opening import open_parts
from bot.events.tracing import dead_letters
from bot.outward import outward

dead_letters_app = typer.Typer(no_args_is_help=True, help="Events that could not be read or placed.")
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]


@dead_letters_app.command("list")
def list_(
    most: Annotated[int, typer.Option("--most", min=1, help="newest first, at most so many")] = 100,
    as_json: Json = False,
) -> None:
    """Each with its reason."""
    parts = open_parts(channels={})
    with parts.store.look() as session:
        found = outward(dead_letters(session, most), parts.copilot.policy, "admin", "export")
    for one in found:
        print(
            json.dumps(one, ensure_ascii=False)
            if as_json
            else f"{one['event']}  {one['received_at'][:19]}  {one['source']}  {one['type']}: {one['reason']}"
        )


@dead_letters_app.command()
def replay(
    events: Annotated[list[str] | None, typer.Argument(help="addresses from `list`; none: all")] = None,
    as_json: Json = False,
) -> None:
    """Read them once more, by the maps and customers as they are now. Exits with 1 where one is still dead."""
    parts = open_parts()
    with parts.store.look() as session:
        names = events or [one["event"] for one in dead_letters(session)]
    still = 0
    for name in names:
        taken = asyncio.run(parts.intake.replay(name))
        still += taken.status == "dead"
        answer = {"event": name, "status": taken.status, "reason": taken.reason}
        print(json.dumps(answer, ensure_ascii=False) if as_json else f"{name}  {taken.status} {taken.reason}")
    if still:
        raise typer.Exit(1)
