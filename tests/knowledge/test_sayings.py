"""The lexicon grows: what found nothing is counted, what a trainer adds works at once and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge import Library, SayingWrong
from knowledge.sayings import KEPT
from tests.knowledge.conftest import MANUAL

Write = Callable[[str, str], Path]
SLANG = "X200的嗡嗡劲儿"


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    library.add(write("X系列离心机用户手册.md", MANUAL))
    return library


def first(library: Library, question: str) -> str:
    return library.search(question).evidence[0].passage.text


def test_an_added_saying_finds_its_written_term_at_once_and_no_more_once_removed(filled: Library) -> None:
    before = filled.index_hash
    filled.sayings.add("嗡嗡劲儿", ["噪声"], "trainer")
    found = filled.search(SLANG).evidence[0]
    assert "噪声" in found.passage.text
    assert "书面用语“噪声”" in found.why
    assert filled.index_hash != before
    filled.sayings.remove("嗡嗡劲儿")
    assert filled.index_hash == before
    assert not any("书面用语“噪声”" in one.why for one in filled.search(SLANG).evidence)


def test_sayings_are_kept_with_the_data(filled: Library, engine: Engine, tmp_path: Path) -> None:
    filled.sayings.add("嗡嗡劲儿", ["噪声"], "trainer")
    other = Library(engine, tmp_path / "data")
    assert [(one.say, one.written, one.added_by) for one in other.sayings.list()] == [
        ("嗡嗡劲儿", ("噪声",), "trainer")
    ]
    assert other.index_hash == filled.index_hash


@pytest.mark.parametrize(("say", "written"), [("响", ["噪声"]), ("嗡嗡劲儿", [" "]), ("很" * 50, ["噪声"])])
def test_a_saying_without_words_is_refused(filled: Library, say: str, written: list[str]) -> None:
    with pytest.raises(SayingWrong):
        filled.sayings.add(say, written, "trainer")


def test_a_shipped_saying_cannot_be_removed_here(filled: Library) -> None:
    with pytest.raises(SayingWrong, match="转多快"):
        filled.sayings.remove("转多快")


def test_questions_for_the_same_thing_count_together_whatever_the_model(filled: Library) -> None:
    for question in ("X200有没有语音控制", "请问X350有语音控制吗?", "X200能扫脸开机吗"):
        filled.gaps.note(question, "没有")
    assert [(one.example, one.times) for one in filled.gaps.list()] == [
        ("X200有没有语音控制", 2),
        ("X200能扫脸开机吗", 1),
    ]


def test_what_tells_rather_than_asks_is_no_gap(filled: Library) -> None:
    filled.gaps.note("合同我们昨天已经寄给贵公司", "没有")
    assert filled.gaps.list() == ()


def test_a_settled_gap_comes_back_when_asked_again(filled: Library) -> None:
    filled.gaps.note("X200能扫脸开机吗", "没有")
    assert filled.gaps.settle([filled.gaps.list()[0].id]) == 1
    assert filled.gaps.list() == ()
    filled.gaps.note("X200能扫脸开机吗", "没有")
    assert filled.gaps.list()[0].times == 1


def test_gaps_do_not_grow_without_end(filled: Library) -> None:
    for number in range(KEPT + 3):
        filled.gaps.note(f"能不能接第{number}号口", "没有")
    assert len(filled.gaps.list(10_000)) == KEPT
