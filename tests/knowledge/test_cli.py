"""`yiju knowledge …` in a data directory of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli.knowledge import knowledge_app
from tests.knowledge.conftest import CONTRACT, MANUAL

Write = Callable[[str, str], Path]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("YIJU_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)

    def invoke(*words: object) -> Result:
        return CliRunner().invoke(knowledge_app, [str(word) for word in words])

    return invoke


def lines(result: Result) -> list[dict[str, Any]]:
    """Nothing but JSON lines may stand on stdout."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_folder_is_taken_in_searched_and_cited(run: Run, write: Write, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in (("手册 V3.0.md", MANUAL), ("退货政策.txt", "签收后七天内可以退货。")):
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    added = run("add", tmp_path / "docs", "--json")
    assert added.exit_code == 0
    assert {line["kind"] for line in lines(added)} == {"manual", "policy"}
    (found,) = lines(run("search", "X200R噪声", "--json"))
    assert found["answerable"] is True
    assert {"doc", "title", "page", "clause", "heading", "text", "score"} <= found["passages"][0].keys()
    assert "≤58 dB" in found["passages"][0]["text"]


def test_a_contract_is_found_for_its_customer_alone(run: Run, write: Write) -> None:
    path = write("采购合同.txt", CONTRACT.format(months=36, days=60))
    assert run("add", path, "--customer", "某某有限公司").exit_code == 0
    (mine,) = lines(run("search", "质保期", "--customer", "某某有限公司", "--json"))
    (none,) = lines(run("search", "质保期", "--json"))
    assert any("36个月" in passage["text"] for passage in mine["passages"][:2])
    assert none["passages"] == []


def test_questions_come_from_a_file_each_with_its_customer(run: Run, write: Write) -> None:
    run("add", write("采购合同.txt", CONTRACT.format(months=36, days=60)), "--customer", "甲公司")
    asked = [{"id": "a", "question": "质保期", "customer": "甲公司"}, {"id": "b", "question": "质保期"}]
    path = write("q.jsonl", "\n".join(json.dumps(one) for one in asked))
    first, second = lines(run("search", "--questions", path, "--json"))
    assert (first["id"], bool(first["passages"])) == ("a", True)
    assert (second["id"], bool(second["passages"])) == ("b", False)


def test_a_refused_file_is_an_error_with_what_to_do(run: Run, write: Write) -> None:
    refused = run("add", write("采购合同.txt", CONTRACT.format(months=36, days=60)))
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert "--customer" in refused.stderr


def test_what_is_listed_can_be_removed(run: Run, write: Write) -> None:
    run("add", write("手册.md", MANUAL), "--title", "离心机手册", "--valid-until", "2030-01-01")
    (document,) = lines(run("list", "--json"))
    assert (document["title"], document["valid_until"]) == ("离心机手册", "2030-01-01")
    assert run("remove", document["id"]).exit_code == 0
    assert lines(run("list", "--json")) == []
    assert run("remove", document["id"]).exit_code == 1


def test_a_rebuild_says_how_much_it_indexed(run: Run, write: Write) -> None:
    run("add", write("手册.md", MANUAL))
    rebuilt = run("rebuild")
    assert rebuilt.exit_code == 0
    assert "entries indexed" in rebuilt.stderr


def test_a_title_for_several_files_is_refused(run: Run, write: Write) -> None:
    two = write("a.md", "# a\n甲"), write("b.md", "# b\n乙")
    assert run("add", *two, "--title", "x").exit_code == 2


def test_either_a_query_or_a_file_of_questions_is_needed(run: Run) -> None:
    assert run("search").exit_code == 2


def test_a_line_that_is_no_question_is_named(run: Run, write: Write) -> None:
    result = run("search", "--questions", write("q.jsonl", '{"id": 1}\n'), "--json")
    assert result.exit_code == 2
    assert ":1:" in result.stderr
