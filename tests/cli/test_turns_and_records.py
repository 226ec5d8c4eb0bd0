"""`yiju ask`, `journal`, `settings`, `doctor`, `demo`: answers on one stream, everything else on the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot import journal
from bot.demo import company
from bot.store import Store
from tests.cli.conftest import Yiju
from tests.fakes.clock import START
from tests.fakes.onnx_model import write_encoder

ASKED = "客户华东仁和说:你们X200带制冷吗,质保几年,50台什么价"


def change(data_dir: Path, statement: str) -> None:
    engine = create_engine(f"sqlite:///{data_dir / 'yiju.db'}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_customers_words_end_in_a_decision_with_grounds(yiju: Yiju, prepared: Path) -> None:
    (decision,) = yiju("ask", ASKED, "--json").lines
    (line,) = yiju("journal", "export").lines
    assert (line["what"], line["subject"]) == ("DecisionProposed", decision["id"])
    assert (decision["speaker"], decision["customer_name"], decision["rep"]) == (
        "customer",
        "华东仁和",
        "zhangsan",
    )
    assert decision["state"] == "proposed"
    assert {one["kind"] for one in decision["rationale"]["reasons"]} >= {"words", "passage", "crm"}
    assert "36 个月" in decision["draft"]["text"]
    assert "/d/" in decision["url"]


def test_a_reps_question_is_answered_and_no_decision_made(yiju: Yiju, prepared: Path) -> None:
    (answer,) = yiju("ask", "华东仁和什么等级", "--as", "zhangsan", "--json").lines
    assert answer["intent"] == "lookup_customer"
    assert "VIP" in answer["answer"]


def test_the_card_can_be_read_in_the_terminal(yiju: Yiju, prepared: Path) -> None:
    shown = yiju("ask", ASKED).out
    assert all(word in shown for word in ("因为", "草稿", "操作", "/d/"))


def test_products_side_by_side_are_columns_in_the_terminal_and_markdown_in_json(
    yiju: Yiju, prepared: Path
) -> None:
    asked = ("ask", "X200 和 X350 差在哪", "--as", "zhangsan")
    rows = [line.split() for line in yiju(*asked).out.splitlines()]
    assert ["参数", "X200", "X350"] in rows
    assert ["净重", "28", "kg", "128", "kg"] in rows
    (answer,) = yiju(*asked, "--json").lines
    assert "| 净重 | 28 kg | 128 kg |" in answer["answer"].splitlines()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("……",), "no words to read"),
        (("你好", "--as", "nobody"), "yiju users list"),
        (("苏州精模什么等级", "--as", "zhangsan"), "lisi"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    yiju: Yiju, prepared: Path, words: tuple[str, ...], told: str
) -> None:
    found = yiju("ask", *words, "--json")
    assert (found.code, found.out) == (1, "")
    assert told in found.err
    assert "Traceback" not in found.err


def test_without_people_one_is_told_how_to_begin(yiju: Yiju) -> None:
    found = yiju("ask", "你好")
    assert found.code == 1
    assert "yiju demo --prepare-only" in found.err


@pytest.fixture
def written(yiju: Yiju, data_dir: Path) -> Path:
    """A data directory whose journal has two lines."""
    assert yiju("migrate").code == 0
    store = Store(f"sqlite:///{data_dir / 'yiju.db'}")
    for number in (1, 2):
        with store.begin() as session:
            what = {"who": "copilot", "what": "DecisionProposed", "subject": f"d{number}"}
            journal.append(session, **what, at=START, body={"customer": "华东仁和"})
    store.close()
    return data_dir


def test_a_whole_journal_is_proved_and_exported(yiju: Yiju, written: Path) -> None:
    verified = yiju("journal", "verify")
    assert (verified.code, "2 lines, chain whole" in verified.out) == (0, True)
    first, second = yiju("journal", "export").lines
    assert (first["seq"], first["what"], first["body"]) == (1, "DecisionProposed", {"customer": "华东仁和"})
    assert second["previous"] == first["hash"]
    assert yiju("journal", "export", "--subject", "d2").lines == [second]
    assert yiju("journal", "export", "--subject", "nothing").lines == []


def test_a_tampered_journal_is_found_with_its_line_and_fails_the_doctor(yiju: Yiju, written: Path) -> None:
    change(written, "UPDATE bot_journal SET who = 'somebody' WHERE seq = 1")
    found = yiju("journal", "verify")
    assert (found.code, found.out) == (1, "")
    assert "broken at line 1" in found.err
    assert not {one["check"]: one["ok"] for one in yiju("doctor", "--json").lines}["journal"]


def test_a_passage_that_was_changed_beside_the_indexes_fails_the_doctor(
    yiju: Yiju, written: Path, tmp_path: Path
) -> None:
    manual = tmp_path / "手册.md"
    manual.write_text("# X200手册\n\n净重 28 kg。", encoding="utf-8")
    assert yiju("knowledge", "add", str(manual)).code == 0
    change(written, "UPDATE knowledge_passage SET text = text || '!' WHERE position = 0")
    found = yiju("doctor", "--json")
    (knowledge,) = (one for one in found.lines if one["check"] == "knowledge")
    assert (found.code, knowledge["ok"]) == (1, False)
    assert "changed" in str(knowledge)
    assert "yiju knowledge rebuild" in str(knowledge)


def test_every_setting_is_shown_with_its_meaning_and_no_secret(
    yiju: Yiju, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIJU_WECOM__SECRET", "very-secret")
    found = yiju("settings", "--json")
    shown = {one["variable"]: one for one in found.lines}
    assert shown["YIJU_WECOM__SECRET"]["value"] == "********"
    assert "very-secret" not in found.out
    assert all(one["meaning"] for one in shown.values())


@pytest.mark.parametrize(
    ("name", "value"), [("YIJU_WORKERS", "none"), ("YIJU_CRM__ADAPTER", "sap"), ("YIJU_LOG_FORMAT", "xml")]
)
def test_a_setting_that_does_not_fit_is_named_in_one_line(
    yiju: Yiju, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    found = yiju("doctor", "--json")
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(f"{name}: ")
    assert value in found.err


def test_a_prepared_installation_is_sound(yiju: Yiju, prepared: Path) -> None:
    found = yiju("doctor", "--json")
    checks = {one["check"]: one for one in found.lines}
    assert found.code == 0, found.out
    assert {"database", "journal", "people", "knowledge", "intents", "crm", "wecom", "dingtalk"} <= set(
        checks
    )
    assert all(one["ok"] and one["words"] for one in checks.values())


def test_an_empty_installation_is_told_what_to_do(yiju: Yiju) -> None:
    found = yiju("doctor", "--json")
    bad = {one["check"]: one["words"] for one in found.lines if not one["ok"]}
    assert found.code == 1
    assert "yiju users add" in bad["people"]
    assert "yiju knowledge add" in bad["knowledge"]


def test_a_channel_that_is_half_set_is_named_with_what_is_missing(
    yiju: Yiju, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIJU_WECOM__CORP_ID", "ww1")
    words = {one["check"]: one["words"] for one in yiju("doctor", "--json").lines}
    assert "YIJU_WECOM__AES_KEY" in words["wecom"]


def test_another_encoder_is_named_with_what_its_vectors_count_and_what_to_do(
    yiju: Yiju, prepared: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From too few questions over enough of them to the weight that `rebuild` chose."""
    monkeypatch.setenv("YIJU_EMBEDDING_MODEL", str(write_encoder(tmp_path / "bge-small-zh-random")))
    found = yiju("doctor", "--json")
    words = {one["check"]: one["words"] for one in found.lines if not one["ok"]}
    assert found.code == 1
    assert "vectors count 0.0 until `yiju knowledge tune QUESTIONS.jsonl`" in words["weights"]
    row = {"question": "X200转速", "doc": "X系列离心机用户手册", "find": "16500"}
    own = tmp_path / "own.jsonl"
    own.write_text("\n".join(json.dumps(row) for _ in range(30)), encoding="utf-8")
    assert yiju("knowledge", "files", "save", "questions", str(own)).code == 0
    due = yiju("doctor", "--json")
    assert due.code == 0
    assert "30 kept questions" in {one["check"]: one["words"] for one in due.lines}["weights"]
    assert "with the encoder in use vectors count" in yiju("knowledge", "rebuild").err
    assert "weights" not in {one["check"] for one in yiju("doctor", "--json").lines}


