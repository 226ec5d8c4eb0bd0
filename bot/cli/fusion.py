"""`yiju knowledge evaluate` and `tune`: how well the company's own questions are answered, and weights chosen by them."""

from __future__ import annotations

import getpass
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from knowledge.fusion import Measured, OwnQuestion, QuestionsWrong

_QUESTIONS = typer.Argument(
    help="JSON lines {question, doc, find, customer?}: a document's title, and words of the passage that answers."
)
_JSON = typer.Option("--json", help="Print JSON lines on stdout and nothing else there.")


def evaluate(questions: Annotated[Path, _QUESTIONS], as_json: Annotated[bool, _JSON] = False) -> None:
    """How well questions of your own are answered with the weights in use."""
    from bot.cli.knowledge import open_library
    from knowledge.fusion import measure

    asked = _read(questions)
    library = open_library()
    _print(
        {"weights": asdict(library.weights), **_shown(measure(asked, library.ask, library.weights))}, as_json
    )


def tune(
    questions: Annotated[Path | None, _QUESTIONS] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the shipped weights.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure, and change nothing.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Choose how much words, written terms and vectors count, by questions of your own; used at once.

    Kept only where questions that had no part in the choice are answered no worse. The questions are kept too: with
    another encoder what vectors count is chosen by them again.
    """
    from bot.cli.knowledge import open_library
    from knowledge.company_files import FileKind
    from knowledge.following import choose, keep
    from knowledge.fusion import tune as only_measure

    if (questions is None) != reset:
        raise typer.BadParameter("give either QUESTIONS or --reset")
    library = open_library()
    by = getpass.getuser()
    if questions is None:
        follows = library.files.latest(FileKind.WEIGHTS)
        library.files.restore(FileKind.WEIGHTS, 0, by, why="tune --reset", follows=follows)
        print("the shipped weights are in force", file=sys.stderr)
        return
    asked = _read(questions)
    try:
        if dry_run:
            tuned = only_measure(asked, library.ask, library.weights, say)
        else:
            why = f"{len(asked)} questions of {questions.name}"
            tuned = choose(library, asked, by, why, say)
            keep(library, asked, by, why)
    except QuestionsWrong as few:
        raise typer.BadParameter(str(few)) from few
    found = {
        "weights": asdict(tuned.weights),
        "before": _shown(tuned.before),
        "after": _shown(tuned.after),
        "unseen": _shown(tuned.unseen),
        "better": tuned.better,
        "saved": tuned.better and not dry_run,
    }
    _print(found, as_json)
    if not tuned.better:
        print("no weights are better on unseen questions: nothing was changed", file=sys.stderr)


def say(line: str) -> None:
    print(line, file=sys.stderr)


def _read(path: Path) -> list[OwnQuestion]:
    from bot.cli.knowledge import account_of
    from knowledge.fusion import read_questions

    try:
        found = read_questions(path)
    except QuestionsWrong as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    if not found:
        raise typer.BadParameter(f"{path}: no questions in it")
    return [replace(one, customer=account_of(one.customer)) for one in found]


def _shown(found: Measured) -> dict[str, Any]:
    return {
        "questions": found.questions,
        "recall@1": round(found.first / found.questions, 3),
        "recall@5": round(found.fifth / found.questions, 3),
        "mrr": round(found.mrr, 3),
    }


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        told = "  ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else value
        print(f"{name:10} {told}")
