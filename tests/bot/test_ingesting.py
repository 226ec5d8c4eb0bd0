"""Files that come as bytes: taken in like any file, refused with a reason, never an exception."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlmodel import SQLModel

from bot.ingesting import LARGEST, take_in
from knowledge import AddOutcome, Library

MANUAL = "# X200 手册\n整机质保期为24个月。".encode()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    engine: Engine = create_engine(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    return Library(engine, tmp_path / "data")


def test_an_upload_is_a_document_at_once_and_a_changed_one_a_version(library: Library) -> None:
    first = take_in(library, "../../X200手册.md", MANUAL, kind="manual", owner="u1")
    assert (first.outcome, first.file, first.title) == (AddOutcome.ADDED, "X200手册.md", "X200手册")
    assert library.search("质保期多久").evidence[0].passage.citation.document_id == first.document_id
    again = take_in(library, "X200手册.md", MANUAL.replace(b"24", b"36"), kind="manual", owner="u1")
    assert again.outcome is AddOutcome.REPLACED
    assert again.document_id
    assert [one.version for one in library.versions(again.document_id)] == ["V2", "V1"]
    assert "36" in library.passages_of(again.document_id)[0].text


def test_a_customers_paper_stays_theirs(library: Library) -> None:
    added = take_in(library, "采购合同.txt", "第一条 质保期为36个月。".encode(), customer="A1")
    assert added.customer == "A1"
    assert library.search("质保期", customer="A1").evidence
    assert not library.search("质保期", customer="B2").evidence


@pytest.mark.parametrize(
    ("name", "content"),
    [("", b""), ("照片.jpg", b"\xff\xd8"), ("合同.txt", "第一条".encode()), ("大.txt", bytes(LARGEST + 1))],
)
def test_what_cannot_be_taken_in_says_why(library: Library, name: str, content: bytes) -> None:
    refused = take_in(library, name, content)
    assert refused.outcome is AddOutcome.REFUSED
    assert refused.reason
    assert refused.detail
    assert library.list() == ()
