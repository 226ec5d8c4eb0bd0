"""Questions that passages answer: they help to find, are evidence of nothing, and live and die with their passage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge import Library
from knowledge.index import entries_of
from knowledge.likely import MOST_TRIES
from tests.knowledge.conftest import CONTRACT, MANUAL

Write = Callable[[str, str], Path]
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
OUTLANDISH = "怎样给闺蜜挑伴手礼"
"""Shares no word with any document, so only a kept question can find anything by it."""


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    library.add(write("X系列离心机用户手册.md", MANUAL))
    library.add(write("采购合同.txt", CONTRACT.format(months=36, days=60)), customer="华东仁和")
    return library


def ask_about(library: Library, words: str, *questions: str) -> str:
    """Keep questions with the passage that has these words, as a model would have put them."""
    found = next(one for info in library.list() for one in library.passages_of(info.id) if words in one.text)
    library.likely.keep(found.id, questions, "test", NOW)
    library.likely.publish()
    return found.id


def test_a_passage_is_found_by_a_question_that_shares_no_word_with_it(filled: Library) -> None:
    wanted = ask_about(filled, "免费维修", OUTLANDISH)
    found = filled.search(OUTLANDISH, customer="华东仁和")
    assert found.evidence[0].passage.id == wanted


def test_a_question_is_no_evidence(filled: Library) -> None:
    ask_about(filled, "免费维修", OUTLANDISH)
    found = filled.search(OUTLANDISH, customer="华东仁和")
    assert not found.answerable
    assert not any(one.supports for one in found.evidence)
    assert not any(OUTLANDISH in f"{one.excerpt}{one.why}{one.passage.text}" for one in found.evidence)


def test_a_question_to_a_contract_is_not_found_by_anybody_else(filled: Library) -> None:
    wanted = ask_about(filled, "免费维修", OUTLANDISH)
    for customer in (None, "苏州精模"):
        assert wanted not in [
            one.passage.id for one in filled.search(OUTLANDISH, customer=customer, k=50).evidence
        ]


def test_the_own_words_of_a_passage_count_more_than_a_question_to_another(filled: Library) -> None:
    ask_about(filled, "不平衡", "X200最高转速多少")
    assert "最高转速" in filled.search("X200最高转速多少").evidence[0].excerpt


def test_a_table_s_question_belongs_to_the_row_that_it_speaks_of(filled: Library) -> None:
    wanted = ask_about(filled, "E07", "驱动器过流要不要断电", "不平衡怎么配平")
    passage = filled.passage(wanted)
    assert passage is not None
    by_row = {entry.body.split(";")[0]: entry.questions for entry in entries_of(passage)}
    assert {len(some) for some in by_row.values()} == {1}
    assert next(some for row, some in by_row.items() if "E07" in row) == ("驱动器过流要不要断电",)


def test_without_questions_nothing_is_answered_differently(filled: Library, engine: Engine) -> None:
    asked = ("噪声多大", "E03怎么办", "质保多久")
    before = [filled.search(one, customer="华东仁和") for one in asked]
    ask_about(filled, "免费维修", OUTLANDISH)
    filled.likely.forget()
    assert [filled.search(one, customer="华东仁和") for one in asked] == before


def test_rebuild_answers_the_same_from_the_store_alone(filled: Library) -> None:
    wanted = ask_about(filled, "免费维修", OUTLANDISH)
    before = filled.index_hash, filled.search(OUTLANDISH, customer="华东仁和")
    filled.rebuild()
    assert (filled.index_hash, filled.search(OUTLANDISH, customer="华东仁和")) == before
    assert before[1].evidence[0].passage.id == wanted
    assert filled.check().ok


def test_another_process_finds_by_what_was_kept_and_the_index_says_that_it_changed(
    filled: Library, engine: Engine, tmp_path: Path
) -> None:
    other = Library(engine, tmp_path / "data", index_dir=tmp_path / "other")
    before = other.index_hash
    wanted = ask_about(filled, "免费维修", OUTLANDISH)
    assert other.search(OUTLANDISH, customer="华东仁和").evidence[0].passage.id == wanted
    assert other.index_hash != before
    other.close()


def test_a_removed_document_takes_its_questions_along(filled: Library) -> None:
    wanted = ask_about(filled, "免费维修", OUTLANDISH)
    found = filled.passage(wanted)
    assert found is not None
    assert filled.remove(found.citation.document_id)
    assert filled.check().ok
    assert filled.likely.spent(NOW - timedelta(days=1)) == 0
    filled.likely.keep(wanted, ["太晚了"], "test", NOW)
    assert filled.likely.forget() == 0


def test_a_new_version_is_asked_about_again_and_found_by_its_own_questions_only(
    filled: Library, write: Write
) -> None:
    ask_about(filled, "免费维修", OUTLANDISH)
    filled.add(write("采购合同.txt", CONTRACT.format(months=48, days=60)), customer="华东仁和")
    found = filled.search(OUTLANDISH, customer="华东仁和").evidence
    assert not any("免费维修" in one.passage.text and one.passage.questions for one in found)
    assert any(
        "免费维修" in (filled.passage(one) or found[0].passage).text for one in filled.likely.due(NOW, 99)
    )


class TestDue:
    def test_what_a_customer_may_hear_and_what_holds_today_is_asked_about(
        self, library: Library, write: Write
    ) -> None:
        library.add(write("手册.md", MANUAL))
        library.add(write("竞品.md", "# 对比\n对方便宜一千元。"), kind="other")
        library.add(write("片.md", "# 产品线\n## 演讲者备注\n底价可以到九折。"), kind="manual")
        due = [library.passage(one) for one in library.likely.due(NOW, 99)]
        assert due
        assert all(one and one.kind == "manual" and not one.superseded for one in due)
        assert all(one and not one.for_reps for one in due)

    def test_what_was_answered_is_done_even_with_no_question(self, filled: Library) -> None:
        first, second = filled.likely.due(NOW, 2)
        filled.likely.keep(first, [], "test", NOW)
        assert filled.likely.due(NOW + timedelta(days=9), 1) == (second,)

    def test_a_failure_is_due_again_later_and_not_for_ever(self, filled: Library) -> None:
        (first,) = filled.likely.due(NOW, 1)
        now, waits = NOW, []
        for _ in range(MOST_TRIES):
            filled.likely.fail(first, "timeout", now)
            assert first not in filled.likely.due(now + timedelta(minutes=9), 99)
            tried, now = (
                now,
                next(
                    (
                        now + timedelta(minutes=minutes)
                        for minutes in (10, 40, 160, 640)
                        if first in filled.likely.due(now + timedelta(minutes=minutes), 99)
                    ),
                    now,
                ),
            )
            waits.append((now - tried).total_seconds() / 60)
        assert waits == [10, 40, 160, 640, 0]
        assert first not in filled.likely.due(NOW + timedelta(days=999), 99)

    def test_every_try_is_counted(self, filled: Library) -> None:
        first, second = filled.likely.due(NOW, 2)
        filled.likely.fail(first, "timeout", NOW)
        filled.likely.fail(first, "timeout", NOW + timedelta(hours=1))
        filled.likely.keep(second, ["多久"], "test", NOW - timedelta(days=3))
        assert filled.likely.spent(NOW - timedelta(days=1)) == 2
