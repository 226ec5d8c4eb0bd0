"""`yiju journal`: who did what, when, on what inputs, and the proof that no line was changed."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from bot import journal
from bot.cli.opening import open_store, read_settings
from bot.customer_system import field_policy
from bot.outward import outward

journal_app = typer.Typer(no_args_is_help=True, help="The append-only record of every move.")


@journal_app.command()
def verify() -> None:
    """Walk the whole chain; exit code 1 where it breaks, with the line."""
    with open_store().look() as session:
        broken, lines = journal.verify(session), journal.length(session)
        last, forgotten = journal.last_hash(session), journal.count_forgotten(session)
    if broken is not None:
        print(f"broken at line {broken.seq}: {broken.why}", file=sys.stderr)
        raise typer.Exit(1)
    gone = f", {forgotten} bodies forgotten" if forgotten else ""
    print(f"{lines} lines, chain whole, last hash {last}{gone}")


@journal_app.command()
def export(subject: Annotated[str, typer.Option(help="only this decision's lines")] = "") -> None:
    """Every line as JSON, oldest first; numbers of people only where the field policy lets an export have them."""
    settings = read_settings()
    policy = field_policy(settings.data_dir)
    with open_store(settings).look() as session:
        for row in journal.lines(session, subject or None):
            line = {
                name: getattr(row, name)
                for name in ("seq", "at", "who", "what", "subject", "previous", "hash")
            }
            body = None if journal.is_forgotten(row) else json.loads(row.body)
            whole = outward({**line, "body": body}, policy, "admin", "export")
            print(json.dumps(whole, ensure_ascii=False))
