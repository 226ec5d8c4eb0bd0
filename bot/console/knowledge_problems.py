"""What is wrong with an edited industry graph or weights, in a trainer's words: the line, what was found, what is expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from yaml import Node, ScalarNode

from bot.console.file_problems import in_words
from intents import Problem
from intents.file_checks import entries, read_tree, shown_tag, text_problem, texts
from knowledge.fusion import ENCODER
from knowledge.rerank import Weights

MEANT = ("lines", "applications", "competitors")
"""Parts of the graph that lead from a word to models."""
LARGEST = 5


def industry_problems(text: str) -> list[str]:
    """None of an empty text: then there is no graph."""
    if not text.strip():
        return []
    root, found = read_tree(text)
    if root is not None:
        found = sorted(_of_industry(root), key=lambda one: one.line)
    return [in_words(one) for one in found]


def _of_industry(root: Node) -> Iterator[Problem]:
    top: dict[str, Node] = {}
    yield from entries(root, "", top, allowed=(*MEANT, "parameters"))
    filled = {name: node for name, node in top.items() if not _is_null(node)}
    for part in MEANT:
        named: dict[str, Node] = {}
        if part in filled:
            yield from entries(filled[part], part, named)
        for name, models in named.items():
            yield from texts(models, f"{part}.{name}", least=1)
    parameters: dict[str, Node] = {}
    if "parameters" in filled:
        yield from entries(filled["parameters"], "parameters", parameters)
    for name, node in parameters.items():
        about: dict[str, Node] = {}
        yield from entries(node, f"parameters.{name}", about, allowed=("unit", "also"))
        if "unit" in about and (problem := text_problem(about["unit"], f"parameters.{name}.unit")):
            yield problem
        yield from texts(about.get("also"), f"parameters.{name}.also")


def weights_problems(text: str) -> list[str]:
    """None of an empty text: then the shipped weights are meant."""
    if not text.strip():
        return []
    try:
        stored = json.loads(text)
    except ValueError as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        return [f"第 {line} 行:JSON 读不懂;请检查引号、逗号和大括号。"]
    if not isinstance(stored, dict):
        return ['第 1 行:这里应为“名称: 数字”的若干行,例如 {"dense": 0.7}。']
    known = [one.name for one in fields(Weights)]
    lines = text.splitlines()
    return [
        f"第 {_line(lines, name)} 行:{told}"
        for name, value in stored.items()
        if (told := _of_weight(name, value, known))
    ]


def _of_weight(name: str, value: Any, known: list[str]) -> str:
    if name == ENCODER and isinstance(value, str):
        return ""
    if name not in known:
        return f"不认识“{name}”,应为 {'、'.join(known)}。"
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        return f"“{name}”写的是“{value}”,应为 0 到 {LARGEST} 的数。"
    return ""


def _line(lines: list[str], name: str) -> int:
    written = json.dumps(name), json.dumps(name, ensure_ascii=False)
    return next((at for at, line in enumerate(lines, 1) if any(one in line for one in written)), 1)


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and shown_tag(node) == "null"
