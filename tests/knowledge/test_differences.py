"""A row that says something else, is not there, or should not be there is found in each index, whatever the numbers say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from knowledge import Library
from knowledge.differences import Differences, prints
from knowledge.encoder import unit
from knowledge.index import entries_of
from knowledge.lexical import PUBLIC, Entry, scope_of
from tests.knowledge.conftest import CONTRACT, MANUAL

Write = Callable[[str, str], Path]
SCOPES = {PUBLIC: None, scope_of("A1"): "A1"}
"""Chroma holds the vectors of the first, files those of the second."""


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    library.add(write("手册.md", MANUAL))
    library.add(write("合同.txt", CONTRACT.format(months=36, days=60)), customer="A1")
    assert library.check(contents=True).problems == ()
    return library


@pytest.fixture(params=SCOPES)
def scope(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def entries(library: Library, scope: str) -> list[Entry]:
    (known,) = (one for one in library.list() if one.customer == SCOPES[scope])
    return [entry for passage in library.passages_of(known.id) for entry in entries_of(passage)]


def problem(library: Library) -> str:
    """The only one that is found by content."""
    (found,) = (one for one in library.check(contents=True).problems if "differs" in one)
    return found


def mended(library: Library) -> bool:
    library.rebuild()
    return library.check(contents=True).ok


def test_a_changed_row_of_the_word_index(filled: Library, scope: str) -> None:
    first, *others = entries(filled, scope)
    lexical = filled._index.lexical
    lexical.write(scope, [replace(first, body="别的内容"), *others], gone=[first.version_id])
    assert filled.check().ok, "by numbers nothing is wrong"
    found = problem(filled)
    assert f"scope {scope}: word index" in found
    assert f"1 changed ({first.id})" in found
    assert "yiju knowledge rebuild" in found
    assert mended(filled)


def test_a_row_of_the_word_index_in_another_ones_place(filled: Library, scope: str) -> None:
    first, *others = entries(filled, scope)
    stranger = replace(first, id="v-stranger-0#0")
    filled._index.lexical.write(scope, [stranger, *others], gone=[first.version_id])
    assert filled.check().ok, "by numbers nothing is wrong"
    assert f"1 missing ({first.id}), 1 foreign (v-stranger-0#0)" in problem(filled)
    assert mended(filled)


def test_a_vector_of_another_text(filled: Library, scope: str) -> None:
    first = entries(filled, scope)[0]
    vectors = filled._encoder.encode(["别的内容"])
    filled._index.dense.write(scope, [first.id], vectors, [first.version_id], ["another mark"])
    assert filled.check().ok, "by numbers nothing is wrong"
    found = problem(filled)
    assert f"scope {scope}: vector index" in found
    assert f"1 changed ({first.id})" in found
    assert mended(filled)


def test_a_vector_that_is_not_the_one_that_was_written(filled: Library, scope: str) -> None:
    first, dense = entries(filled, scope)[0], filled._index.dense
    other = filled._encoder.encode(["别的内容"])
    if dense._few and scope != PUBLIC:
        stored = dense._few._read(scope)
        assert stored is not None
        stored.vectors[0] = other[0]
        dense._few._save(scope, stored)
    else:
        dense._collection(scope).update(ids=[first.id], embeddings=other)
    assert f"vector index differs from the store: 1 changed ({first.id})" in problem(filled)
    assert mended(filled)


def test_a_vector_in_another_ones_place(filled: Library, scope: str) -> None:
    first, dense = entries(filled, scope)[0], filled._index.dense
    kept = entries(filled, scope)[1:]
    dense.delete(scope, first.version_id)
    names = ["v-stranger-0#0", *(one.id for one in kept)]
    marks = ["", *(one.mark for one in kept)]
    texts = ["别的", *(f"{one.context}\n{one.body}" for one in kept)]
    dense.write(scope, names, filled._encoder.encode(texts), [first.version_id] * len(names), marks)
    assert filled.check().ok, "by numbers nothing is wrong"
    assert f"1 missing ({first.id}), 1 foreign (v-stranger-0#0)" in problem(filled)
    assert mended(filled)


def test_a_scope_that_nobody_has_is_foreign(filled: Library) -> None:
    first = entries(filled, PUBLIC)[0]
    filled._index.lexical.write("c-nobody", [first])
    assert "scope c-nobody: word index differs" in problem(filled)


def test_a_text_changed_in_the_store_alone_is_found_too(filled: Library, scope: str, engine: Engine) -> None:
    first = entries(filled, scope)[0]
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE knowledge_passage SET text = '改过' WHERE id = :id"), {"id": first.passage_id}
        )
    found = [one for one in filled.check(contents=True).problems if "differs" in one]
    assert ["word index" in found[0], "vector index" in found[1]] == [True, True]


def test_only_the_first_of_many_differences_are_named() -> None:
    held = {f"e{number}": "a" for number in range(9)}
    assert Differences.between({}, held).told() == "9 foreign (e0, e1, e2, …)"
    assert Differences.between(held, dict(held)).told() == ""


def test_a_print_survives_32_bits_and_scaling_and_no_other_vector() -> None:
    chance = np.random.default_rng(3)
    vectors = unit(chance.normal(size=(200, 64)).astype(np.float32))
    again = unit((vectors * 3).astype(np.float32))
    assert np.abs(prints(vectors) - prints(again)).max() < 1e-4
    apart = np.abs(prints(vectors)[:, None] - prints(vectors)[None, :])
    assert (apart < 1e-3).sum() < 200 + 0.01 * 200 * 200
