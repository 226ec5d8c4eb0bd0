"""Words of the trade mean our models and parameters, by walks over the industry's graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.demo.company import DEMO
from knowledge import Library, Status
from knowledge.company_files import FileKind
from knowledge.industry import Industry, IndustryWrong, accepted_facts, parse_industry
from knowledge.things import Named

Write = Callable[[str, str], Path]
COMPANY = Industry(parse_industry((DEMO / "industry.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("question", "models"),
    [
        ("你们的计量泵精度多少", ["p60", "p60h"]),
        ("冷冻离心机多重", ["x200r", "x350"]),
        ("锅炉加药用哪款", ["p60h"]),
        ("快递网点能放下吗", ["d80"]),
        ("北辰那台多少钱", []),
        ("质保多久", []),
    ],
)
def test_a_line_or_a_use_stands_for_its_models(question: str, models: list[str]) -> None:
    assert COMPANY.models(question) == models


@pytest.mark.parametrize(
    ("question", "models"),
    [
        ("跟川汇比有什么优势", ["p60"]),
        ("BC-20R 和你们的哪个好", ["x200r"]),
        ("BC-20 噪声多大", []),
        ("和同行比呢", []),
    ],
)
def test_a_rival_brings_our_counterpart_where_it_is_compared(question: str, models: list[str]) -> None:
    assert COMPANY.counterparts(question) == models


@pytest.mark.parametrize(
    ("question", "parameters"),
    [
        ("X200 多少分贝", ["噪声"]),
        ("这台多少 kg", ["净重"]),
        ("耐压多少", ["最高工作压力"]),
        ("皮带跑多少 m/s", ["皮带速度"]),
        ("barcode 能扫吗", []),
    ],
)
def test_a_unit_or_another_name_stands_for_the_parameter(question: str, parameters: list[str]) -> None:
    assert COMPANY.parameters(question) == parameters


def test_a_use_of_a_line_reaches_the_models_of_the_line() -> None:
    facts = accepted_facts(
        [Named("计量泵", "product", "P60", ""), Named("计量泵", "application", "加药", "")]
    )
    assert Industry(facts).models("加药用什么") == ["p60"]


HAVING = """lines: {计量泵: [P60, P60H]}
certifications: {CE: [X200, X350], ISO9001: [P60], 防爆合格证: [P60H]}
components: {隔膜: [P60, P60H], 补光灯: [D80]}
"""


@pytest.mark.parametrize(
    ("question", "models"),
    [
        ("哪款过了 CE 认证", ["x200", "x350"]),
        ("有 ISO 9001 吗", ["p60"]),
        ("防爆合格证有没有", ["p60h"]),
        ("换隔膜要多久", ["p60", "p60h"]),
        ("补光灯多少钱", ["d80"]),
        ("你们的计量泵过了 CE 吗", ["p60", "p60h"]),
        ("price 多少", []),
    ],
)
def test_a_certificate_or_a_part_stands_for_the_models_that_have_it(question: str, models: list[str]) -> None:
    assert Industry(parse_industry(HAVING)).models(question) == models


@pytest.mark.parametrize(
    ("kind", "name", "question"),
    [
        ("certification", "CE", "哪款有 CE"),
        ("component", "密封圈", "密封圈怎么换"),
        ("fault", "不平衡", "报不平衡怎么办"),
    ],
)
def test_what_a_model_has_is_understood_once_accepted(kind: str, name: str, question: str) -> None:
    assert Industry(accepted_facts([Named("X350", kind, name, "")])).models(question) == ["x350"]


def test_what_a_whole_paper_names_stands_for_no_model() -> None:
    assert tuple(accepted_facts([Named("服务政策", "certification", "CE", "")])) == ()


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "brands: {}",
        "lines: {泵: P60}",
        "parameters: {噪声: dB}",
        "components: {隔膜: P60}",
        "certifications: [CE]",
        "parameters: {噪声: {also: 噪音}}",
        "lines: [",
        "\x00",
    ],
)
def test_a_text_that_is_no_graph_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(IndustryWrong, match="lines, applications, competitors"):
        parse_industry(text)


def test_an_empty_text_is_an_empty_graph() -> None:
    assert parse_industry("") == ()


PUMPS = """| 型号 | 应用 | 压力 |
|---|---|---|
| P60 | 一般加药、絮凝剂 | 20 bar |
| P60H | 锅炉补水 | 100 bar |
"""


def test_a_tables_uses_are_proposed_and_understood_once_a_trainer_accepted_them(
    library: Library, write: Write
) -> None:
    library.add(write("计量泵选型.md", f"# 计量泵选型\n{PUMPS}"))
    asked = "锅炉补水的压力是多少"
    uses = {
        one.named.name: one.id
        for one in library.graph.list(Status.PROPOSED)
        if one.named.kind == "application"
    }
    assert set(uses) == {"一般加药", "絮凝剂", "锅炉补水"}
    before = library.index_hash
    library.graph.accept([uses["锅炉补水"]], "sunli")
    assert library.index_hash != before
    found = library.search(asked).evidence[0]
    assert "型号 P60H" in found.why


def test_the_company_s_reviewed_graph_is_used(library: Library, write: Write) -> None:
    library.files.save(
        FileKind.INDUSTRY, "applications: {锅炉补水: [P60H]}\n", "sunli", why="首版", follows=0
    )
    library.add(
        write("计量泵.md", "# 计量泵\n\n## P60\n\nP60 压力 20 bar。\n\n## P60H\n\nP60H 压力 100 bar。\n")
    )
    assert library.search("锅炉补水压力多少").evidence[0].passage.products == ("P60H",)
