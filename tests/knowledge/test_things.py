"""The graph grows from tables: what is proposed, that only a trainer's word counts, and that it is used at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge import Library, Status, ThingUnknown
from tests.knowledge.conftest import CONTRACT, MANUAL

Write = Callable[[str, str], Path]
PRICES = """| 型号 | 名称 | 单价 |
|---|---|---|
| X200 | 台式高速离心机 | 18800 元 |
| X350 | 大容量冷冻离心机 | 68000 元 |
"""


def names(library: Library, kind: str, status: Status = Status.PROPOSED) -> set[tuple[str, str]]:
    return {
        (one.named.subject, one.named.name) for one in library.graph.list(status) if one.named.kind == kind
    }


def test_a_table_proposes_parameters_with_their_unit_and_faults(library: Library, write: Write) -> None:
    library.add(write("X系列离心机用户手册.md", MANUAL))
    assert {("X200", "最高转速"), ("X200R", "噪声")} <= names(library, "parameter")
    units = {one.named.name: one.named.unit for one in library.graph.list()}
    assert (units["最高转速"], units["净重"]) == ("r/min", "kg")
    assert "不平衡" in {name for _, name in names(library, "fault")}


def test_a_price_list_proposes_models_under_their_product_line(library: Library, write: Write) -> None:
    library.add(write("价格表.md", PRICES))
    assert names(library, "product") == {("台式高速离心机", "X200"), ("大容量冷冻离心机", "X350")}


@pytest.mark.parametrize(
    ("sentence", "found"),
    [("D80 防护等级 IP54。", True), ("X200 通过 CE 认证。", True), ("X200 没有 ISO13485 证书。", False)],
)
def test_a_certificate_counts_unless_it_is_denied(
    library: Library, write: Write, sentence: str, found: bool
) -> None:
    library.add(write("说明.md", f"# 说明\n{sentence}"))
    assert bool(names(library, "certification")) == found


def test_a_customers_paper_proposes_nothing(library: Library, write: Write) -> None:
    library.add(write("合同价格.md", PRICES), customer="A1", kind="contract")
    library.add(write("采购合同.txt", CONTRACT.format(months=36, days=60)), customer="A1")
    assert library.graph.list(None) == ()


def test_an_accepted_product_line_is_understood_as_its_model_at_once(library: Library, write: Write) -> None:
    library.add(write("X系列离心机用户手册.md", MANUAL))
    library.add(write("价格表.md", PRICES))
    before = library.index_hash
    assert not any("型号" in one.why for one in library.search("台式高速离心机噪声多大").evidence)
    line = next(one for one in library.graph.list() if one.named.name == "X200")
    library.graph.accept([line.id], "trainer")
    found = library.search("台式高速离心机噪声多大").evidence[:2]
    assert any("≤56 dB" in one.passage.text and "型号 X200" in one.why for one in found)
    assert library.index_hash != before


def test_a_verdict_outlives_a_new_version_of_the_document(library: Library, write: Write) -> None:
    library.add(write("价格表.md", PRICES))
    first, second = library.graph.list()
    library.graph.reject([first.id], "trainer")
    library.add(write("价格表.md", PRICES.replace("18800", "19800")))
    assert [one.id for one in library.graph.list()] == [second.id]
    assert [one.decided_by for one in library.graph.list(Status.REJECTED)] == ["trainer"]


def test_proposals_go_with_their_document_and_verdicts_stay(library: Library, write: Write) -> None:
    added = library.add(write("价格表.md", PRICES))
    kept, _ = library.graph.list()
    library.graph.accept([kept.id], "trainer")
    assert added.document_id
    library.remove(added.document_id)
    assert [one.id for one in library.graph.list(None)] == [kept.id]


def test_an_unknown_id_decides_nothing(library: Library, write: Write) -> None:
    library.add(write("价格表.md", PRICES))
    known = library.graph.list()[0].id
    with pytest.raises(ThingUnknown, match="nonsense"):
        library.graph.accept([known, "nonsense"], "trainer")
    assert library.graph.list(Status.ACCEPTED) == ()


def test_another_process_sees_a_verdict(
    library: Library, engine: Engine, tmp_path: Path, write: Write
) -> None:
    library.add(write("价格表.md", PRICES))
    other = Library(engine, tmp_path / "data")
    before = other.index_hash
    library.graph.accept([library.graph.list()[0].id], "trainer")
    assert other.index_hash == library.index_hash != before
