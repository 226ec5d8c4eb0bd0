"""yiju intents: read utterances, train and choose models, label. A few lines a verb over tested functions."""

from __future__ import annotations

import getpass
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from bot.actions import load_catalog
from bot.cli.opening import open_store, read_settings
from bot.encoders import encoder_of_intents
from bot.retraining import DEV_CASES
from intents import (
    Classifier,
    IntentsError,
    ModelInfo,
    Reading,
    Registry,
    Speaker,
    Taxonomy,
    read_examples,
    read_file,
    save,
    shipped_examples,
    train_shipped,
)
from intents.model_file import SHIPPED
from intents.retraining import train_challenger
from intents.weaknesses import CARD as WEAKNESSES
from intents.weaknesses import known_weaknesses

intents_app = typer.Typer(
    no_args_is_help=True, help="Read intents; train, compare and promote models; label."
)
errors = Console(stderr=True)
As = Annotated[str, typer.Option("--as", help="who does it, for the record")]
Whoever = Annotated[
    str, typer.Option("--as", help="who does it, for the record", default_factory=getpass.getuser)
]
"""The record of who lets a model serve has no empty names: who says nothing is whom the machine knows."""
Json = Annotated[bool, typer.Option("--json", help="JSON lines on stdout")]


def open_registry() -> Registry:
    """The registry of this data dir, prepared where something is missing."""
    settings = read_settings()
    store = open_store(settings)
    encoder = encoder_of_intents(settings)
    return Registry(store.engine, settings.data_dir, products=_products(settings.data_dir), encoder=encoder)


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
    by: Whoever,
    calibrate_on: Annotated[Path | None, typer.Option(help="labelled utterances by other hands")] = None,
    ship: Annotated[
        bool, typer.Option(help="also make the model that ships (shipped examples alone)")
    ] = False,
    compare_on: Annotated[
        Path | None,
        typer.Option(help="frozen cases: learn only older labels, none near these, so that it can be judged"),
    ] = None,
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
        elif compare_on:
            cases = read_file(compare_on)
            _show_models([train_challenger(registry, cases, by=by, progress=errors.print)], as_json)
        else:
            trained = registry.train(by=by, calibrate_on=held, progress=errors.print)
            _show_models([trained], as_json)
            errors.print(
                f"it serves after `yiju intents promote {trained.id} --as NAME`",
                highlight=False,
                soft_wrap=True,
            )


@intents_app.command()
def models(as_json: Json = False) -> None:
    """Every model, the shipped one too; the one that serves is marked. JSON says each one's known weaknesses."""
    with _readable_errors():
        registry = open_registry()
        known = registry.models()
        _show_models([_with_weaknesses(registry, one) for one in known] if as_json else known, as_json)


def _with_weaknesses(registry: Registry, model: ModelInfo) -> ModelInfo:
    try:
        found = known_weaknesses(registry, model.id, read_file(DEV_CASES))
    except IntentsError as gone:  # one lost file must not hide the other models
        found = {"unknown": str(gone)}
    return replace(model, card={**model.card, WEAKNESSES: found})


@intents_app.command()
def promote(
    model: str,
    by: Whoever,
    why: Annotated[str, typer.Option(help="reason, for the record")] = "",
    as_json: Json = False,
) -> None:
    """Let a model serve, in every process within a second."""
    with _readable_errors():
        _show_models([open_registry().promote(model, by=by, why=why)], as_json)


@intents_app.command()
def rollback(
    by: Whoever, why: Annotated[str, typer.Option(help="reason, for the record")] = "", as_json: Json = False
) -> None:
    """Back to the model that served before, at last to the shipped one."""
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
        registry = open_registry()
        labels, taxonomy = registry.labels, registry.taxonomy()
        waiting = labels.queue(limit)
        if as_json:
            for row in waiting:
                typer.echo(row.model_dump_json())
            return
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
    """Learn from transcripts: masked turns, clusters, suggested intents and cues, for a trainer to judge.

    What is found is printed; --out keeps it as a review file, --queue puts it before trainers."""
    from intents import sandbox

    with _readable_errors():
        registry = open_registry()
        if settle:
            if not by:
                raise IntentsError("--settle needs --as NAME: a verdict is somebody's")
            for path in files:
                typer.echo(json.dumps(sandbox.settle_review(path, registry.labels, registry.cues, by)))
            return
        if out:
            sandbox.check_place(out)
        turns = _turns(files, ours or ())
        labelled = [*shipped_examples(), *registry.labels.settled()]
        mined = sandbox.mine(turns, registry.serving(), labelled, errors.print)
        chosen = sandbox.worth_a_look(mined, limit)
        rows = sandbox.records(mined, chosen)
        if out:
            sandbox.write_review(out, rows)
            errors.print(
                f"{len(chosen)} utterances and {len(mined.cues)} cues to judge in {out}: set `verdict` to accept, "
                f"reject or relabel (with the right `intent`), then `yiju intents mine --settle {out} --as NAME`",
                soft_wrap=True,
            )
        if queue:
            errors.print(f"{sandbox.queue(chosen, registry.labels)} in the queue; `yiju intents label`")
        if as_json:
            for row in rows:
                typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            _show_mined(mined)


