"""What another system read is counted like our own readings, and what it left out counts as wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.baselines import recorded as module
from eval.baselines.diet import TRAINED, hash_of
from eval.baselines.recorded import recorded, report
from eval.suites.intents import Majority, run
from intents import Example

CASES = [Example(str(number), "x", "customer", "quote_request") for number in range(3)]


def test_recorded_readings_are_scored_by_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "read.jsonl"
    rows = [
        {"id": "1", "intent": "purchase", "confidence": 0.4, "seconds": 0.02},
        {"id": "0", "intent": "quote_request", "confidence": 0.9, "seconds": 0.01},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = report(path, CASES, "three")
    assert [one.right for one in found.scores] == [True, False, False]
    assert found.milliseconds(0.5) == 10.0
    assert "intents on three: 3 cases" in found.as_text()


def test_recorded_readings_stand_in_the_suites_comparison_or_it_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORDED", {"Another": (tmp_path, "make another")})

    def compared() -> str:
        found = recorded("dev", CASES)
        reader = Majority(CASES)
        return run(reader, CASES, recorded=found.reports, not_compared=found.missing).as_text()

    assert f"Another: no readings in {tmp_path / 'dev.jsonl'}; `make another` writes them" in compared()
    row = {"intent": "quote_request", "confidence": 0.9, "seconds": 0.01}
    lines = [json.dumps({"id": str(number), **row}) for number in range(3)]
    (tmp_path / "dev.jsonl").write_text(lines[0], encoding="utf-8")
    assert "lacks 2 of 3 cases; run `make another` again" in compared()
    (tmp_path / "dev.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert "Another: its readings belong to other examples than those of today" in compared()
    trained = tmp_path / "model" / TRAINED
    trained.parent.mkdir()
    trained.write_text(json.dumps({"files": "0" * 16}), encoding="utf-8")
    assert "belong to other examples" in compared()
    trained.write_text(json.dumps({"files": hash_of(module.EXAMPLES)}), encoding="utf-8")
    assert "Another                    1.000" in compared()


def test_the_hash_of_examples_is_of_their_words(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}", encoding="utf-8")
    before = hash_of(tmp_path)
    (tmp_path / "notes.md").write_text("", encoding="utf-8")
    assert hash_of(tmp_path) == before
    (tmp_path / "b.jsonl").write_text("{}", encoding="utf-8")
    assert hash_of(tmp_path) != before
