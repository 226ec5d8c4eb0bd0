"""yiju intents: read utterances, train and choose models, label. A few lines a verb over tested functions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.actions import load_catalog
from bot.cli.opening import open_store, read_settings
from intents import (
    Classifier,
    IntentsError,
    Reading,
    Registry,
    Speaker,
    Taxonomy,
    load_taxonomy,
    read_examples,
    save,
    shipped_examples,
    train_shipped,
)
from intents.model_file import SHIPPED

intents_app = typer.Typer(
    no_args_is_help=True, help="Read intents; train, compare and promote models; label."
)
errors = Console(stderr=True)
As = Annotated[str, typer.Option("--as", help="who does it, for the record")]
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]


def open_registry() -> Registry:
    """The registry of this data dir, prepared where something is missing."""
    settings = read_settings()
    store = open_store(settings)
    return Registry(store.engine, settings.data_dir, products=_products(settings.data_dir))


def _products(data_dir: Path) -> tuple[str, ...]:
    path = data_dir / "catalog.yaml"
    return tuple(load_catalog(path)) if path.exists() else ()


@intents_app.command()
def predict(
    source: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="JSON lines: id, text, speaker, context")
    ] = "-",
    as_json: Json = False,
) -> None:
    """Read utterances: intent, confidence, candidates, entities, or why none is named."""
    with _readable_errors():
        classifier = open_registry().serving()
        show = _print_json if as_json else _print_line
        for record in _records(source):
            show(record, _read(classifier, record))


@intents_app.command()
def train(
    by: As = "",
    calibrate_on: Annotated[Path | None, typer.Option(help="labelled utterances by other hands")] = None,
    ship: Annotated[
        bool, typer.Option(help="also make the model that ships (shipped examples alone)")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train on the shipped examples and every settled label; promote separately."""
    with _readable_errors():
        held = read_examples([calibrate_on]) if calibrate_on else []
        registry = open_registry()
        if ship:
            classifier = train_shipped(held, progress=errors.print)
            save(classifier, SHIPPED)
            _show_models([registry.add(classifier, by)], as_json)
        else:
            _show_models([registry.train(by=by, calibrate_on=held, progress=errors.print)], as_json)


@intents_app.command()
def models(as_json: Json = False) -> None:
    """Every model, newest first; the one that serves is marked."""
    with _readable_errors():
        _show_models(open_registry().models(), as_json)


@intents_app.command()
def promote(
    model: str,
    by: As = "",
    why: Annotated[str, typer.Option(help="reason, for the record")] = "",
    as_json: Json = False,
) -> None:
    """Let a model serve, in every process within a second."""
    with _readable_errors():
        _show_models([open_registry().promote(model, by=by, why=why)], as_json)


@intents_app.command()
def rollback(
    by: As = "", why: Annotated[str, typer.Option(help="reason, for the record")] = "", as_json: Json = False
) -> None:
    """Back to the model that served before."""
    with _readable_errors():
        _show_models([open_registry().rollback(by=by, why=why)], as_json)


@intents_app.command()
def label(
    by: Annotated[str, typer.Option("--as", help="the trainer's name")],
    limit: Annotated[int, typer.Option(help="how many at most")] = 20,
    as_json: Json = False,
) -> None:
    """Settle waiting labels one by one: a number chooses, s skips, d drops, q stops."""
    with _readable_errors():
        labels = open_registry().labels
        waiting = labels.queue(limit)
        if as_json:
            for row in waiting:
                typer.echo(row.model_dump_json())
            return
        taxonomy = load_taxonomy()
        for number, row in enumerate(waiting, 1):
            errors.print(f"\n[bold]{number}/{len(waiting)}[/] {row.speaker} {' / '.join(row.context)}")
            typer.echo(row.text)
            choices = _choices(taxonomy, row.speaker, row.proposed or row.read_as)
            answer = typer.prompt("  ".join(f"{key}={taxonomy.label(name)}" for key, name in choices.items()))
            if answer == "q":
                break
            if answer == "d":
                labels.drop(row.id, by)
            elif intent := choices.get(answer):
                labels.settle(row.id, intent, by)
        errors.print(f"{labels.waiting()} still wait")


