"""`yiju knowledge questions …`: what a language model thinks that passages answer, which helps to find them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.posing import Outcome, Posing

questions_app = typer.Typer(
    help="Questions that a language model wrote for passages, to find them by (YIJU_LLM__QUESTIONS).",
    no_args_is_help=True,
)
_JSON = typer.Option("--json", help="Print JSON lines on stdout and nothing else there.")


@questions_app.command("list")
def list_questions(
    documents: Annotated[
        list[str] | None, typer.Argument(help="Document ids, as `knowledge list` shows them; all if none.")
    ] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Passages that have questions, with them. They are for search only and never shown as a reason."""
    from bot.cli.knowledge import open_library

    library = open_library()
    for document in documents or [one.id for one in library.list()]:
        for passage in library.passages_of(document):
            if not passage.questions:
                continue
            if as_json:
                found = {"id": passage.id, "doc": document, "questions": passage.questions}
                print(json.dumps(found, ensure_ascii=False))
            else:
                print(f"{passage.citation}\n   " + "\n   ".join(passage.questions))


@questions_app.command()
def pose(as_json: Annotated[bool, _JSON] = False) -> None:
    """Ask now about every passage that is due, as `yiju serve` does by itself in the background."""
    from bot.cli.opening import open_parts

    posing = open_parts(channels={}).posing
    if posing is None:
        print(
            "no language model that writes questions; set YIJU_LLM__BASE_URL, __MODEL and YIJU_LLM__QUESTIONS=3",
            file=sys.stderr,
        )
        raise typer.Exit(1)
    counted = Counter(asyncio.run(_until_done(posing)))
    if as_json:
        print(json.dumps(counted))
    else:
        print(", ".join(f"{times} {outcome}" for outcome, times in sorted(counted.items())) or "nothing due")
    if counted and not counted.keys() - {"failed", "names_unknown"}:
        raise typer.Exit(1)


@questions_app.command()
def forget() -> None:
    """Drop all questions; passages are found by their own words again, and are due anew while the setting is on."""
    from bot.cli.knowledge import open_library

    print(f"{open_library().likely.forget()} passages forgot their questions", file=sys.stderr)


async def _until_done(posing: Posing) -> list[Outcome]:
    """Look after look until one brings nothing new: what failed is due later."""
    from bot.posing import Outcome

    every: list[Outcome] = []
    try:
        while outcomes := await posing.pose_questions():
            every += outcomes
            if not {Outcome.KEPT, Outcome.NONE} & set(outcomes):
                break
    finally:
        await posing.model.close()
    return every
