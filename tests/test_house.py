"""Promises the whole house keeps: faces that are true, everything documented, nothing dangling, files that can be read."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

import bot
import crm_bridge
import eval as harness
import intents
import knowledge
import prompts
from bot import actions
from bot.cli import app
from bot.demo import company
from bot.settings import Settings, as_env, describe
from intents import load_taxonomy
from knowledge import DocumentKind
from prompts import phrase_names, reply_words, template_names, tones

ROOT = Path(__file__).resolve().parent.parent
PACKAGES: tuple[ModuleType, ...] = (bot, crm_bridge, harness, intents, knowledge, prompts)
FILES = sorted(path for package in PACKAGES for path in Path(str(package.__file__)).parent.rglob("*.py"))
TAXONOMY = load_taxonomy()
LONGEST = 400
"""Lines of a file: beyond it nobody keeps it in mind."""
PRINTS = {"bot/cli", "bot/demo/documents.py", "eval", "knowledge/training.py"}
"""Where words go to a terminal: verbs, and what is run by hand."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def faces() -> Iterator[str]:
    """Every package that says what it offers."""
    for package in PACKAGES:
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.ispkg and "migrations" not in found.name:
                yield found.name


def offering(face: str) -> ModuleType | None:
    module = importlib.import_module(face)
    return module if hasattr(module, "__all__") else None


@pytest.mark.parametrize("face", [face for face in faces() if offering(face)])
def test_what_a_package_says_it_offers_is_there_sorted_and_complete(face: str) -> None:
    module = importlib.import_module(face)
    names = list(module.__all__)
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert all(hasattr(module, name) for name in names)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    if any(
        isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name != "__getattr__" for node in tree.body
    ):
        return  # with code of its own it also imports for itself
    told = {alias.asname or alias.name for alias in imported(tree) if not alias.name.startswith("_")}
    assert told <= set(names) | {"Any", "TYPE_CHECKING", "annotations"}


def imported(tree: ast.Module) -> Iterator[ast.alias]:
    """Names that the package's face takes from its own modules."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {
            one.__name__ for one in PACKAGES
        }:
            yield from node.names


def test_every_leaf_says_what_it_offers() -> None:
    assert all(hasattr(leaf, "__all__") for leaf in (crm_bridge, intents, knowledge, prompts, actions))


def test_every_file_says_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in FILES
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_no_file_is_too_long_to_keep_in_mind() -> None:
    counted = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {
        name: lines for name, lines in counted.items() if lines > LONGEST and "/migrations/" not in name
    } == {}


def test_only_verbs_print() -> None:
    found = [
        name_of(path)
        for path in FILES
        if not any(name_of(path).startswith(place) for place in PRINTS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_nothing_is_left_to_do_in_the_code() -> None:
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    assert [name_of(path) for path in FILES if marks.search(path.read_text(encoding="utf-8"))] == []


def test_every_setting_says_what_it_is_for() -> None:
    assert [line.variable for line in describe(defaults()) if not line.meaning] == []


def test_the_example_file_is_what_the_settings_are() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == as_env(describe(defaults())), "run `yiju settings --env > .env.example`"


def test_a_copied_example_file_changes_no_setting(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    lines = (ROOT / ".env.example").read_text(encoding="utf-8")
    copy.write_text(re.sub(r"(?m)^# (YIJU_\w+=)", r"\1", lines), encoding="utf-8")
    assert Settings(_env_file=copy) == defaults()


def defaults() -> Settings:
    return Settings(_env_file=None)


@pytest.mark.parametrize("intent", sorted(TAXONOMY.intents))
def test_every_intent_has_a_label_words_and_actions_that_there_are(intent: str) -> None:
    info = TAXONOMY.intents[intents.Intent(intent)]
    assert re.search(r"[\u4e00-\u9fff]", info.label)
    assert info.asks
    assert set(info.actions) <= {*actions.names(), "message.draft"}
    assert info.speaker == "rep" or reply_words(intent) is not None


@pytest.mark.parametrize("kind", actions.names())
def test_every_action_and_each_of_its_fields_is_called_in_chinese(kind: str) -> None:
    action = actions.by_name(kind)
    labels = [action.label, *(field.label for field in action.form({}))]
    assert all(re.search(r"[\u4e00-\u9fff]", label) for label in labels)


def test_every_action_is_proposed_for_some_intent() -> None:
    proposed = {name for info in TAXONOMY.intents.values() for name in info.actions}
    stand_ins = {actions.by_name(kind).instead for kind in actions.names()}
    assert set(actions.names()) <= proposed | stand_ins


def words_in_code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in FILES)


def test_every_phrase_is_used() -> None:
    code = words_in_code()
    unused = [name for name in phrase_names() if f'"{name}"' not in code and not is_built(name, code)]
    assert unused == []


def is_built(name: str, code: str) -> bool:
    """Used under a name that is put together: status_{state}, card_{refusal}."""
    prefixes = [found for found in re.findall(r'phrase\(\s*f"(\w+_)\{', code) if name.startswith(found)]
    rest = name.removeprefix(max(prefixes, key=len)) if prefixes else ""
    return rest in tones() or (bool(rest) and f'"{rest}"' in code)


def test_every_phrase_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(r'\bphrase\(\s*"(\w+)"', words_in_code()))
    assert asked
    assert asked <= set(phrase_names())


def test_every_template_is_used() -> None:
    asked = set(re.findall(r'\brender\(\s*"([\w/]+)"', words_in_code()))
    assert asked == set(template_names())


def test_the_demo_companys_documents_are_there() -> None:
    documents = company.documents()
    assert len(documents) >= 10
    assert [one.path.name for one in documents if not one.path.is_file()] == []
    assert {one.kind for one in documents} <= set(DocumentKind)
    assert {one.customer for one in documents} - {""} <= {account["name"] for account in company.accounts()}


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name in command.list_commands(None) if isinstance(command, TyperGroup) else ():
        yield from verbs(command.get_command(None, name), (*path, name))


@pytest.mark.parametrize("path", list(verbs(get_command(app))), ids=" ".join)
def test_every_verb_answers_help_in_words(path: tuple[str, ...]) -> None:
    found = CliRunner().invoke(app, [*path, "--help"])
    assert found.exit_code == 0
    assert "Usage:" in found.output
