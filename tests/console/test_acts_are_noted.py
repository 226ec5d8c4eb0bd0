"""Whatever somebody does in the console is a line of the journal: every method that acts notes it, or is has a reason not to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import bot.console

NOTES = {"note", "noted"}
WITHOUT_A_LINE = {
    "datasets_page._compare": "looks",
    "datasets_page._show_split": "looks",
    "decision_moves.run": "a replay saves and sends nothing",
    "decision_moves.comment": "`opened.comment` writes its line",
    "decision_moves.apply": "every move of a decision is a line of its own",
    "decision_moves.hand_over": "`opened.hand_over` writes its line",
    "decision_page._show_passage": "looks",
    "decision_page._show_event": "looks",
    "decision_page._show_lineage": "looks",
    "document_form.ask": "opens the form; saving it is noted",
    "documents_page.search": "looks",
    "health_page.look": "looks",
    "journal_page.verify": "looks",
    "models_page._card": "looks",
    "models_page._compare": "looks; promoting is noted",
    "policy_page.decide": "asks what the policy says",
    "quality_page.look": "looks",
    "text_editor._check": "checks a text; saving it is noted",
    "transcript_flow._mine": "suggests; queueing and accepting what was mined is noted",
    "transcript_flow._read": "reads a file; nothing of it is kept",
}
"""Acting methods that note nothing themselves, with the reason."""


def acting(tree: ast.AST, owner: ast.AsyncFunctionDef | None = None) -> Iterator[ast.AsyncFunctionDef]:
    """The innermost functions that ask who acts."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and called(node) == "acting" and owner is not None:
            yield owner
        yield from acting(node, node if isinstance(node, ast.AsyncFunctionDef) else owner)


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def notes(function: ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Call) and called(one) in NOTES for one in ast.walk(function))


def found() -> dict[str, bool]:
    """`page.method` → whether it notes what is done."""
    folder = Path(bot.console.__file__).parent
    return {
        f"{path.stem}.{one.name}": notes(one)
        for path in sorted(folder.glob("*.py"))
        for one in acting(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_every_act_is_noted_or_has_a_reason_not_to() -> None:
    assert {name for name, noted in found().items() if not noted} == set(WITHOUT_A_LINE)