@intents_app.command()
def mine(
    files: Annotated[list[Path], typer.Argument(help="exports: chat TXT, subtitles, CSV, JSON, JSON lines")],
    out: Annotated[Path | None, typer.Option(help="review file (JSON lines) for a trainer to edit")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="put the utterances into the label queue")] = False,
    settle: Annotated[
        bool, typer.Option("--settle", help="the files are edited review files: take over their verdicts")
    ] = False,
    ours: Annotated[list[str] | None, typer.Option(help="name of one of our people; repeat for more")] = None,
    limit: Annotated[int, typer.Option(help="utterances to look at, 0 for all")] = 200,
    by: As = "",
    as_json: Json = False,
) -> None:
    """Learn from transcripts: masked turns, clusters, suggested intents and cues, for a trainer to judge."""
    from intents import sandbox

    with _readable_errors():
        registry = open_registry()
        if settle:
            if not by:
                raise IntentsError("--settle needs --as NAME: a verdict is somebody's")
            for path in files:
                typer.echo(json.dumps(sandbox.settle_review(path, registry.labels, by)))
            return
        turns = [
            turn
            for path in files
            for turn in sandbox.turns(sandbox.read_transcript(path, ours or ()), ours or ())
        ]
        mined = sandbox.mine(turns, registry.serving(), [*shipped_examples(), *registry.labels.settled()])
        chosen = sandbox.worth_a_look(mined, limit)
        rows = sandbox.records(mined, chosen)
        if out:
            sandbox.write_review(out, rows)
        if queue:
            errors.print(f"{sandbox.queue(chosen, registry.labels)} in the queue; `yiju intents label`")
        if as_json:
            for row in rows:
                typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            _show_mined(mined)


def _show_mined(mined: Any) -> None:
    typer.echo(f"{len(mined.suggestions)} turns, {len(mined.clusters)} clusters, {len(mined.cues)} new cues")
    for one in mined.clusters:
        typer.echo(f"{len(one.members):6}  {one.intent} {one.share:.0%}  {one.name}")
    for cue in mined.cues[:20]:
        typer.echo(f"  {cue.text} → {cue.intent}  {cue.hits}/{cue.support}, at least {cue.low:.2f}")


def _choices(taxonomy: Taxonomy, speaker: str, likely: str) -> dict[str, str]:
    """Numbered intents of that speaker, the likely one first."""
    names = sorted(
        (str(info.name) for info in taxonomy.for_speaker(speaker)), key=lambda name: name != likely
    )
    return {str(number): name for number, name in enumerate(names, 1)}


def _records(source: str) -> Iterator[dict[str, Any]]:
    with nullcontext(sys.stdin) if source == "-" else Path(source).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _record(line, f"{source}:{number}", str(number))


def _record(line: str, where: str, number: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
        return {
            "id": number,
            **record,
            "text": str(record["text"]),
            "speaker": Speaker(record.get("speaker") or "customer"),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise IntentsError(
            f"{where}: {error!r}; expected a JSON object with text and, if not a customer, speaker"
        ) from error


def _read(classifier: Classifier, record: dict[str, Any]) -> Reading:
    context = tuple(record.get("context") or ())
    return classifier.read(
        record["text"], speaker=record["speaker"], context=context, industry=record.get("industry")
    )


def _print_json(record: dict[str, Any], reading: Reading) -> None:
    """The line of DESIGN §6; `intent` is the best candidate even where the reading abstained."""
    line = {
        "id": record["id"],
        "intent": reading.best.intent,
        "confidence": round(reading.confidence, 4),
        "ranked": [[one.intent, round(one.confidence, 4)] for one in reading.ranked],
        "abstained": reading.abstained.value if reading.abstained else None,
        "secondary": [one.intent for one in reading.secondary],
        "because": [span.text for span in reading.best.because],
        "entities": [vars(entity) for entity in reading.entities],
    }
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


def _print_line(record: dict[str, Any], reading: Reading) -> None:
    doubt = f" ({reading.abstained.value})" if reading.abstained else ""
    words = " ".join(span.text for span in reading.best.because)
    typer.echo(f"{reading.best.intent}  {reading.confidence:.2f}{doubt}  {record['text']}  ← {words}")


def _show_models(models: list[Any], as_json: bool) -> None:
    if as_json:
        for one in models:
            typer.echo(json.dumps(vars(one), ensure_ascii=False, default=str))
        return
    table = Table("model", "serves", "made", "by", "examples", "held-out accuracy", "why")
    for one in models:
        accuracy = f"{one.card.get('held_out_accuracy', 0):.3f}"
        made = f"{one.created_at:%Y-%m-%d %H:%M}"
        table.add_row(
            one.id,
            "●" if one.serving else "",
            made,
            one.trained_by,
            str(one.card.get("examples")),
            accuracy,
            one.why,
        )
    Console().print(table)


class _readable_errors:
    """What this package refuses becomes a sentence on stderr and exit code 1."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntentsError | OSError):
            errors.print(f"[red]{error}[/]", highlight=False)
            raise typer.Exit(1) from error
