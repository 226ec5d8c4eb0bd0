"""The vector index: nearest first, by scope, in a folder and on a server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from knowledge import Library
from knowledge.dense import DenseIndex
from knowledge.encoder import Vectors, unit
from tests.knowledge.conftest import CONTRACT, MANUAL

VECTORS = unit(np.array([[1, 0, 0], [0.9, 0.4, 0], [0, 0, 1]], dtype=np.float32))
ASKED: Vectors = np.array([1, 0, 0], dtype=np.float32)


@pytest.fixture
def index(tmp_path: Path) -> DenseIndex:
    found = DenseIndex(tmp_path / "chroma", "", "yijutest")
    found.write("public", ["a", "b", "c"], VECTORS, ["v1", "v1", "v2"])
    return found


def test_the_nearest_comes_first_with_its_cosine(index: DenseIndex) -> None:
    found = index.search("public", ASKED, 2)
    assert [hit.entry for hit in found] == ["a", "b"]
    assert [hit.score for hit in found] == pytest.approx([1.0, float(VECTORS[1] @ ASKED)], abs=1e-5)


def test_a_question_without_any_known_part_finds_nothing(index: DenseIndex) -> None:
    assert index.search("public", np.zeros(3, dtype=np.float32), 5) == []


def test_a_scope_without_vectors_finds_nothing(index: DenseIndex) -> None:
    assert index.search("c-unknown", ASKED, 5) == []
    assert index.count("c-unknown") == 0


def test_customers_collections_take_turns_in_being_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.dense.MOST_OPEN", 2)
    index = DenseIndex(tmp_path / "chroma", "", "yijutest")
    for name in ("c-1", "c-2", "c-3", "c-4"):
        index.write(name, [name], VECTORS[:1], ["v1"])
    assert [index.search(name, ASKED, 1)[0].entry for name in ("c-1", "c-2", "c-3", "c-4", "c-1")] == [
        "c-1",
        "c-2",
        "c-3",
        "c-4",
        "c-1",
    ]
    assert len(index._restricted._open) <= 2
    assert len(index.scopes()) == 4


def test_a_deleted_version_is_gone(index: DenseIndex) -> None:
    index.delete("public", "v1")
    assert [hit.entry for hit in index.search("public", ASKED, 5)] == ["c"]


def test_writing_an_entry_again_replaces_it(index: DenseIndex) -> None:
    index.write("public", ["a"], VECTORS[2:], ["v1"])
    assert index.count("public") == 3
    assert index.search("public", ASKED, 1)[0].entry == "b"


def test_vectors_of_another_encoder_are_never_seen(index: DenseIndex, tmp_path: Path) -> None:
    other = DenseIndex(tmp_path / "chroma", "", "yijuother")
    assert other.search("public", ASKED, 5) == []
    assert other.scopes() == ()


def test_clearing_drops_collections_of_earlier_encoders_too(index: DenseIndex, tmp_path: Path) -> None:
    DenseIndex(tmp_path / "chroma", "", "yijuother").clear()
    index.reopen()
    assert index.scopes() == ()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A Chroma server on a free port of this machine, ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    command = [
        str(chroma),
        "run",
        "--path",
        str(tmp_path / "served"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        assert running.stdout is not None
        assert any(b"listening" in line for line in running.stdout)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.communicate(timeout=20)


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
