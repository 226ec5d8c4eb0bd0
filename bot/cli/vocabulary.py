"""`yiju knowledge graph|lexicon …`: what a trainer makes of what documents name and of what found no answer."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from knowledge import Library, Thing

graph_app = typer.Typer(help="Things that documents name: judge the proposals.", no_args_is_help=True)
lexicon_app = typer.Typer(help="What customers say for what documents write.", no_args_is_help=True)
_JSON = typer.Option("--json", help="Print JSON lines on stdout and nothing else there.")
_BY = typer.Option("--by", help="Who decides; the system's user where not given.")
_IDS = typer.Argument(help="Ids, as `graph list` shows them.")


@graph_app.command("list")
def list_things(
    status: Annotated[str, typer.Option(help="proposed, accepted, rejected or all")] = "proposed",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Models, parameters, parts, faults and certificates that tables of public documents name."""
    from knowledge import Status

    if status not in {*Status, "all"}:
        raise typer.BadParameter(f"{status!r}; expected one of {', '.join(Status)}, all")
    found = _library().graph.list(None if status == "all" else Status(status))
    _show_things(found, as_json)


@graph_app.command()
def accept(
    ids: Annotated[list[str], _IDS], by: Annotated[str, _BY] = "", as_json: Annotated[bool, _JSON] = False
) -> None:
    """Use them from now on: in questions to the documents, and as things that are talked about."""
    _decide(ids, by, as_json, accepted=True)


@graph_app.command()
def reject(
    ids: Annotated[list[str], _IDS], by: Annotated[str, _BY] = "", as_json: Annotated[bool, _JSON] = False
) -> None:
    """Propose them no more, and stop using them."""
    _decide(ids, by, as_json, accepted=False)


@graph_app.command()
def scan() -> None:
    """Look through documents that came in before anything was proposed."""
    library = _library()
    new = sum(library.graph.propose(library.passages_of(one.id)) for one in library.list())
    print(f"{new} new proposals; `yiju knowledge graph list` shows them", file=sys.stderr)


@lexicon_app.command()
def gaps(most: Annotated[int, typer.Option(min=1)] = 50, as_json: Annotated[bool, _JSON] = False) -> None:
    """Questions that found no answer, most asked first, without personal data."""
    found = _library().gaps.list(most)
    if as_json:
        _print(asdict(one) for one in found)
        return
    table = Table("id", "times", "last", "question", "why")
    for one in found:
        table.add_row(one.id, str(one.times), f"{one.last_at:%Y-%m-%d}", one.example, one.reason)
    Console().print(table)


@lexicon_app.command()
def settle(ids: Annotated[list[str], typer.Argument(help="Ids, as `lexicon gaps` shows them.")]) -> None:
    """Strike gaps off the list; asked again without an answer, they come back."""
    print(f"{_library().gaps.settle(ids)} of {len(ids)} struck off", file=sys.stderr)


@lexicon_app.command("list")
def list_sayings(as_json: Annotated[bool, _JSON] = False) -> None:
    """The company's own sayings; the shipped ones stand in knowledge/lexicon/."""
    found = _library().sayings.list()
    if as_json:
        _print(asdict(one) for one in found)
        return
    table = Table("saying", "written", "added", "by")
    for one in found:
        table.add_row(one.say, "、".join(one.written), f"{one.added_at:%Y-%m-%d}", one.added_by)
    Console().print(table)


@lexicon_app.command()
def add(
    say: Annotated[str, typer.Argument(help="As customers say it.")],
    written: Annotated[list[str], typer.Argument(help="As documents write it; one term or more.")],
    by: Annotated[str, _BY] = "",
) -> None:
    """Understand a saying from now on; replaces what it meant before."""
    from knowledge import SayingWrong

    try:
        _library().sayings.add(say, written, by or getpass.getuser())
    except SayingWrong as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


@lexicon_app.command()
def remove(say: Annotated[str, typer.Argument(help="As `lexicon list` shows it.")]) -> None:
    """Take an own saying back."""
    from knowledge import SayingWrong

    try:
        _library().sayings.remove(say)
    except SayingWrong as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


def train(
    anyway: Annotated[bool, typer.Option("--anyway", help="Keep it even where it measured worse.")] = False,
) -> None:
    """Train the small encoder on the lexicon with the company's own sayings (some minutes; needs torch).

    Kept in the data dir where it finds held-back sayings at least as well. Stop the server first: with another encoder
    the indexes are made again, and processes with different ones would take turns at it.
    """
    from bot.cli.opening import read_settings
    from knowledge.encoder import OWN, HashedNgrams
    from knowledge.training import retrain

    folder = read_settings().data_dir
    own = _library().sayings.concepts()
    if not own:
        print("no own sayings yet; see `yiju knowledge lexicon gaps` and `lexicon add`", file=sys.stderr)
        raise typer.Exit(1)
    made = retrain(own, HashedNgrams.in_use(folder))
    print(
        f"{made.held} own sayings held back, concept found again: {made.before:.0%} before, {made.after:.0%} after"
    )
    if not (made.better or anyway):
        print("not kept: the encoder in use is better (--anyway keeps it)", file=sys.stderr)
        raise typer.Exit(1)
    made.encoder.save(folder / OWN)
    print(f"kept as {folder / OWN}; the next start indexes anew", file=sys.stderr)


def _decide(ids: list[str], by: str, as_json: bool, accepted: bool) -> None:
    from knowledge import ThingUnknown

    graph = _library().graph
    try:
        found = (graph.accept if accepted else graph.reject)(ids, by or getpass.getuser())
    except ThingUnknown as unknown:
        print(unknown, file=sys.stderr)
        raise typer.Exit(1) from unknown
    _show_things(found, as_json)


def _show_things(found: Iterable[Thing], as_json: bool) -> None:
    if as_json:
        _print(
            {**asdict(one.named), **{key: value for key, value in asdict(one).items() if key != "named"}}
            for one in found
        )
        return
    table = Table("id", "subject", "kind", "name", "unit", "status", "document")
    for one in found:
        named = one.named
        table.add_row(one.id, named.subject, named.kind, named.name, named.unit, one.status, one.title)
    Console().print(table)


def _library() -> Library:
    from bot.cli.knowledge import open_library

    return open_library()


def _print(values: Iterable[dict[str, Any]]) -> None:
    for value in values:
        print(json.dumps(value, ensure_ascii=False, default=str))
