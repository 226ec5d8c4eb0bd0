"""What a passage is quoted with: the cells that were asked for, another row for another part, words as they were asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge import Library
from tests.knowledge.conftest import MANUAL

PRICES = """# 产品价格表
## 硬件
| 型号 | 名称 | 单价(元)目录价 | 单价(元)10台起 | 供货周期 | 备注 |
|---|---|---|---|---|---|
| X200 | 台式高速离心机标准型 | 18800 | 17860 | 现货三个工作日内发出 | 含一套角转子和安装调试 |
| X350 | 落地式大容量离心机 | 68000 | 64600 | 下单后十五个工作日 | 含两套转子和安装调试 |
"""


@pytest.fixture
def filled(library: Library, write: Callable[[str, str], Path]) -> Library:
    library.add(write("X系列离心机用户手册.md", MANUAL))
    library.add(write("产品价格表.md", PRICES))
    return library


@pytest.mark.parametrize("question", ["你们X200多少钱", "X200什么价", "X200报一下价"])
def test_a_price_is_quoted_with_the_product_and_not_the_product_alone(filled: Library, question: str) -> None:
    best = filled.search(question).evidence[0].excerpt
    assert "X200" in best
    assert "18800" in best
    assert "转子" not in best


def test_two_parts_that_one_table_answers_are_each_answered_by_their_own_row(filled: Library) -> None:
    found = filled.search("X200最高转速多少?净重多少", k=8)
    rows = {one.part: one.excerpt for one in reversed(found.evidence) if one.supports}
    assert "16500" in rows["X200最高转速多少"]
    assert "28 kg" in rows["净重多少"]
    assert found.unanswered == ()


def test_a_passage_comes_once_for_one_question(filled: Library) -> None:
    ids = [one.passage.id for one in filled.search("X200噪声多大", k=8).evidence]
    assert len(ids) == len(set(ids))


def test_what_was_asked_is_quoted_as_it_was_written_and_not_as_it_was_mended(filled: Library) -> None:
    found = filled.search("X200最高专速多少,净重多少", k=8)
    assert "按“X200最高转速多少,净重多少”查找" in found.evidence[0].why
    parts = {one.part for one in found.evidence} | set(found.unanswered)
    assert parts == {"X200最高专速多少", "净重多少"}


def test_a_follow_up_is_quoted_as_it_was_written(filled: Library) -> None:
    found = filled.search("那净重呢", k=8, earlier=("X200噪声多大",))
    assert {one.part for one in found.evidence} | set(found.unanswered) == {"那净重呢"}
    assert "28 kg" in found.evidence[0].excerpt
