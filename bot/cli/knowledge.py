"""`yiju knowledge …`: documents in and out, and what they answer. Thin shells over `knowledge.Library`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.amending import edit
from bot.cli.fusion import evaluate, say, tune
from bot.cli.own_files import files_app
from bot.cli.posed import questions_app
from bot.cli.readers import person_named, reader_named, visibility_named
from bot.cli.vocabulary import graph_app, lexicon_app, train
from knowledge import Added, AddOutcome, DocumentInfo, DocumentKind, Evidence, Findings

if TYPE_CHECKING:
    from crm_bridge import AccountName
    from knowledge import Library

knowledge_app = typer.Typer(
    help="Documents: manuals, price lists, policies and contracts.", no_args_is_help=True
)
knowledge_app.add_typer(graph_app, name="graph")
knowledge_app.add_typer(lexicon_app, name="lexicon")
knowledge_app.add_typer(questions_app, name="questions")
knowledge_app.add_typer(files_app, name="files")
knowledge_app.command()(train)
knowledge_app.command()(evaluate)
knowledge_app.command()(tune)
knowledge_app.command()(edit)
_JSON = typer.Option("--json", help="Print JSON lines on stdout and nothing else there.")
_DAY = ["%Y-%m-%d"]


def open_library() -> Library:
    """The library of the configured data directory and database, prepared where something is missing."""
    from bot.app import open_library as open_in
    from bot.cli.opening import open_store, read_settings

    settings = read_settings()
    return open_in(settings, open_store(settings))


def account_of(customer: str | None) -> str | None:
    """The CRM's id for a customer's name; the plain name for one that the CRM does not know (and says so)."""
    if not customer:
        return None
    from bot.cli.crm import find
    from bot.errors import NotFound

    try:
        return find(_directory(), customer).id
    except NotFound as unknown:
        print(f"{unknown}; filed under {customer!r} as it stands", file=sys.stderr)
        return customer


@cache
def _directory() -> tuple[AccountName, ...]:
    from bot.cli.opening import open_parts

    return asyncio.run(open_parts(channels={}).crm.directory())


@knowledge_app.command()
def add(
    paths: Annotated[
        list[Path], typer.Argument(help="Files or folders (PDF, DOCX, XLSX, CSV, PPTX, HTML, MD, TXT).")
    ],
    customer: Annotated[
        str | None, typer.Option(help="Only this customer's cards may show it (contracts).")
    ] = None,
    kind: Annotated[
        DocumentKind | None, typer.Option(help="Guessed from the file's name where not given.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title, for a single file; the file's name otherwise.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="Version as printed; otherwise from the name, or counted up.")
    ] = None,
    valid_from: Annotated[datetime | None, typer.Option(formats=_DAY)] = None,
    valid_until: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="Expired documents are no evidence.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Name or id of the user who answers for the document.")
    ] = None,
    visibility: Annotated[
        str | None,
        typer.Option(
            help="Who may read it: everyone, team (the owner's), team:MANAGER, managers; everyone where not given."
        ),
    ] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Take files in; the same bytes again change nothing, other bytes under the same title are a new version."""
    files = list(_files(paths))
    if title and len(files) > 1:
        raise typer.BadParameter(
            f"--title names one document, {len(files)} files were given; add them one by one"
        )
    owned_by = person_named(owner) if owner else None
    may_read = visibility_named(visibility, owned_by)
    library, account = open_library(), account_of(customer)
    since, until = valid_from and valid_from.date(), valid_until and valid_until.date()
    refused = 0
    for file in files:
        result = library.add(
            file,
            kind=kind,
            title=title,
            version=version,
            customer=account,
            valid_from=since,
            valid_until=until,
            owner=str(owned_by.id) if owned_by else None,
            visibility=may_read,
        )
        if owned_by and result.document_id and (known := library.document(result.document_id)):
            library.amend(replace(known, owner=str(owned_by.id)))  # a new version keeps the owner it had
        refused += result.outcome is AddOutcome.REFUSED
        _say_added(result, as_json)
    if refused or not files:
        print(
            f"{refused} of {len(files)} files were not taken in" if files else "no files found",
            file=sys.stderr,
        )
        raise typer.Exit(1)


