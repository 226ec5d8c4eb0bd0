"""`yiju queues` and `yiju forget`: what waits, what was given up and can be tried again; what must go."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.cli.opening import open_parts
from bot.errors import InvalidInput, NotFound
from bot.queues import Queue

queues_app = typer.Typer(no_args_is_help=True, help="What waits to be worked, and what was given up.")
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]


@queues_app.command("list")
def list_queues(as_json: Json = False) -> None:
    """How many rows of each queue are in which state."""
    parts = open_parts(channels={})
    with parts.store.look() as session:
        for queue in _queues(parts):
            states = queue.states(session)
            if as_json:
                print(json.dumps({"queue": queue.name, **states}))
            else:
                print(f"{queue.name:10} " + ", ".join(f"{count} {state}" for state, count in states.items()))


@queues_app.command()
def dead(as_json: Json = False) -> None:
    """The dead letters: what it was, and why it was given up."""
    parts = open_parts(channels={})
    with parts.store.look() as session:
        for queue in _queues(parts):
            for row in queue.dead(session):
                found = {
                    "queue": queue.name,
                    "seq": row.seq,
                    "key": row.key,
                    "kind": row.kind,
                    "attempts": row.attempts,
                    "at": row.created_at.isoformat(),
                    "error": row.error,
                }
                print(
                    json.dumps(found, ensure_ascii=False)
                    if as_json
                    else f"{queue.name} {row.seq} {row.kind} {row.key}\n    {row.error}"
                )


@queues_app.command()
def replay(
    queue: Annotated[str, typer.Argument(help="delivery or outbox")],
    seq: Annotated[int, typer.Argument(help="its number, as `yiju queues dead` shows it")],
) -> None:
    """Put a dead letter back in line. An action is tried again by its rep, on the card."""
    parts = open_parts(channels={})
    known = {one.name: one for one in _queues(parts)}
    if queue == "action":
        raise InvalidInput(f"an action is tried again on its card (重试), by the rep; found {queue} {seq}")
    if queue not in known:
        raise InvalidInput(f"queue {queue!r}; expected delivery or outbox")
    with parts.store.begin() as session:
        if not known[queue].replay(session, seq, parts.clock()):
            raise NotFound(f"there is no dead letter {seq} in {queue}; `yiju queues dead` shows them")
    print(f"{queue} {seq} waits again", file=sys.stderr)


def forget(
    names: Annotated[
        list[str] | None, typer.Argument(help="a person's name, phone number, … as it stands in words")
    ] = None,
    customer: Annotated[str, typer.Option(help="everything about this customer as well")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask again")] = False,
) -> None:
    """Take away, for good, all words in which a name stands or that are about a customer (docs/privacy.md)."""
    import asyncio

    from bot.cli.crm import find
    from bot.retention import forget as take_away

    wanted = [name.strip() for name in names or [] if len(name.strip()) >= 2]
    if not wanted and not customer:
        raise InvalidInput("say what to forget: names of two characters or more, or --customer")
    parts = open_parts(channels={})
    account = find(asyncio.run(parts.crm.directory()), customer).id if customer else None
    if not yes:
        typer.confirm(
            f"take away all words with {wanted} {customer}? this cannot be undone", abort=True, err=True
        )
    with parts.store.begin() as session:
        gone = take_away(session, wanted, account, "terminal", datetime.now(UTC))
    print(
        f"{gone.turns} turns, {gone.decisions} decisions, {gone.rows} messages, {gone.lines} journal lines lost their words"
    )


def _queues(parts: Any) -> tuple[Queue[Any], ...]:
    return tuple(worker.queue for worker in parts.workers)
