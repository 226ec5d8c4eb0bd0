"""What is wrong with a company's YAML text, by line: the syntax, and what the taxonomy and the graph each expect.

A loader stops at the first mistake and answers in English; a trainer who edits wants all of them, each at its line, as
values that the console puts into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

MOST_CHARACTERS = 400_000
"""Ten times what ships."""


class Flaw(StrEnum):
    """Kinds of mistakes; `Problem.found` and `Problem.expected` hold what differs."""

    SYNTAX = "syntax"
    TOO_LONG = "too_long"
    ALIAS = "alias"
    """Anchors and aliases are not read: a few of them can stand for millions of entries."""
    REPEATED = "repeated"
    """A key that stood on line `expected` already; a loader would silently forget the first."""
    UNKNOWN_KEY = "unknown_key"
    MISSING_KEY = "missing_key"
    NO_MAPPING = "no_mapping"
    NO_LIST = "no_list"
    NO_TEXT = "no_text"
    EMPTY = "empty"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN_INTENT = "unknown_intent"
    INTENT_GONE = "intent_gone"
    """An intent that a model or a label still names."""
    OTHER_SPEAKER = "other_speaker"


class Problem(NamedTuple):
    """One mistake: the line (from 1), where in the tree, what was found and what is expected there."""

    line: int
    flaw: Flaw
    place: str
    found: str
    expected: tuple[str, ...] = ()


Problems = Iterator[Problem]


def read_tree(text: str) -> tuple[MappingNode | None, list[Problem]]:
    """The text as nodes that know their lines. None where it cannot be read further, with the reason."""
    if len(text) > MOST_CHARACTERS:
        return None, [Problem(1, Flaw.TOO_LONG, "", str(len(text)), (str(MOST_CHARACTERS),))]
    try:
        aliases = [
            Problem(token.start_mark.line + 1, Flaw.ALIAS, "", token.value)
            for token in yaml.scan(text, Loader=yaml.SafeLoader)
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken)
        ]
        if aliases:
            return None, aliases
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [
            Problem(mark.line + 1 if mark else 1, Flaw.SYNTAX, error.problem or "", _line(text, mark))
        ]
    except yaml.YAMLError as error:  # a character that YAML has no place for
        at = getattr(error, "position", 0)
        return None, [Problem(text.count("\n", 0, at) + 1, Flaw.SYNTAX, "character", repr(text[at : at + 1]))]
    if not isinstance(root, MappingNode):
        return None, [Problem(1, Flaw.NO_MAPPING, "", shown(root))]
    return root, []


def taxonomy_problems(root: MappingNode, choices: Choices) -> Problems:
    """What keeps a tree from being a taxonomy that everything else can live with."""
    top: dict[str, Node] = {}
    yield from entries(root, "", top, needed=("version", "intents", "questions", "rules"))
    if "version" in top and shown_tag(top["version"]) != "int":
        yield Problem(line_of(top["version"]), Flaw.NOT_ALLOWED, "version", shown(top["version"]), ("1",))
    speakers: dict[str, str] = {}
    yield from _intents(top.get("intents"), choices, speakers)
    for name, speaker in choices.kept.items():
        if "intents" in top and name not in speakers:
            yield Problem(line_of(top["intents"]), Flaw.INTENT_GONE, "intents", name)
        elif speakers.get(name, "") not in {"", speaker}:
            at = line_of(top["intents"])
            yield Problem(at, Flaw.OTHER_SPEAKER, f"intents.{name}", speakers[name], (speaker,))
    yield from _questions(top.get("questions"), frozenset(speakers))
    yield from texts(top.get("rules"), "rules")


class Choices(NamedTuple):
    """What a taxonomy's fields may say."""

    groups: tuple[str, ...]
    actions: tuple[str, ...]
    kept: Mapping[str, str]
    """Intents that must stay, with their speaker: models and labels name them."""


_FIELDS = ("label", "speaker", "group", "risk", "wants", "borders", "actions", "asks", "examples")


def _intents(node: Node | None, choices: Choices, speakers: dict[str, str]) -> Problems:
    found: dict[str, Node] = {}
    if node is not None:
        yield from entries(node, "intents", found)
    allowed = {
        "speaker": ("customer", "rep", "both"),
        "group": choices.groups,
        "risk": ("low", "medium", "high"),
    }
    for name, entry in found.items():
        place, fields = f"intents.{name}", dict[str, Node]()
        yield from entries(entry, place, fields, needed=_FIELDS)
        speakers[name] = ""
        for key in ("label", "wants", "asks", *allowed):
            if key not in fields:
                continue
            if problem := text_problem(fields[key], f"{place}.{key}"):
                yield problem
            elif fields[key].value not in allowed.get(key, (fields[key].value,)):
                where, value = line_of(fields[key]), shown(fields[key])
                yield Problem(where, Flaw.NOT_ALLOWED, f"{place}.{key}", value, allowed[key])
            elif key == "speaker":
                speakers[name] = str(fields[key].value)
        yield from texts(fields.get("borders"), f"{place}.borders")
        yield from texts(fields.get("examples"), f"{place}.examples", least=1)
        yield from texts(fields.get("actions"), f"{place}.actions", allowed=choices.actions)