@intents_app.command()
def cues(
    remove: Annotated[str, typer.Option(help="a phrase that shall not signal anything any more")] = "",
    by: As = "",
    as_json: Json = False,
) -> None:
    """The company's own cues: accepted in a review (`mine --settle`), read by at once, removable."""
    with _readable_errors():
        own = open_registry().cues
        if remove:
            if not by:
                raise IntentsError("--remove needs --as NAME, for the record")
            own.remove(remove, by)
        for row in own.rows():
            if as_json:
                typer.echo(row.model_dump_json())
            else:
                counted = f"{row.hits}/{row.support}" if row.support else "not counted"
                typer.echo(
                    f"{row.text} → {row.intent}  strength {row.strength}, {counted}, {row.accepted_by}"
                )


def _turns(files: Sequence[Path], ours: Collection[str]) -> list[Any]:
    """The customers' turns of all files; each is read before any is masked, so that a bad one is refused at once."""
    from intents import sandbox

    found = []
    for path, lines in [(path, sandbox.read_transcript(path, ours)) for path in files]:
        said = Counter(line.who or "nobody named" for line in lines)
        if not any(line.side is sandbox.Side.OURS for line in lines):
            most = ", ".join(f"{who} ({count:,})" for who, count in said.most_common(3))
            errors.print(
                f"{path.name}: nobody is known to be ours, so everybody counts as a customer; "
                f"name our people with --ours NAME. Most lines: {most}"
            )
        turns = sandbox.turns(lines, ours, errors.print)
        errors.print(
            f"{path.name}: {len(lines):,} lines by {len(said):,} people, {len(turns):,} turns of customers"
        )
        found += turns
    return found


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
        text, context = record["text"], record.get("context") or []
        if not all(isinstance(one, str) for one in (text, *context)):
            raise TypeError("text and each turn of context must be strings")
        return {
            "id": number,
            **record,
            "context": (context,) if isinstance(context, str) else tuple(context),
            "speaker": Speaker(record.get("speaker") or "customer"),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise IntentsError(
            f"{where}: {error!r}; expected a JSON object with text and, if not a customer, speaker"
        ) from error


def _read(classifier: Classifier, record: dict[str, Any]) -> Reading:
    return classifier.read(
        record["text"],
        speaker=record["speaker"],
        context=record["context"],
        industry=record.get("industry"),
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
    rows = [_row(one) for one in models]
    used = [name for name in rows[0] if name not in ("encoder", "why") or any(row[name] for row in rows)]
    table = Table(*(Column(name, no_wrap=name in ("model", "made")) for name in used))
    for row in rows:
        table.add_row(*(row[name] for name in used))
    Console().print(table)


def _row(one: Any) -> dict[str, str]:
    """A model's cells by their heading."""
    accuracy = one.card.get("held_out_accuracy")
    return {
        "model": one.id,
        "serves": "●" if one.serving else "",
        "made": f"{one.created_at:%Y-%m-%d %H:%M}",
        "by": "(shipped)" if one.shipped else one.trained_by,
        "examples": str(one.card.get("examples")),
        # a model that took its calibration over from another one was not measured
        "held out": "–" if accuracy is None else f"{accuracy:.3f}",
        "encoder": _encoder(one.card.get("encoder")),
        "why": one.why,
    }


def _encoder(card: dict[str, Any] | None) -> str:
    """Which encoder a model was trained with, how much it counts by speaker, and whether it is the configured one."""
    if card is None:
        return ""
    weights = {speaker: one["weight"] for speaker, one in card["by_speaker"].items()}
    counts = ", ".join(f"{speaker} {weight:g}" for speaker, weight in weights.items())
    configured = encoder_of_intents(read_settings())() if any(weights.values()) else None
    fits = configured is not None and configured.fingerprint == card["fingerprint"]
    away = " (not the configured one: words alone)" if any(weights.values()) and not fits else ""
    return f"{card['fingerprint']}: {counts}{away}"


class _readable_errors:
    """What this package refuses becomes a sentence on stderr and exit code 1."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntentsError | OSError):
            errors.print(f"[red]{error}[/]", highlight=False)
            raise typer.Exit(1) from error
