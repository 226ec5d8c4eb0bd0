"""The second look and the judgement: what puts one passage above another, and when nothing answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge import Library
from knowledge.asked_for import held, kinds
from tests.knowledge.conftest import CONTRACT, MANUAL

Write = Callable[[str, str], Path]


@pytest.fixture
def shelf(library: Library, write: Write) -> Library:
    library.add(write("X系列离心机用户手册 V3.0.md", MANUAL))
    library.add(write("采购合同.txt", CONTRACT.format(months=36, days=60)), customer="A1")
    return library


def first(library: Library, question: str, customer: str | None = None) -> str:
    return library.search(question, customer=customer).evidence[0].passage.text


def test_the_row_of_the_model_asked_for_beats_its_sibling(shelf: Library) -> None:
    assert "≤56 dB" in first(shelf, "X200噪声多大")
    assert "≤58 dB" in first(shelf, "X200R噪声多大")


def test_a_superseded_value_stands_below_the_current_one(shelf: Library) -> None:
    found = shelf.search("X200噪声降到多少", k=10).evidence
    old = next(at for at, one in enumerate(found) if one.passage.superseded)
    now = next(at for at, one in enumerate(found) if "≤56 dB" in one.passage.text)
    assert now < old
    assert "历史版本" in found[old].why


def test_an_alarm_code_is_found_exactly(shelf: Library) -> None:
    best = shelf.search("屏幕显示E07").evidence[0]
    assert "驱动器过流" in best.passage.text
    assert "E07" in best.why


def test_everyday_words_find_the_clause_and_say_by_which_term(shelf: Library) -> None:
    best = shelf.search("保多久", customer="A1").evidence[0]
    assert "36个月" in best.passage.text
    assert "书面用语" in best.why


def test_a_slip_is_searched_as_it_was_meant_and_said_so(shelf: Library) -> None:
    best, second = shelf.search("质堡期", customer="A1").evidence[:2]
    assert "36个月" in best.passage.text + second.passage.text
    assert "按“质保期”查找" in best.why


def test_each_of_two_questions_gets_its_passage(shelf: Library) -> None:
    found = shelf.search("X200R噪声多大,质保期多久", customer="A1").evidence
    assert any("≤58 dB" in one.passage.text for one in found[:2])
    assert any("36个月" in one.passage.text for one in found[:2])


def test_what_is_supported_is_answerable_and_what_is_not_has_a_reason(shelf: Library) -> None:
    assert shelf.search("X200R噪声").answerable
    nothing = shelf.search("有没有粉色外壳")
    assert not nothing.answerable
    assert nothing.reason


def test_an_unknown_model_is_the_reason(shelf: Library) -> None:
    found = shelf.search("X900噪声")
    assert not found.answerable
    assert "X900" in found.reason


def test_a_code_that_no_document_has_is_the_reason(shelf: Library) -> None:
    found = shelf.search("报警E88怎么处理")
    assert not found.answerable
    assert "E88" in found.reason


def test_a_number_that_stands_in_a_title_alone_is_known(library: Library, write: Write) -> None:
    path = write("合同.txt", CONTRACT.format(months=36, days=60))
    library.add(path, customer="A1", title="采购合同 HT-2026-0117")
    found = library.search("HT-2026-0117 的质保期", customer="A1")
    assert found.answerable
    assert "HT20260117" not in found.reason


def test_what_holds_for_another_model_supports_nothing(library: Library, write: Write) -> None:
    library.add(write("X系列手册.md", "# X350 参数\n| 参数 | 数值 |\n|---|---|\n| 防护等级 | IP54 |\n"))
    library.add(write("P60手册.md", "# P60 参数\n| 参数 | 数值 |\n|---|---|\n| 接口 | G1/2 |\n"))
    assert library.search("X350防护等级").answerable
    assert not library.search("P60防护等级").answerable


def test_without_documents_nothing_is_answerable(library: Library) -> None:
    found = library.search("质保期多久")
    assert (found.evidence, found.answerable) == ((), False)


@pytest.mark.parametrize("words", ["", "   ", "???", "的了吗"])
def test_words_without_content_find_nothing_and_say_so(shelf: Library, words: str) -> None:
    found = shelf.search(words)
    assert (found.evidence, found.answerable) == ((), False)
    assert found.reason


@pytest.mark.parametrize(
    "words", ["a" * 5000, "质保" * 3000, "😀" * 50, "'; drop table --", "body:* AND (", "\x00\ufffe"]
)
def test_odd_questions_are_answered_like_any_other(shelf: Library, words: str) -> None:
    assert shelf.search(words, customer="A1").index == shelf.index_hash


def test_the_same_question_gives_the_same_answer(shelf: Library) -> None:
    assert shelf.search("多久付款", customer="A1") == shelf.search("多久付款", customer="A1")


def test_k_limits_what_is_shown(shelf: Library) -> None:
    assert len(shelf.search("X200", k=2).evidence) == 2


def test_an_expired_contract_is_named_as_the_only_source(library: Library, write: Write) -> None:
    library.add(
        write("旧合同.txt", CONTRACT.format(months=36, days=60)), customer="A1", valid_until=date(2025, 1, 1)
    )
    found = library.search("质保期", customer="A1", today=date(2026, 1, 1))
    assert found.evidence == ()
    assert "旧合同" in found.reason
    assert "2025-01-01" in found.reason


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("多久能到", {"time"}),
        ("质保几个月", {"time"}),
        ("X200多少钱", {"money"}),
        ("去哪打官司", {"place"}),
        ("有多重", {"count"}),
        ("打几折", {"share"}),
        ("怎么配平", set()),
    ],
)
def test_a_question_says_what_kind_of_thing_it_wants(question: str, kind: set[str]) -> None:
    assert kinds(question) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("质保期三十六个月", "time"),
        ("单价 18800 元", "money"),
        ("折扣 5%", "share"),
        ("提交人民法院", "place"),
    ],
)
def test_a_text_holds_the_kind_that_it_states(text: str, kind: str) -> None:
    assert kind in held(text)


def test_a_text_without_figures_holds_none() -> None:
    assert held("请擦拭镜头") == frozenset()