@knowledge_app.command()
def watch(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to look at; YIJU_KNOWLEDGE_INBOX where not given.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Take what is there now and end.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 30.0,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Take in files that are put into a folder (sub-folders are called after customers) and move them to done/ or
    refused/. `yiju serve` does the same for YIJU_KNOWLEDGE_INBOX."""
    from bot.app import open_inbox
    from bot.cli.opening import open_parts, read_settings

    settings = read_settings()
    place = str(folder) if folder else settings.knowledge_inbox
    if not place:
        raise typer.BadParameter("name a FOLDER, or set YIJU_KNOWLEDGE_INBOX")
    settings = settings.model_copy(update={"knowledge_inbox": place})
    parts = open_parts(settings, channels={})
    inbox = open_inbox(settings, parts.library, parts.crm, parts.store, parts.clock)
    assert inbox is not None

    async def looking() -> None:
        while True:
            for result in await inbox.look(settled=once):
                _say_added(result, as_json)
            if once:
                return
            await asyncio.sleep(every)

    with suppress(KeyboardInterrupt):
        asyncio.run(looking())


@knowledge_app.command("list")
def list_documents(as_json: Annotated[bool, _JSON] = False) -> None:
    """Every document in its current version."""
    documents = open_library().list()
    if as_json:
        _print_lines(_document(one) for one in documents)
        return
    table = Table("id", "kind", "title", "version", "customer", "valid", "owner", "visibility", "passages")
    for one in documents:
        valid = (
            f"{one.valid_from or ''} – {one.valid_until or ''}" if one.valid_from or one.valid_until else ""
        )
        row = (one.id, one.kind, one.title, one.version, one.customer or "", valid, one.owner or "")
        table.add_row(*row, one.visibility, str(one.passages))
    Console().print(table)


@knowledge_app.command()
def remove(
    documents: Annotated[list[str], typer.Argument(help="Document ids, as `list` shows them.")],
) -> None:
    """Delete documents with all their versions; they are gone from answers and from old citations."""
    library = open_library()
    missing = [one for one in documents if not library.remove(one)]
    if missing:
        print(f"no document {', '.join(missing)}; `yiju knowledge list` shows the ids", file=sys.stderr)
        raise typer.Exit(1)


@knowledge_app.command()
def rebuild() -> None:
    """Make the indexes again from the stored documents. Where the encoder is another than the one weights were chosen
    with, choose by the kept questions what vectors count."""
    from knowledge.following import follow

    library = open_library()
    entries = library.rebuild()
    if follow(library, say):
        say(f"with the encoder in use vectors count {library.weights.dense}")
    say(f"{entries} entries indexed, index {library.index_hash}")


@knowledge_app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    customer: Annotated[str | None, typer.Option(help="Also search this customer's contracts.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=100)] = 5,
    questions: Annotated[
        Path | None, typer.Option(help="JSON lines {id, question, customer}; - for stdin.")
    ] = None,
    include_expired: Annotated[bool, typer.Option(help="Expired documents count as well.")] = False,
    by: Annotated[
        str | None, typer.Option("--as", help="The user who asks; otherwise only what everyone may read.")
    ] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Passages that answer, with document, page or clause."""
    if (query is None) == (questions is None):
        raise typer.BadParameter("give either a QUERY or --questions FILE.jsonl")
    single: dict[str, Any] = {"id": "q1", "question": query, "customer": customer}
    asked = [single] if query else list(_read_questions(questions))
    reader, library = reader_named(by), open_library()
    for one in asked:
        account = account_of(one.get("customer") or customer)
        found = library.search(
            one["question"], customer=account, k=k, include_expired=include_expired, reader=reader
        )
        if as_json or questions:
            _print_lines([{"id": one["id"], **answer(found)}])
        else:
            _show(found)


def answer(found: Findings) -> dict[str, Any]:
    """Findings in the JSON form of the operations contract."""
    return {
        "passages": [_passage(one) for one in found.evidence],
        "answerable": found.answerable,
        "reason": found.reason,
    }


def _passage(found: Evidence) -> dict[str, Any]:
    passage, place = found.passage, found.passage.citation
    return {
        "doc": place.document_id,
        "title": place.title,
        "version": place.version,
        "page": place.page,
        "clause": place.clause,
        "heading": place.heading,
        "text": passage.text,
        "score": found.score,
        "id": passage.id,
    }


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as given, folders with every file below them that is not hidden."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                one for one in path.rglob("*") if one.is_file() and not one.name.startswith(".")
            )
        else:
            yield path


def _read_questions(path: Path | None) -> Iterator[dict[str, Any]]:
    lines = sys.stdin if str(path) == "-" else path.read_text(encoding="utf-8").splitlines() if path else ()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                one = json.loads(line)
                yield {
                    "id": one.get("id", str(number)),
                    "question": one["question"],
                    "customer": one.get("customer"),
                }
            except (ValueError, KeyError, AttributeError) as error:
                raise typer.BadParameter(
                    f"{path}:{number}: expected {{id, question, customer}}, found {line[:60]!r}"
                ) from error


def _say_added(result: Added, as_json: bool) -> None:
    if as_json:
        _print_lines([asdict(result)])
    elif result.outcome is AddOutcome.REFUSED:
        print(f"{result.file}: {result.reason} ({result.detail})", file=sys.stderr)
    else:
        print(
            f"{result.outcome}: 《{result.title}》{result.version} {result.kind} {result.passages} passages  {result.document_id}  {result.reason}"
        )
        for one in result.left_out:
            print(f"  没有收进来的:{one}")


def _document(one: DocumentInfo) -> dict[str, Any]:
    return asdict(one)


def _show(found: Findings) -> None:
    for number, one in enumerate(found.evidence, 1):
        print(
            f"{number}. {one.passage.citation}  [{one.score:.2f}] {one.why}\n   "
            + one.passage.text.replace("\n", "\n   ")
        )
    print("可以回答" if found.answerable else f"不足以回答:{found.reason}")


def _print_lines(values: Iterable[dict[str, Any]]) -> None:
    for value in values:
        print(json.dumps(value, ensure_ascii=False, default=str))
