"""What is true of documents is in the database, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.store import Store
from knowledge import AddOutcome, DocumentKind, Library
from knowledge.particulars import Particulars
from knowledge.passages import Piece
from knowledge.store import DocumentStore
from tests.knowledge.conftest import CONTRACT, MANUAL

Write = Callable[[str, str], Path]
ABOUT = Particulars(DocumentKind.MANUAL, "手册", "V1", "手册.md")
PIECES = (Piece("甲", "章", 3, "7.1", ("X200", "P60"), False, True), Piece("乙", superseded=True))


@pytest.fixture
def documents(store: Store, tmp_path: Path) -> DocumentStore:
    return DocumentStore(store.engine, tmp_path / "documents")


def test_passages_come_back_as_they_were_cut(documents: DocumentStore) -> None:
    document = documents.add(b"x", ABOUT, PIECES, None)
    (version,) = documents.current()
    first, second = documents.passages_of(version.id)
    assert (first.text, first.products, first.table) == ("甲", ("X200", "P60"), True)
    assert (first.citation.page, first.citation.clause, first.citation.document_id) == (3, "7.1", document)
    assert second.superseded
    assert second.citation.passage_id == second.id


def test_every_change_counts_up_the_generation(documents: DocumentStore) -> None:
    seen = [documents.generation()]
    document = documents.add(b"x", ABOUT, PIECES, None)
    seen.append(documents.generation())
    documents.amend(document, ABOUT)
    seen.append(documents.generation())
    documents.remove(document)
    seen.append(documents.generation())
    assert seen == sorted(set(seen))


def test_a_document_knows_its_versions_and_serves_the_bytes_of_each(documents: DocumentStore) -> None:
    document = documents.add(b"one", ABOUT, PIECES, None)
    (first,) = documents.current()
    documents.add(b"two", ABOUT, PIECES[:1], document)
    (info,) = documents.documents()
    assert (info.versions, info.passages, info.size) == (2, 1, 3)
    assert documents.bytes_of(document) == b"two"
    assert documents.bytes_of(document, first.id) == b"one"
    assert documents.bytes_of(document, "v-unknown") is None


def test_times_are_aware_and_dates_are_kept(documents: DocumentStore) -> None:
    until = date(2026, 12, 31)
    documents.add(
        b"x", Particulars(DocumentKind.PRICE, "价", "V1", "价.csv", valid_until=until), PIECES, None
    )
    (info,) = documents.documents()
    assert info.added_at.tzinfo is not None
    assert info.valid_until == until
    assert not info.is_valid(date(2027, 1, 1))


def test_bytes_that_two_documents_share_outlive_the_first(documents: DocumentStore) -> None:
    one = documents.add(b"same", ABOUT, PIECES, None)
    other = documents.add(
        b"same", Particulars(DocumentKind.CONTRACT, "约定", "V1", "a.txt", "A1"), PIECES, None
    )
    documents.remove(one)
    assert documents.bytes_of(other) == b"same"
    assert documents.missing_files() == ()


def test_a_lost_file_is_named(documents: DocumentStore, tmp_path: Path) -> None:
    documents.add(b"x", ABOUT, PIECES, None)
    for path in (tmp_path / "documents").rglob("*"):
        if path.is_file():
            path.unlink()
    assert documents.missing_files() == ("手册.md",)


def test_the_catalogue_is_of_current_versions_alone(documents: DocumentStore) -> None:
    document = documents.add(b"x", ABOUT, PIECES, None)
    assert documents.models() == ("P60", "X200")
    documents.add(b"y", ABOUT, PIECES[1:], document)
    assert documents.models() == ()


def test_a_document_of_another_customer_is_another_document(documents: DocumentStore) -> None:
    about = Particulars(DocumentKind.CONTRACT, "合同", "V1", "a.txt", "A1")
    documents.add(b"x", about, PIECES, None)
    assert documents.same_document(replace(about, customer="B2")) is None
    assert documents.same_document(about) is not None


@pytest.fixture
def shelf(store: Store, tmp_path: Path, write: Write) -> Library:
    library = Library(store.engine, tmp_path / "data")
    library.add(write("X系列离心机用户手册 V3.0.md", MANUAL))
    for at in range(6):
        library.add(
            write(f"合同{at}.txt", CONTRACT.format(months=100 + at, days=200 + at)), customer=f"C{at}"
        )
    return library


def test_on_each_database_a_customer_sees_its_own_contract_and_no_other(shelf: Library) -> None:
    for at in range(6):
        found = shelf.search("质保期多久", customer=f"C{at}", k=50, include_expired=True).evidence
        assert f"{100 + at}个月" in found[0].passage.text
        assert {one.passage.customer for one in found} <= {None, f"C{at}"}
    assert not any(one.passage.customer for one in shelf.search("质保期多久", k=50).evidence)


def test_on_each_database_a_rebuild_reproduces_the_answers(shelf: Library) -> None:
    before = [shelf.search(words, customer="C3") for words in ("保多久", "X200R有多吵", "E07", "多久付款")]
    assert shelf.rebuild() > 0
    after = [shelf.search(words, customer="C3") for words in ("保多久", "X200R有多吵", "E07", "多久付款")]
    assert after == before
    assert shelf.check().ok


def test_a_library_on_other_folders_finds_the_same_from_the_database_alone(
    shelf: Library, store: Store, tmp_path: Path
) -> None:
    fresh = Library(store.engine, tmp_path / "elsewhere")
    for words in ("保多久", "X200R有多吵", "多久付款"):
        assert fresh.search(words, customer="C2") == shelf.search(words, customer="C2")
    problems = fresh.check().problems
    assert len(problems) == 7
    assert all("original file" in problem for problem in problems)


def test_files_added_at_once_are_all_there(store: Store, tmp_path: Path, write: Write) -> None:
    library = Library(store.engine, tmp_path / "data")
    paths = [write(f"资料{at}.md", f"# 说明{at}\n第{at}号机器的质保期是{at + 10}个月。") for at in range(6)]
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(library.add, paths))
        answers = list(pool.map(library.search, [f"第{at}号机器质保" for at in range(6)]))
    assert {one.outcome for one in added} == {AddOutcome.ADDED}
    assert len(library.list()) == 6
    assert all(one.evidence for one in answers)
    assert library.check().ok
