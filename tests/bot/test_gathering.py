"""Documents teach the rest: unanswered questions are noted masked, accepted things are read as things."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import SQLModel
from structlog.testing import capture_logs

from bot.gathering import NotingLibrary, facts_of
from intents import Registry
from intents.graph import load_graph
from intents.normalise import normalise
from knowledge import Findings, Library
from knowledge.company_files import FileKind

PRICES = "| 型号 | 名称 | 单价 |\n|---|---|---|\n| X200 | 台式高速离心机 | 18800 元 |\n"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    made = Library(engine, tmp_path / "data")
    path = tmp_path / "价格表.md"
    path.write_text(PRICES, encoding="utf-8")
    made.add(path)
    return made


def ask(library: Library, question: str) -> Findings:
    return NotingLibrary(library).search(question, customer=None, k=3, earlier=(), today=date(2026, 11, 1))


def test_an_unanswered_question_is_noted_without_the_number_in_it(library: Library) -> None:
    ask(library, "我是13812345678,你们能上门修冰箱吗")
    (gap,) = library.gaps.list()
    assert "12345678" not in gap.example
    assert "冰箱" in gap.example


def test_an_answered_question_is_not_noted(library: Library) -> None:
    ask(library, "X200单价多少")
    assert library.gaps.list() == ()


def test_a_turn_goes_on_where_the_note_cannot_be_kept(library: Library) -> None:
    with library.gaps.engine.begin() as connection:
        connection.execute(text("DROP TABLE knowledge_gap"))
    with capture_logs() as said:
        found = ask(library, "你们能上门修冰箱吗")
    assert not found.answerable
    assert [one["event"] for one in said] == ["gap_not_noted"]


def test_an_accepted_thing_is_read_as_a_thing_at_once(library: Library, tmp_path: Path) -> None:
    now = [0.0]
    registry = Registry(
        library.gaps.engine, tmp_path / "data", facts=facts_of(library), monotonic=lambda: now[0]
    )
    registry.create_tables()
    words = normalise("x200怎么样")

    def named() -> set[str]:
        return {topic.name for topic in registry.serving().eyes.graph.topics(words)}

    assert "X200" not in named()
    line = next(one for one in library.graph.list() if one.named.name == "X200")
    library.graph.accept([line.id], "trainer")
    now[0] += 5
    assert "X200" in named()


def test_what_the_industry_file_names_is_read_as_a_thing_too(library: Library) -> None:
    text = """lines: {离心机: [X200]}
applications: {血站: [X200]}
competitors: {BC-20: [X200]}
certifications: {CE: [X200]}
components: {角转子: [X200]}
parameters: {噪声: {unit: dB, also: [噪音]}}
"""
    assert facts_of(library)() == ()
    library.files.save(FileKind.INDUSTRY, text, "sunli", why="首版", follows=0)
    assert {(one.subject, one.kind, one.name) for one in facts_of(library)()} == {
        ("离心机", "product", "X200"),
        ("X200", "competitor", "BC-20"),
        ("X200", "certification", "CE"),
        ("X200", "component", "角转子"),
        ("own", "parameter", "噪声"),
    }
    load_graph().extended(facts_of(library)())
