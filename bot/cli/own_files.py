"""`yiju knowledge files …`: the company's own industry graph, weights and questions, each version kept and to be had back."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from knowledge.company_files import CompanyFiles
    from knowledge.tables import FileRow

T = TypeVar("T")
files_app = typer.Typer(
    help="The industry graph (YAML), weights (JSON) and questions (JSON lines) of your own: versions, in force at once.",
    no_args_is_help=True,
)
_KIND = typer.Argument(help="industry, weights or questions")
_WHY = typer.Option("--why", help="For whoever reads the versions later.")
_BY = typer.Option("--by", help="Who decides; the system's user where not given.")
_JSON = typer.Option("--json", help="Print JSON lines on stdout and nothing else there.")


@files_app.command()
def show(
    kind: Annotated[str, _KIND],
    number: Annotated[
        int | None, typer.Option(min=0, help="An earlier version; the newest otherwise.")
    ] = None,
) -> None:
    """A version's text; nothing where the shipped one is meant."""
    print(_tried(lambda files: files.text(_kind(kind), number)), end="")


@files_app.command()
def versions(kind: Annotated[str, _KIND], as_json: Annotated[bool, _JSON] = False) -> None:
    """Who saved which version when and why, newest first."""
    found = _tried(lambda files: files.versions(_kind(kind)))
    if as_json:
        for one in found:
            print(json.dumps(_told(one), ensure_ascii=False, default=str))
        return
    table = Table("number", "at", "by", "why", "restores")
    for one in found:
        restores = "" if one.restores is None else str(one.restores)
        table.add_row(str(one.number), f"{one.at:%Y-%m-%d %H:%M}", one.by, one.why, restores)
    Console().print(table)


@files_app.command()
def save(
    kind: Annotated[str, _KIND],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    why: Annotated[str, _WHY] = "",
    by: Annotated[str, _BY] = "",
) -> None:
    """Check a file and put it in force; every running process uses it from its next search on."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file}: {error}; expected UTF-8") from error
    which = _kind(kind)
    row = _tried(
        lambda files: files.save(which, text, by or getpass.getuser(), why=why, follows=files.latest(which))
    )
    print(f"version {row.number} of the {kind} is in force", file=sys.stderr)


@files_app.command()
def restore(
    kind: Annotated[str, _KIND],
    number: Annotated[int, typer.Argument(min=0, help="As `versions` lists them; 0 is what ships.")],
    why: Annotated[str, _WHY] = "",
    by: Annotated[str, _BY] = "",
) -> None:
    """An earlier version again, as the newest."""
    which = _kind(kind)
    row = _tried(
        lambda files: files.restore(
            which, number, by or getpass.getuser(), why=why, follows=files.latest(which)
        )
    )
    print(f"version {row.number} of the {kind} is in force, as {number} was", file=sys.stderr)


def _tried(act: Callable[[CompanyFiles], T]) -> T:
    from bot.cli.knowledge import open_library

    try:
        return act(open_library().files)
    except ValueError as wrong:  # what is no graph, no weights, no questions, or no version
        raise typer.BadParameter(str(wrong)) from wrong


def _kind(name: str) -> Any:
    from knowledge.company_files import FileKind

    if name not in set(FileKind):
        raise typer.BadParameter(f"{name!r}; expected one of {', '.join(FileKind)}")
    return FileKind(name)


def _told(one: FileRow) -> dict[str, Any]:
    return {"number": one.number, "at": one.at, "by": one.by, "why": one.why, "restores": one.restores}