def _questions(node: Node | None, intents: frozenset[str]) -> Problems:
    found: dict[str, Node] = {}
    if node is not None:
        yield from entries(node, "questions", found)
    for pair, words in found.items():
        place, names = f"questions.{pair}", pair.split("+")
        if problem := text_problem(words, place):
            yield problem
        if len(names) != 2:
            yield Problem(line_of(words), Flaw.NOT_ALLOWED, place, pair, ("quote_request+purchase",))
        for name in names:
            if name not in intents:
                yield Problem(line_of(words), Flaw.UNKNOWN_INTENT, place, name, tuple(sorted(intents)))


def graph_problems(root: MappingNode, kinds: tuple[str, ...]) -> Problems:
    """What keeps a tree from being a graph: industry → product → kind → names, or industry → kind → names."""
    industries: dict[str, Node] = {}
    yield from entries(root, "", industries)
    for industry, part in industries.items():
        subjects: dict[str, Node] = {}
        yield from entries(part, industry, subjects)
        for subject, entry in subjects.items():
            place = f"{industry}.{subject}"
            if isinstance(entry, SequenceNode):
                if subject.lstrip("_") not in kinds:
                    yield Problem(
                        line_of(entry), Flaw.UNKNOWN_KEY, place, subject, tuple(f"_{one}" for one in kinds)
                    )
                yield from texts(entry, place)
                continue
            if subject.lstrip("_") in kinds and not isinstance(entry, MappingNode):
                yield Problem(line_of(entry), Flaw.NO_LIST, place, shown(entry))
                continue
            lists: dict[str, Node] = {}
            yield from entries(entry, place, lists, allowed=kinds)
            for kind, names in lists.items():
                yield from texts(names, f"{place}.{kind}")


def entries(
    node: Node, place: str, into: dict[str, Node], needed: tuple[str, ...] = (), allowed: tuple[str, ...] = ()
) -> Problems:
    """The entries of a mapping, put `into` a dict. `needed` keys are the only ones; so are `allowed`, which may lack."""
    if not isinstance(node, MappingNode):
        yield Problem(line_of(node), Flaw.NO_MAPPING, place, shown(node))
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = shown(key), line_of(key)
        if problem := text_problem(key, place):
            yield problem
        elif name in lines:
            yield Problem(line, Flaw.REPEATED, place, name, (str(lines[name]),))
        elif (needed or allowed) and name not in (*needed, *allowed):
            yield Problem(line, Flaw.UNKNOWN_KEY, place, name, needed or allowed)
        else:
            into[name] = value
        lines.setdefault(name, line)
    for name in needed:
        if name not in lines:
            yield Problem(line_of(node), Flaw.MISSING_KEY, place, name)


def texts(node: Node | None, place: str, *, least: int = 0, allowed: tuple[str, ...] = ()) -> Problems:
    if node is None:
        return
    if not isinstance(node, SequenceNode):
        yield Problem(line_of(node), Flaw.NO_LIST, place, shown(node))
        return
    if len(node.value) < least:
        yield Problem(line_of(node), Flaw.EMPTY, place, "[]")
    for one in node.value:
        if problem := text_problem(one, place):
            yield problem
        elif allowed and one.value not in allowed:
            yield Problem(line_of(one), Flaw.NOT_ALLOWED, place, shown(one), allowed)


def text_problem(node: Node, place: str) -> Problem | None:
    """Numbers are read as they are written; `no`, `on` and nothing would become something else."""
    if not isinstance(node, ScalarNode) or shown_tag(node) in {"bool", "null"}:
        return Problem(line_of(node), Flaw.NO_TEXT, place, shown(node))
    return None if str(node.value).strip() else Problem(line_of(node), Flaw.EMPTY, place, "")


def line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1


def shown_tag(node: Node) -> str:
    return str(node.tag).rsplit(":", 1)[-1]


def shown(node: Node | None) -> str:
    """A node as its writer would recognise it."""
    match node:
        case ScalarNode():
            return str(node.value)[:60]
        case SequenceNode():
            return "[…]" if node.value else "[]"
        case MappingNode():
            return "{…}"
    return ""


def _line(text: str, mark: yaml.Mark | None) -> str:
    lines = text.splitlines()
    return lines[mark.line].strip()[:60] if mark and mark.line < len(lines) else ""
