"""Documents in, replaced, removed; and what stays true of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from knowledge import AddOutcome, DocumentKind, Library
from tests.knowledge.conftest import CONTRACT, MANUAL

Write = Callable[[str, str], Path]


def test_a_question_finds_the_row_with_its_citation(library: Library, write: Write) -> None:
    library.add(write("X系列离心机用户手册 V3.0.md", MANUAL))
    best = library.search("X200R有多吵").evidence[0].passage
    assert "≤58 dB(A)" in best.text
    assert best.citation.version == "V3.0"
    assert best.citation.heading.endswith("X200R 技术参数")


def test_the_same_bytes_again_change_nothing(library: Library, write: Write) -> None:
    path = write("手册.md", MANUAL)
    first, again = library.add(path), library.add(path)
    assert (first.outcome, again.outcome) == (AddOutcome.ADDED, AddOutcome.UNCHANGED)
    assert len(library.list()) == 1


def test_a_new_version_answers_and_the_old_one_stays_citable(library: Library, write: Write) -> None:
    library.add(write("手册.md", MANUAL))
    old = library.search("X200 净重").evidence[0].passage
    added = library.add(write("手册.md", MANUAL.replace("28 kg", "27 kg")))
    assert added.outcome is AddOutcome.REPLACED
    assert added.version == "V2"
    texts = [one.passage.text for one in library.search("X200 净重", k=20).evidence]
    assert any("27 kg" in text for text in texts)
    assert not any("28 kg" in text for text in texts)
    kept = library.passage(old.id)
    assert kept is not None
    assert "28 kg" in kept.text
    assert kept.citation.version == "V1"


def test_a_removed_document_is_gone_from_answers_files_and_index(
    library: Library, write: Write, tmp_path: Path
) -> None:
    added = library.add(write("手册.md", MANUAL))
    assert added.document_id is not None
    assert library.remove(added.document_id)
    assert library.search("X200 净重").evidence == ()
    assert not [path for path in (tmp_path / "data" / "documents").rglob("*") if path.is_file()]
    assert library.check().ok
    assert not library.remove(added.document_id)


def test_a_contract_without_a_customer_is_refused_with_what_to_do(library: Library, write: Write) -> None:
    refused = library.add(write("采购合同.txt", CONTRACT.format(months=36, days=60)))
    assert refused.outcome is AddOutcome.REFUSED
    assert "--customer" in refused.reason


def test_an_expired_price_list_is_no_evidence_unless_asked_for(library: Library, write: Write) -> None:
    path = write("价目表.csv", "型号,标准单价\nX200,18800\nP60,9600\n")
    library.add(path, valid_until=date(2025, 12, 31))
    today = date(2026, 6, 1)
    found = library.search("P60标准单价", today=today)
    assert found.evidence == ()
    assert not found.answerable
    assert "价目表" in found.reason
    assert library.search("P60标准单价", today=today, include_expired=True).evidence


def test_a_price_list_of_next_year_does_not_answer_today(library: Library, write: Write) -> None:
    library.add(write("价目表.csv", "型号,标准单价\nP60,9900\n"), valid_from=date(2027, 1, 1))
    assert library.search("P60标准单价", today=date(2026, 6, 1)).evidence == ()
    assert library.search("P60标准单价", today=date(2027, 6, 1)).evidence


def test_particulars_given_later_for_the_same_file_are_kept(library: Library, write: Write) -> None:
    path = write("价目表.csv", "型号,标准单价\nP60,9900\n")
    library.add(path)
    library.add(path, title="2026 价目表", valid_until=date(2026, 12, 31))
    (document,) = library.list()
    assert (document.title, document.valid_until) == ("2026 价目表", date(2026, 12, 31))
    assert (
        library.search("P60标准单价", today=date(2026, 2, 1)).evidence[0].passage.citation.title
        == "2026 价目表"
    )


def test_another_process_sees_what_was_added_and_removed(
    library: Library, engine: Engine, write: Write, tmp_path: Path
) -> None:
    other = Library(engine, tmp_path / "data")
    assert other.search("X200 净重").evidence == ()
    added = library.add(write("手册.md", MANUAL))
    before = other.index_hash
    assert other.search("X200 净重").evidence
    assert added.document_id is not None
    library.remove(added.document_id)
    assert other.search("X200 净重").evidence == ()
    assert other.index_hash != before


def test_a_rebuild_gives_the_same_answers_under_the_same_hash(library: Library, write: Write) -> None:
    library.add(write("手册.md", MANUAL))
    library.add(write("合同.txt", CONTRACT.format(months=36, days=60)), customer="A1")
    before = library.search("质保多久", customer="A1")
    library.rebuild()
    assert library.search("质保多久", customer="A1") == before


def test_an_index_that_lost_entries_is_noticed(library: Library, write: Write) -> None:
    library.add(write("手册.md", MANUAL))
    assert library.check().ok
    library._index.lexical.clear()
    problems = library.check().problems
    assert problems
    assert "rebuild" in problems[0]
    library.rebuild()
    assert library.check().ok


def test_a_crash_between_store_and_index_is_made_good(
    library: Library, engine: Engine, write: Write, tmp_path: Path
) -> None:
    library.add(write("手册.md", MANUAL))
    (tmp_path / "data" / "index" / "indexed.json").unlink()
    again = Library(engine, tmp_path / "data")
    assert again.search("X200 净重").evidence
    assert again.check().ok


def test_a_document_can_be_opened_as_it_came(library: Library, write: Write) -> None:
    path = write("手册.md", MANUAL)
    added = library.add(path)
    assert added.document_id is not None
    assert library.open_document(added.document_id) == path.read_bytes()
    assert library.open_document("nothing") is None


@pytest.mark.parametrize(
    ("name", "customer", "kind"),
    [
        ("2026价目表.csv", None, DocumentKind.PRICE),
        ("售后政策.md", None, DocumentKind.POLICY),
        ("P60说明书.md", None, DocumentKind.MANUAL),
        ("补充约定.txt", "A1", DocumentKind.CONTRACT),
        ("随笔.txt", None, DocumentKind.OTHER),
    ],
)
def test_the_kind_is_guessed_from_the_name(
    library: Library, write: Write, name: str, customer: str | None, kind: DocumentKind
) -> None:
    assert library.add(write(name, "型号,标准单价\nP60,9900\n"), customer=customer).kind is kind


def test_a_missing_file_is_an_outcome(library: Library, tmp_path: Path) -> None:
    refused = library.add(tmp_path / "没有.pdf")
    assert refused.outcome is AddOutcome.REFUSED
    assert "没有.pdf" in refused.reason


def test_a_withdrawn_row_ranks_below_the_one_that_holds(library: Library, write: Write) -> None:
    rows = "| 参数 | 数值 | 备注 |\n|---|---|---|\n| 噪声 | 60 dB | 已作废 |\n| 噪声 | 56 dB | |\n"
    library.add(write("手册.md", f"# X200 技术参数\n{rows}"))
    found = [one.passage for one in library.search("X200 噪声多少").evidence]
    assert "56 dB" in found[0].text
    assert [one.superseded for one in found] == [False, True]
