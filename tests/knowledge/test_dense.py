"""The vector index: nearest first, by scope, in a folder and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from knowledge import Library
from knowledge.dense import DenseIndex
from knowledge.encoder import Vectors, unit
from tests.knowledge.conftest import CONTRACT, MANUAL, chroma_server

VECTORS = unit(np.array([[1, 0, 0], [0.9, 0.4, 0], [0, 0, 1]], dtype=np.float32))
ASKED: Vectors = np.array([[1, 0, 0]], dtype=np.float32)


@pytest.fixture(params=["public", "c-1"])
def scope(request: pytest.FixtureRequest) -> str:
    """What everybody may see is in Chroma, what one customer may see in a file."""
    return str(request.param)


@pytest.fixture
def index(tmp_path: Path, scope: str) -> DenseIndex:
    found = DenseIndex(tmp_path / "chroma", "", "yijutest")
    found.write(scope, ["a", "b", "c"], VECTORS, ["v1", "v1", "v2"])
    return found


def test_the_nearest_comes_first_with_its_cosine(index: DenseIndex, scope: str) -> None:
    found = index.search(scope, ASKED, 2)[0]
    assert [hit.entry for hit in found] == ["a", "b"]
    assert [hit.score for hit in found] == pytest.approx([1.0, float(VECTORS[1] @ ASKED[0])], abs=1e-5)


def test_a_question_without_any_known_part_finds_nothing(index: DenseIndex, scope: str) -> None:
    assert index.search(scope, np.zeros((1, 3), dtype=np.float32), 5) == [[]]


def test_a_scope_without_vectors_finds_nothing(index: DenseIndex, scope: str) -> None:
    assert index.search("c-unknown", ASKED, 5) == [[]]
    assert index.count("c-unknown") == 0


def test_a_deleted_version_is_gone(index: DenseIndex, scope: str) -> None:
    index.delete(scope, "v1")
    assert [hit.entry for hit in index.search(scope, ASKED, 5)[0]] == ["c"]


def test_writing_an_entry_again_replaces_it(index: DenseIndex, scope: str) -> None:
    index.write(scope, ["a"], VECTORS[2:], ["v1"])
    assert index.count(scope) == 3
    assert index.search(scope, ASKED, 1)[0][0].entry == "b"


def test_vectors_of_another_encoder_are_never_seen(index: DenseIndex, scope: str, tmp_path: Path) -> None:
    other = DenseIndex(tmp_path / "chroma", "", "yijuother")
    assert other.search(scope, ASKED, 5)[0] == []
    assert other.scopes() == ()


def test_clearing_drops_collections_of_earlier_encoders_too(
    index: DenseIndex, scope: str, tmp_path: Path
) -> None:
    DenseIndex(tmp_path / "chroma", "", "yijuother").clear()
    index.reopen()
    assert index.scopes() == ()


def test_scopes_are_told_and_do_not_see_each_other(index: DenseIndex, scope: str) -> None:
    index.write("c-2", ["z"], VECTORS[:1], ["v9"])
    assert index.scopes() == tuple(sorted([scope, "c-2"]))
    assert [hit.entry for hit in index.search("c-2", ASKED, 5)[0]] == ["z"]
    assert "z" not in [hit.entry for hit in index.search(scope, ASKED, 5)[0]]


def test_another_reader_sees_what_was_written_since(index: DenseIndex, scope: str, tmp_path: Path) -> None:
    other = DenseIndex(tmp_path / "chroma", "", "yijutest")
    assert other.count(scope) == 3
    index.delete(scope, "v2")
    other.reopen()
    assert [hit.entry for hit in other.search(scope, ASKED, 5)[0]] == ["a", "b"]


def test_a_scope_whose_last_version_is_deleted_is_empty(index: DenseIndex, scope: str) -> None:
    index.delete(scope, "v1")
    index.delete(scope, "v2")
    assert (index.count(scope), index.search(scope, ASKED, 5)[0]) == (0, [])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with chroma_server(tmp_path / "served") as url:
        yield url


def test_a_library_answers_the_same_from_a_server(server: str, library: Library, tmp_path: Path) -> None:
    from sqlmodel import SQLModel, create_engine

    engine = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    SQLModel.metadata.create_all(engine)
    served = Library(engine, tmp_path / "other", chroma_url=server)
    manual, contract = tmp_path / "手册.md", tmp_path / "合同.txt"
    manual.write_text(MANUAL, encoding="utf-8")
    contract.write_text(CONTRACT.format(months=36, days=60), encoding="utf-8")
    for one in (library, served):
        one.add(manual)
        one.add(contract, customer="A1")
    for question, customer in [("X200R有多吵", None), ("保多久", "A1"), ("保多久", "B2"), ("多久付款", None)]:
        embedded, remote = (
            [found.passage.text for found in one.search(question, customer=customer).evidence]
            for one in (library, served)
        )
        assert remote == embedded
    assert served.check().ok
    served.close()
    engine.dispose()


def test_a_vector_server_that_is_down_costs_recall_but_not_the_answer(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual = tmp_path / "手册.md"
    manual.write_text(MANUAL, encoding="utf-8")
    library.add(manual)

    def down(*_: object) -> None:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(library._index.dense, "search", down)
    assert "≤58 dB" in library.search("X200R 噪声").evidence[0].passage.text


def test_several_questions_are_answered_in_their_order_and_empty_ones_with_nothing(
    index: DenseIndex, scope: str
) -> None:
    asked = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0]], dtype=np.float32)
    found = index.search(scope, asked, 1)
    assert [[hit.entry for hit in hits] for hits in found] == [[], ["c"], ["a"]]


def test_the_nearest_are_really_found(tmp_path: Path) -> None:
    """Chroma's default graph misses some among a few hundred already, other ones in each process."""
    chance = np.random.default_rng(7)
    vectors = unit(chance.normal(size=(400, 16)).astype(np.float32))
    names = [f"e{at}" for at in range(len(vectors))]
    index = DenseIndex(tmp_path / "chroma", "", "yijutest")
    index.write("public", names, vectors, ["v1"] * len(names))
    for asked, found in zip(vectors, index.search("public", vectors, 60), strict=True):
        nearest = {names[at] for at in np.argsort(-(vectors @ asked), kind="stable")[:60]}
        assert {hit.entry for hit in found} == nearest
