"""yiju intents: JSON lines in and out, a readable refusal, and the loop from a label to a model that serves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from bot.cli.intents import intents_app, open_registry
from intents import Classifier, Proposal, Registry
from intents.tables import PromotionRow


@pytest.fixture(autouse=True)
def _own_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YIJU_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("YIJU_DATABASE_URL", raising=False)


def yiju(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(intents_app, list(arguments), input=said)


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_utterances_in_are_readings_out_in_the_order_they_came() -> None:
    records = [
        {"id": "a", "text": "50台什么价", "speaker": "customer"},
        {"id": "b", "text": "给苏州精模建个商机", "speaker": "rep"},
        {"id": "c", "text": "多少", "context": ["你问的单价我发你"]},
    ]
    result = yiju("predict", "-", "--json", said="\n".join(json.dumps(one) for one in records))
    first, second, third = lines(result)
    assert (first["id"], first["intent"], first["abstained"]) == ("a", "quote_request", None)
    assert first["entities"][0] == {"type": "quantity", "text": "50台", "value": "50", "start": 0, "end": 3}
    assert first["ranked"][0] == ["quote_request", first["confidence"]]
    assert second["intent"] == "record_crm"
    assert third["intent"] == "quote_request"


def test_one_earlier_turn_may_stand_alone() -> None:
    (alone,) = lines(yiju("predict", "-", "--json", said='{"text": "多少", "context": "你问的单价我发你"}'))
    (listed,) = lines(
        yiju("predict", "-", "--json", said='{"text": "多少", "context": ["你问的单价我发你"]}')
    )
    assert alone == listed


def test_a_file_is_read_as_well_as_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    path.write_text('{"text": "先看看"}\n\n{"text": "开机报E07"}\n', encoding="utf-8")
    assert [one["intent"] for one in lines(yiju("predict", str(path), "--json"))] == [
        "vague_interest",
        "service_request",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        '{"id": 1}',
        '{"text": null}',
        '{"text": "x", "speaker": "nobody"}',
        '{"text": "x", "context": 5}',
        '{"text": "x", "context": ["y", null]}',
        "[1]",
    ],
)
def test_a_line_that_is_no_utterance_is_refused_by_its_number(line: str) -> None:
    result = yiju("predict", "-", "--json", said='{"text": "在吗"}\n' + line)
    assert result.exit_code == 1
    assert "-:2" in result.stderr


def test_a_missing_file_is_a_sentence_and_no_trace() -> None:
    result = yiju("predict", "gone.jsonl")
    assert result.exit_code == 1
    assert "gone.jsonl" in result.stderr
    assert "Traceback" not in result.output


def _registry(small: Classifier) -> Registry:
    registry = open_registry()
    registry.add(small, "sunli")
    return registry


def test_a_model_is_promoted_and_rolled_back_by_its_id(small: Classifier) -> None:
    _registry(small)
    (promoted,) = lines(yiju("promote", small.hash[:6], "--as", "sunli", "--json"))
    assert promoted["serving"]
    listed = [(one["serving"], one["shipped"]) for one in lines(yiju("models", "--json"))]
    assert listed == [(True, False), (False, True)]
    (back,) = lines(yiju("rollback", "--as", "sunli", "--json"))
    assert (back["serving"], back["shipped"]) == (True, True)
    refused = yiju("rollback", "--as", "sunli")
    assert refused.exit_code == 1
    assert "nothing served before it" in " ".join(refused.stderr.split())


def test_who_says_no_name_is_whom_the_machine_knows(
    small: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ops")
    registry = _registry(small)
    yiju("promote", small.hash)
    yiju("rollback")
    with Session(registry.engine) as session:
        assert [one.by for one in session.exec(select(PromotionRow))] == ["ops", "ops"]


def test_a_model_that_was_not_measured_says_so_and_empty_columns_take_no_room(small: Classifier) -> None:
    registry = _registry(small)
    card = {name: value for name, value in small.card.items() if name != "held_out_accuracy"}
    registry.add(replace(small, card=card, hash="c0ffee"), "chenjing")
    shown = yiju("models").stdout
    (unmeasured,) = (line for line in shown.splitlines() if "c0ffee" in line)
    assert "–" in unmeasured
    assert f"{registry.info('c0ffee').created_at:%Y-%m-%d %H:%M}" in unmeasured
    assert "encoder" not in shown
    assert "why" not in shown
    yiju("promote", "c0ffee", "--as", "sunli", "--why", "due")
    assert "due" in yiju("models").stdout


def test_waiting_labels_are_settled_by_number_skipped_and_dropped() -> None:
    registry = open_registry()
    for text, proposed in (("整两台", "purchase"), ("随便说说", ""), ("我的身份证", "")):
        registry.labels.propose(Proposal(text, "customer", "correction", proposed=proposed))
    result = yiju("label", "--as", "sunli", said="1\ns\nd\n")
    assert result.exit_code == 0, result.output
    (settled,) = registry.labels.settled()
    assert (settled.text, settled.intent) == ("整两台", "purchase")
    assert [row.text for row in registry.labels.queue()] == ["随便说说"]
