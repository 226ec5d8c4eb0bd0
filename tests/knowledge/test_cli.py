"""`yiju knowledge …` in a data directory of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli.knowledge import knowledge_app
from bot.cli.users import users_app
from knowledge.fusion import FEWEST
from tests.fakes.openai_server import poses, serving
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


def test_what_was_left_out_of_a_file_is_said(run: Run, tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    book.active.append(["型号", "X200"])
    book.create_sheet("成本").sheet_state = "hidden"
    book.save(tmp_path / "价.xlsx")
    assert "没有收进来的:1 张隐藏的工作表" in run("add", tmp_path / "价.xlsx").stdout


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


def test_what_a_table_names_is_listed_accepted_and_gone_from_the_proposals(run: Run, write: Write) -> None:
    run("add", write("X系列离心机用户手册.md", MANUAL))
    proposed = lines(run("graph", "list", "--json"))
    noise = next(one for one in proposed if one["name"] == "噪声")
    assert (noise["kind"], noise["unit"], noise["status"]) == ("parameter", "dB(A)", "proposed")
    accepted = run("graph", "accept", noise["id"], "--by", "trainer", "--json")
    assert [one["decided_by"] for one in lines(accepted)] == ["trainer"]
    assert noise["id"] not in {one["id"] for one in lines(run("graph", "list", "--json"))}
    assert run("graph", "reject", "nonsense").exit_code == 1
    assert "0 new proposals" in run("graph", "scan").stderr


def test_a_saying_is_added_listed_used_and_taken_back(run: Run, write: Write) -> None:
    run("add", write("X系列离心机用户手册.md", MANUAL))
    assert run("lexicon", "add", "嗡嗡劲儿", "噪声", "--by", "trainer").exit_code == 0
    assert [one["say"] for one in lines(run("lexicon", "list", "--json"))] == ["嗡嗡劲儿"]
    (found,) = lines(run("search", "X200的嗡嗡劲儿", "--json"))
    assert "噪声" in found["passages"][0]["text"]
    assert run("lexicon", "remove", "嗡嗡劲儿").exit_code == 0
    assert run("lexicon", "remove", "嗡嗡劲儿").exit_code == 2
    assert lines(run("lexicon", "gaps", "--json")) == []


def test_without_own_sayings_there_is_nothing_to_train_on(run: Run) -> None:
    ended = run("train")
    assert ended.exit_code == 1
    assert "lexicon gaps" in ended.stderr


async def test_a_language_model_s_questions_are_posed_listed_and_forgotten(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("采购政策.txt", "质保期内免费维修。")
    await asyncio.to_thread(run, "add", path)
    assert (await asyncio.to_thread(run, "questions", "pose")).exit_code == 1
    async with serving(poses("坏了谁出钱")) as server:
        for name, value in (("BASE_URL", server.url), ("MODEL", "test"), ("QUESTIONS", "2")):
            monkeypatch.setenv(f"YIJU_LLM__{name}", value)
        posed = await asyncio.to_thread(run, "questions", "pose", "--json")
    assert json.loads(posed.stdout) == {"kept": 1}
    (listed,) = lines(await asyncio.to_thread(run, "questions", "list", "--json"))
    assert listed["questions"] == ["坏了谁出钱"]
    (found,) = lines(await asyncio.to_thread(run, "search", "坏了谁出钱", "--json"))
    assert found["passages"][0]["id"] == listed["id"]
    assert "坏了" not in json.dumps(found["passages"], ensure_ascii=False)
    assert (await asyncio.to_thread(run, "questions", "forget")).exit_code == 0
    assert lines(await asyncio.to_thread(run, "questions", "list", "--json")) == []


@pytest.fixture
def team(run: Run) -> None:
    """陈静, whose rep is 张三."""
    for words in (
        ("陈静", "--role", "manager", "--wecom", "chenjing"),
        ("张三", "--role", "rep", "--wecom", "zhangsan", "--manager", "chenjing"),
    ):
        assert CliRunner().invoke(users_app, ["add", *words]).exit_code == 0


def test_an_owner_and_who_may_read_are_stored_kept_to_and_edited(run: Run, write: Write, team: None) -> None:
    paper = write("价格底线.md", "# 价格底线\nX200 最低 15000 元。")
    assert run("add", paper, "--owner", "张三", "--visibility", "team").exit_code == 0
    (document,) = lines(run("list", "--json"))
    assert (document["owner"], document["visibility"]) == ("zhangsan", "team:chenjing")

    def finds(*who: str) -> bool:
        (found,) = lines(run("search", "X200 最低多少元", *who, "--json"))
        return bool(found["passages"])

    assert [finds(), finds("--as", "zhangsan"), finds("--as", "陈静")] == [False, True, True]
    assert run("edit", document["id"], "--visibility", "managers", "--owner", "chenjing").exit_code == 0
    assert [finds(), finds("--as", "zhangsan"), finds("--as", "陈静")] == [False, False, True]
    (document,) = lines(run("list", "--json"))
    assert (document["owner"], document["visibility"]) == ("chenjing", "managers")
    assert run("add", paper, "--visibility", "everyone").exit_code == 0
    assert finds()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--owner", "李雷"), "chenjing 陈静"),
        (("--visibility", "team"), "--owner"),
        (("--visibility", "team:李雷"), "chenjing 陈静"),
        (("--visibility", "nobody"), "managers"),
    ],
)
def test_a_person_or_a_word_that_nobody_knows_is_refused(
    run: Run, write: Write, team: None, words: tuple[str, ...], told: str
) -> None:
    refused = run("add", write("手册.md", MANUAL), *words)
    assert refused.exit_code == 2
    assert told in refused.stderr.replace("\n", "").replace("│", "").replace("  ", " ")
    assert lines(run("list", "--json")) == []


def test_an_edit_that_cannot_be_says_why(run: Run, write: Write) -> None:
    run("add", write("手册.md", MANUAL))
    (document,) = lines(run("list", "--json"))
    assert run("edit", "d-unknown", "--title", "x").exit_code == 2
    assert run("edit", document["id"], "--kind", "contract").exit_code == 2
    assert lines(run("list", "--json")) == [document]


def test_a_file_is_put_in_force_listed_shown_and_taken_back(run: Run, write: Write) -> None:
    run(
        "add",
        write("计量泵.md", "# 计量泵\n\n## P60\n\nP60 压力 20 bar。\n\n## P60H\n\nP60H 压力 100 bar。\n"),
    )
    text = "applications: {锅炉补水: [P60H]}\n"
    saved = run("files", "save", "industry", write("ours.yaml", text), "--why", "首版", "--by", "sunli")
    assert saved.exit_code == 0
    assert run("files", "show", "industry").stdout == text
    (found,) = lines(run("search", "锅炉补水压力多少", "--json"))
    assert "P60H" in found["passages"][0]["text"]
    assert run("files", "restore", "industry", 0).exit_code == 0
    listed = lines(run("files", "versions", "industry", "--json"))
    assert [(one["number"], one["restores"]) for one in listed] == [(2, 0), (1, None)]
    assert (listed[1]["by"], listed[1]["why"]) == ("sunli", "首版")
    assert run("files", "show", "industry").stdout == ""
    assert "首版" in run("files", "versions", "industry").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "brands"), "industry, weights"),
        (("restore", "weights", "7"), "no version 7"),
        (("save", "industry", "wrong.yaml"), "competitors"),
        (("save", "weights", "wrong.yaml"), "--reset"),
    ],
)
def test_a_file_or_version_that_cannot_be_is_refused_with_what_to_do(
    run: Run, write: Write, words: tuple[str, ...], told: str
) -> None:
    write("wrong.yaml", "brands: {}\n")
    refused = run("files", *words)
    assert refused.exit_code == 2
    assert told in refused.stderr.replace("\n", "").replace("│", "").replace("  ", " ")


def test_weights_are_measured_chosen_behind_the_gate_kept_and_reset(
    run: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question names its passage; the likeliest concept of the lexicon names another one, so its weight hurts."""
    monkeypatch.setattr("knowledge.fusion.TRIED", {"dense": (0.0, 0.7)})
    sections = "\n".join(f"## 编号{at}\n\n编号{at}的值为 {at + 100} 毫米。\n" for at in range(FEWEST))
    run("add", write("参数手册.md", f"# 参数手册\n\n{sections}"))
    rows = [
        {"question": f"编号{at}是多少", "doc": "参数手册", "find": f"编号{at}的值为 {at + 100} 毫米"}
        for at in range(FEWEST)
    ]
    asked = write("own.jsonl", "\n".join(json.dumps(one) for one in rows))
    (measured,) = lines(run("evaluate", asked, "--json"))
    assert measured["questions"] == FEWEST
    tuned = run("tune", asked, "--json")
    (chosen,) = lines(tuned)
    assert "2/2 combinations tried" in tuned.stderr
    assert chosen["before"] == {key: measured[key] for key in chosen["before"]}
    assert chosen["saved"] is chosen["better"]
    assert [json.loads(one)["question"] for one in run("files", "show", "questions").stdout.splitlines()] == [
        one["question"] for one in rows
    ]
    kept = lines(run("files", "versions", "weights", "--json"))
    assert [one["why"] for one in kept] == (["30 questions of own.jsonl"] if chosen["better"] else [])
    (after,) = lines(run("evaluate", asked, "--json"))
    assert after["weights"] == (chosen["weights"] if chosen["better"] else measured["weights"])
    assert run("tune", "--reset").exit_code == 0
    (reset,) = lines(run("evaluate", asked, "--json"))
    assert reset == measured


def test_tuning_asks_for_questions_or_the_reset_and_for_enough_of_them(run: Run, write: Write) -> None:
    assert run("tune").exit_code == 2
    few = write("own.jsonl", json.dumps({"question": "净重", "doc": "手册", "find": "28 kg"}))
    run("add", write("手册.md", MANUAL))
    assert run("tune", few, "--reset").exit_code == 2
    refused = run("tune", few)
    assert refused.exit_code == 2
    assert "30" in refused.stderr