def test_preparing_the_demo_again_changes_nothing(yiju: Yiju, prepared: Path) -> None:
    again = yiju("demo", "--prepare-only")
    assert (again.code, again.out) == (0, "")
    assert "0 people and 0 customers added" in again.err
    count = len(company.documents())
    assert again.err.count("unchanged") == count
    assert len(yiju("users", "list", "--json").lines) == len(company.people())


LAZY = """
import json, runpy, sys
sys.argv = ["yiju", *sys.argv[1:]]
try:
    runpy.run_module("bot", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = [name for name in ("torch", "sentence_transformers", "sklearn", "nicegui", "chromadb", "langchain_core") if name in sys.modules]
print(json.dumps(heavy), file=sys.stderr)
"""


def apart(data_dir: Path, *words: str) -> list[str]:
    """Heavy imports of a verb in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LAZY, *words],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        cwd=Path(company.__file__).parents[2],
        env=os.environ | {"YIJU_DATA_DIR": str(data_dir)},
    )
    return json.loads(done.stderr.splitlines()[-1])  # type: ignore[no-any-return]


def test_help_loads_nothing_heavy(data_dir: Path) -> None:
    assert apart(data_dir, "--help") == []


def test_a_turn_loads_no_training_library(prepared: Path) -> None:
    assert not {"torch", "sentence_transformers", "sklearn"} & set(apart(prepared, "ask", ASKED, "--json"))
