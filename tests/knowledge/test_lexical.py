"""The word index: BM25 by scope, incremental, and the same for every reader after a commit."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from knowledge.lexical import PUBLIC, Entry, LexicalIndex, scope_of
from knowledge.rerank import idf_of
from knowledge.tokens import grams


def entry(name: str, body: str, context: str = "", version: str = "v1") -> Entry:
    return Entry(f"{name}#0", name, version, body, context)


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return LexicalIndex(tmp_path / "lexical")


def ask(index: LexicalIndex, text: str, scope: str = PUBLIC) -> list[str]:
    found = index.search(scope, {term: 1.0 for term in grams(text)}, {}, 10)
    return [hit.entry.split("#")[0] for hit in found]


def test_the_entry_that_shares_more_and_rarer_words_comes_first(index: LexicalIndex) -> None:
    index.write(PUBLIC, [entry("a", "质保期为三年"), entry("b", "质保期内免费维修"), entry("c", "付款方式")])
    assert ask(index, "质保期三年") == ["a", "b"]


def test_scores_are_bm25_as_computed_by_hand(index: LexicalIndex) -> None:
    bodies = ["质保 质保 维修", "质保 付款", "付款 交货 运输 安装"]
    index.write(PUBLIC, [entry(str(at), body) for at, body in enumerate(bodies)])
    (first, second) = index.search(PUBLIC, {"质保": 1.0}, {}, 10)
    lengths = [len(grams(body)) for body in bodies]
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))

    def bm25(at: int) -> float:
        count = Counter(grams(bodies[at]))["质保"]
        norm = 1.2 * (1 - 0.75 + 0.75 * lengths[at] / (sum(lengths) / 3))
        return idf * count * 2.2 / (count + norm)

    assert first.entry == "0#0"
    assert first.score == pytest.approx(bm25(0), rel=0.01)
    assert second.score == pytest.approx(bm25(1), rel=0.01)


def test_the_second_looks_idf_is_the_same_formula(index: LexicalIndex) -> None:
    index.write(PUBLIC, [entry("a", "质保"), entry("b", "付款")])
    idf = idf_of(index.counts(PUBLIC).entries, lambda term: index.counts(PUBLIC).text[term])
    assert idf("质保") == pytest.approx(math.log(1 + 1.5 / 1.5))


def test_words_above_a_passage_find_it(index: LexicalIndex) -> None:
    index.write(PUBLIC, [entry("a", "36个月", "第七条 质量保证"), entry("b", "30日", "第九条 付款")])
    assert ask(index, "质量保证") == ["a"]


def test_a_model_does_not_find_its_longer_sibling(index: LexicalIndex) -> None:
    index.write(PUBLIC, [entry("a", "X200 噪声"), entry("b", "X200R 制冷")])
    assert ask(index, "X200R") == ["b"]


def test_a_deleted_version_is_gone_and_the_others_stay(index: LexicalIndex) -> None:
    index.write(PUBLIC, [entry("a", "质保", version="v1"), entry("b", "质保", version="v2")])
    index.write(PUBLIC, (), gone=["v1"])
    assert ask(index, "质保") == ["b"]
    assert index.count(PUBLIC) == 1


def test_another_reader_sees_the_newest_commit(index: LexicalIndex, tmp_path: Path) -> None:
    other = LexicalIndex(tmp_path / "lexical")
    assert ask(other, "质保") == []
    index.write(PUBLIC, [entry("a", "质保")])
    assert ask(other, "质保") == ["a"]
    index.write(PUBLIC, [entry("b", "质保期")])
    assert set(ask(other, "质保")) == {"a", "b"}


def test_scopes_do_not_see_each_other(index: LexicalIndex) -> None:
    index.write(scope_of("A1"), [entry("a", "质保36个月")])
    index.write(scope_of("B2"), [entry("b", "质保24个月")])
    assert ask(index, "质保", scope_of("A1")) == ["a"]
    assert ask(index, "质保", PUBLIC) == []


@pytest.mark.parametrize("customer", ["../../etc", "甲/乙", "a" * 500, "", "public"])
def test_whatever_a_customer_is_called_its_scope_is_a_safe_name_of_its_own(customer: str) -> None:
    scope = scope_of(customer)
    assert scope != PUBLIC
    assert scope.replace("-", "").isalnum()
    assert len(scope) < 40


def test_a_cleared_index_is_empty(index: LexicalIndex) -> None:
    index.write(PUBLIC, [entry("a", "质保")])
    index.clear()
    assert index.scopes() == ()
    assert ask(index, "质保") == []
