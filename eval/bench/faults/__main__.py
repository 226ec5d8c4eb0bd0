"""`python -m eval.bench.faults postgres nats …`: each trouble in an installation of its own, and what was left."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..processes import PATIENCE, NotStarted
from ..server_logs import events
from . import FAULTS
from .services import NotInstalled


def main(
    which: Annotated[list[str] | None, typer.Argument(help="names of troubles; all where left out")] = None,
    times: Annotated[int, typer.Option(min=1, help="how often each trouble comes")] = 6,
    seed: Annotated[int, typer.Option(help="of moments, words and decisions")] = 1,
    patience: Annotated[
        float, typer.Option(help="seconds that a start may take; more on a busy machine")
    ] = PATIENCE,
    keep: Annotated[Path | None, typer.Option(help="an empty folder in which logs and stores stay")] = None,
) -> None:
    """Make trouble under traffic; exit code 1 where anything was lost or done twice."""
    names = which or list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        raise typer.BadParameter(f"{unknown[0]!r}; expected some of {', '.join(FAULTS)}")
    whole = [_reported(name, times, seed, patience, keep) for name in names]
    if not all(whole):
        raise typer.Exit(1)


def _reported(name: str, times: int, seed: int, patience: float, keep: Path | None) -> bool:
    with tempfile.TemporaryDirectory(prefix=f"yiju-{name}-") as made:
        folder = keep / name if keep else Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)  # PostgreSQL runs as another user and must get through
        try:
            report = asyncio.run(FAULTS[name](folder, seed, times, patience))
        except NotInstalled as missing:
            typer.echo(f"== {name}: NOT TRIED: {missing}")
            return True
        except NotStarted as error:
            typer.echo(f"== {name}: {error}")
            return False
        typer.echo(f"== {name}\n{report.as_text()}")
        said = events(folder / "bench", "warning", "error").most_common(12)
        typer.echo("logged: " + ", ".join(f"{event} × {count}" for event, count in said))
        return not report.faults


if __name__ == "__main__":
    typer.run(main)
