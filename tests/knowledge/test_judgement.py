"""Whether an answer was found: it must say yes where a passage answers, no where it stands near, and name what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge import Library
from knowledge.judgement import WEIGHTS, probability
from knowledge.signals import Signals
from tests.knowledge.conftest import CONTRACT, MANUAL

NOTHING = Signals(*[0.0] * len(Signals._fields))


@pytest.fixture
def filled(library: Library, write: Callable[[str, str], Path]) -> Library:
    library.add(write("X系列离心机用户手册.md", MANUAL))
    library.add(write("采购合同.txt", CONTRACT.format(months=36, days=60)), customer="华东仁和")
    return library


@pytest.mark.parametrize("question", ["X200噪声多大", "200转多快", "报E03怎么办", "X200R能制冷吗"])
def test_what_a_row_says_is_answered(filled: Library, question: str) -> None:
    assert filled.search(question).answerable


@pytest.mark.parametrize("question", ["能用比特币付款吗", "你们老总叫什么", "X200支持鸿蒙系统吗"])
def test_what_no_document_says_is_not_answered_by_what_stands_near(filled: Library, question: str) -> None:
    assert not filled.search(question).answerable


def test_a_missing_word_is_named_as_the_reason(filled: Library) -> None:
    assert "“鸿蒙”" in filled.search("X200支持鸿蒙系统吗").reason


def test_a_contract_is_asked_of_the_customer_it_belongs_to(filled: Library) -> None:
    assert filled.search("合同约定质保期多久", customer="华东仁和").answerable
    assert not filled.search("合同约定质保期多久").answerable


def test_evidence_of_an_unanswered_part_supports_nothing(filled: Library) -> None:
    found = filled.search("X200支持鸿蒙系统吗")
    assert found.evidence
    assert not any(one.supports for one in found.evidence)


def test_the_first_passage_of_an_answered_part_supports_it(filled: Library) -> None:
    assert filled.search("X200噪声多大").evidence[0].supports


def test_each_signal_moves_the_probability_the_way_its_name_says() -> None:
    for name, weight in WEIGHTS._asdict().items():
        moved = probability(NOTHING._replace(**{name: 1.0})) - probability(NOTHING)
        assert (moved > 0) == (name in {"meant", "gap", "single"}), name
        assert (moved > 0) == (weight > 0)
