"""yiju intents drift | retrain: what the clock does for the loop, by hand and at once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import typer

from bot.cli.intents import As, Json, _readable_errors, errors, intents_app, open_registry
from bot.cli.opening import open_parts, read_settings
from bot.drifting import DriftWatch
from bot.retraining import SHIPPED_CASES
from intents import Drift, read_file
from intents import retrain as try_challenger

__all__ = ["intents_app"]
"""The group with these verbs in it."""


@intents_app.command()
def drift(as_json: Json = False) -> None:
    """Compare the last seven days with the figures on the serving model's card; changes nothing."""
    with _readable_errors():
        parts = open_parts()
        watch = DriftWatch(parts.store, parts.registry, parts.outbox, parts.leases, parts.clock)
        found = asyncio.run(watch.look())
    typer.echo(json.dumps(found.as_json(), ensure_ascii=False) if as_json else "\n".join(_lines(found)))


def _lines(found: Drift) -> list[str]:
    lines = [f"model {found.model}, {found.readings} utterances in seven days"]
    if not found.enough:
        lines.append("too few to tell drift from chance")
    for one in found.shifts:
        alarm = "ALARM " if one.alarm else ""
        lines.append(f"  {one.name:11} {alarm}size {one.size:.3f}, p {one.p:.4f}")
    return [*lines, *(f"  {text}" for text in found.examples)]


@intents_app.command()
def retrain(by: As = "", as_json: Json = False) -> None:
    """Train a challenger on the settled labels; it serves only if it proves better than what serves now."""
    with _readable_errors():
        registry = open_registry()
        cases = read_file(Path(read_settings().learning.cases or SHIPPED_CASES))
        verdict = try_challenger(registry, cases, by=by, progress=errors.print)
        if verdict.promotes:
            registry.promote(verdict.challenger, by=by, why=verdict.why)
    typer.echo(json.dumps(verdict.as_json(), ensure_ascii=False) if as_json else verdict.why)
