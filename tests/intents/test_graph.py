"""The knowledge graph names things, longest first, and refuses a file of unknown kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import TaxonomyError
from intents.graph import Fact, KnowledgeGraph, load_graph


def test_the_longer_name_is_found_before_the_shorter() -> None:
    graph = KnowledgeGraph(
        (
            Fact("数控机床", "parameter", "精度", "manufacturing"),
            Fact("数控机床", "parameter", "重复精度", "manufacturing"),
        )
    )
    assert [topic.name for topic in graph.topics("重复精度多少")] == ["重复精度"]


def test_a_latin_name_stands_alone_or_is_not_there() -> None:
    graph = KnowledgeGraph((Fact("general", "certification", "CE", "general"),))
    assert graph.topics("有ce吗")
    assert not graph.topics("price多少")


def test_the_shipped_graph_knows_kinds_of_things() -> None:
    kinds = {
        topic.kind for topic in load_graph().topics("离心机的转速和转子,有ce认证吗,比迈瑞呢,质保几年,报错了")
    }
    assert kinds == {"product", "parameter", "component", "certification", "competitor", "term", "fault"}


def test_rivals_can_be_asked() -> None:
    assert "迈瑞" in load_graph().competitors()


def test_a_file_of_unknown_kinds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text("medical: {离心机: {colour: [红]}}", encoding="utf-8")
    with pytest.raises(TaxonomyError, match="colour"):
        load_graph(path)


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text("just words", encoding="utf-8")
    with pytest.raises(TaxonomyError, match="expected industry"):
        load_graph(path)
