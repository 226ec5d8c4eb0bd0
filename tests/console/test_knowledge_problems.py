"""Mistakes in an industry graph or in weights are told in Chinese, at their line; what passes can be saved."""

from __future__ import annotations

from pathlib import Path

import pytest

import bot.demo
from bot.console.knowledge_problems import industry_problems, weights_problems
from bot.retrieval_questions import dev_questions
from knowledge.company_files import FileKind, check
from knowledge.fusion import written
from knowledge.rerank import Weights

DEMO = (Path(bot.demo.__file__).parent / "industry.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("brands: {}\n", "第 1 行:不认识“brands”,应为 lines、applications、competitors、parameters。"),
        ("lines:\n  泵: P60\n", "第 2 行 · lines.泵:写的是“P60”,这里应为列表"),
        ("lines:\n  泵: []\n", "第 2 行 · lines.泵:是空的"),
        ("lines:\n  泵:\n", "第 2 行 · lines.泵:写的是“(空)”,这里应为列表"),
        ("lines: [P60]\n", "第 1 行 · lines:写的是“[…]”,这里应为“名称: 内容”的若干行。"),
        ("applications:\n  加药: [P60]\n  加药: [P60H]\n", "第 3 行 · applications:“加药”重复了,第 2 行已有"),
        ("parameters:\n  净重: kg\n", "第 2 行 · parameters.净重:写的是“kg”"),
        ("parameters:\n  净重: {unit: kg, alias: [重量]}\n", "第 2 行 · parameters.净重:不认识“alias”,应为 unit、also。"),
        ("parameters:\n  净重: {unit: [kg]}\n", "第 2 行 · parameters.净重.unit:写的是“[…]”,这里应为文字"),
        ("parameters:\n  净重: {also: 重量}\n", "第 2 行 · parameters.净重.also:写的是“重量”,这里应为列表"),
        ("competitors:\n  BC-20: [on]\n", "第 2 行 · competitors.BC-20:写的是“on”,这里应为文字"),
        ("lines:\n\t泵: [P60]\n", "第 2 行:写的是“泵: [P60]”,YAML 读不懂:有不能用的字符,例如用制表符缩进"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_industry_is_told_at_its_line(text: str, told: str) -> None:
    (problem,) = industry_problems(text)
    assert problem.startswith(told)


@pytest.mark.parametrize("text", ["", "\n", "lines:\n", "parameters:\n  可用性: {also: [SLA]}\n", DEMO])
def test_an_industry_without_mistakes_can_be_saved(text: str) -> None:
    assert industry_problems(text) == []
    check(FileKind.INDUSTRY, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{\n "dense": 0.7,\n}', "第 3 行:JSON 读不懂"),
        ("[0.7]", "第 1 行:这里应为"),
        ('{\n "dense": 0.7,\n "vectors": 1\n}', "第 3 行:不认识“vectors”,应为 context、concept、dense"),
        ('{\n "dense": 0.7,\n "k1": "viel"\n}', "第 3 行:“k1”写的是“viel”,应为 0 到 5 的数。"),
        ('{"dense": -1}', "第 1 行:“dense”写的是“-1”"),
        ('{"dense": true}', "第 1 行:“dense”写的是“True”"),
    ],
)
def test_a_mistake_in_weights_is_told_at_its_line(text: str, told: str) -> None:
    (problem,) = weights_problems(text)
    assert problem.startswith(told)


def test_weights_without_mistakes_can_be_saved() -> None:
    for text in (written(Weights()), '{"dense": 0}'):
        assert weights_problems(text) == []
        check(FileKind.WEIGHTS, text)
    assert weights_problems("") == []


def test_shipped_questions_are_those_that_the_documents_here_can_answer() -> None:
    assert dev_questions(set()) == []
    found = dev_questions({"X系列离心机用户手册"})
    assert len(found) > 20
    assert {answer.doc for one in found for answer in one.answers} == {"X系列离心机用户手册"}
