"""yiju intents drift | retrain | tune-encoder: what the clock does for the loop, by hand; an encoder made fit for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.intents import Json, Whoever, _readable_errors, errors, intents_app, open_registry
from bot.cli.opening import open_parts, read_settings
from bot.drifting import DriftWatch
from bot.retraining import SHIPPED_CASES
from intents import Drift, EncoderUnusable, read_file, shipped_examples
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
def retrain(by: Whoever, as_json: Json = False) -> None:
    """Train a challenger on the settled labels; it serves only if it proves better than what serves now."""
    with _readable_errors():
        registry = open_registry()
        cases = read_file(Path(read_settings().learning.cases or SHIPPED_CASES))
        verdict = try_challenger(registry, cases, by=by, progress=errors.print)
        if verdict.promotes:
            registry.promote(verdict.challenger, by=by, why=verdict.why)
    typer.echo(json.dumps(verdict.as_json(), ensure_ascii=False) if as_json else verdict.why)


@intents_app.command(name="tune-encoder")
def tune_encoder(
    model: Annotated[Path, typer.Option(help="folder of a pretrained Chinese encoder, weights for torch")],
    out: Annotated[Path, typer.Option(help="empty folder to write the tuned one to")],
    steps: Annotated[int, typer.Option(min=1, max=20_000)] = 300,
    batch: Annotated[int, typer.Option(min=8, max=512, help="utterances in a step")] = 64,
    seed: int = 7,
) -> None:
    """Fine-tune an encoder on the shipped examples and every settled label (minutes; needs torch)."""
    from bot.encoders import opened
    from intents.tuning import Choices, tune

    with _readable_errors():
        if not model.is_dir():
            raise EncoderUnusable(f"{model} is no folder; give one that sentence-transformers can load")
        opened(str(model), "--model")  # refuses what does not know Chinese
        examples = [*shipped_examples(), *open_registry().labels.settled()]
        tune(model, out, examples, Choices(steps=steps, batch=batch, seed=seed), errors.print)
    typer.echo(f"YIJU_INTENTS_ENCODER={out}")
    errors.print("set this, then `yiju intents train`: a fold that was left out decides how much it counts")
