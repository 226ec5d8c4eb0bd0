"""Answering goes on with the last index while a document is read and indexed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import knowledge.library
from knowledge import AddOutcome, Library
from tests.knowledge.conftest import MANUAL

SOON = 20.0
"""Seconds that nothing here takes unless it waits for ever."""


class HeldUp:
    """A call that goes on only when it is let go."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call, self.begun, self.go_on = call, threading.Event(), threading.Event()

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.begun.set()
        assert self.go_on.wait(SOON * 3)
        return self._call(*given, **named)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as found:
        yield found


@pytest.fixture(params=["reading", "indexing"])
def held_up(
    request: pytest.FixtureRequest, library: Library, path: Path, monkeypatch: pytest.MonkeyPatch
) -> HeldUp:
    """The next document's way in stops here; what `path` put there before is in."""
    owner, name = (
        (knowledge.library, "contents") if request.param == "reading" else (library._index.lexical, "write")
    )
    held = HeldUp(getattr(owner, name))
    monkeypatch.setattr(owner, name, held)
    return held


@pytest.fixture
def path(library: Library, write: Callable[[str, str], Path]) -> Path:
    """A file, whose earlier version is in the library and has been asked for."""
    found = write("手册.md", MANUAL)
    library.add(found)
    assert weights(library) == {"28 kg"}
    return write("手册.md", MANUAL.replace("28 kg", "27 kg"))


def weights(library: Library) -> set[str]:
    texts = [one.passage.text for one in library.search("X200 净重", k=20).evidence]
    return {one for one in ("27 kg", "28 kg") if any(one in text for text in texts)}


def test_a_search_does_not_wait_for_a_document_that_is_taken_in(
    library: Library, path: Path, held_up: HeldUp, pool: ThreadPoolExecutor
) -> None:
    adding = pool.submit(library.add, path)
    try:
        assert held_up.begun.wait(SOON)
        assert pool.submit(weights, library).result(SOON) == {"28 kg"}
        assert not adding.done()
    finally:
        held_up.go_on.set()
    assert adding.result(SOON).outcome is AddOutcome.REPLACED
    assert weights(library) == {"27 kg"}


def test_nor_does_a_search_of_another_process(
    library: Library, engine: Engine, tmp_path: Path, path: Path, held_up: HeldUp, pool: ThreadPoolExecutor
) -> None:
    other = Library(engine, tmp_path / "data")
    assert weights(other) == {"28 kg"}
    adding = pool.submit(library.add, path)
    try:
        assert held_up.begun.wait(SOON)
        assert pool.submit(weights, other).result(SOON) == {"28 kg"}
    finally:
        held_up.go_on.set()
    adding.result(SOON)
    assert weights(other) == {"27 kg"}
