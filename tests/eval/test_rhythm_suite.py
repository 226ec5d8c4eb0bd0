"""The simulated rhythm: the stream is unseen, only what went wrong becomes a label, and gains are paired with the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.suites import Options
from eval.suites.rhythm import STREAM_OF, WAYS, Workshop, run_rhythm
from intents import Example, shipped_examples, shipped_model
from intents.contrast import folds_of


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.suites.rhythm.QUARTERS", 2)
    monkeypatch.setattr("eval.suites.rhythm.INTERACTIONS", 25)


def write(path: Path, cases: list[Example]) -> str:
    path.write_text("\n".join(json.dumps(one.record()) for one in cases), encoding="utf-8")
    return str(path)


@pytest.mark.usefixtures("short")
def test_two_quarters_end_in_a_row_each_with_labels_that_only_grow(tmp_path: Path) -> None:
    examples, cases = shipped_examples()[::6], shipped_examples()[2::60]
    report = run_rhythm(Options(write(tmp_path / "cases.jsonl", cases)), examples)
    first, second = report.rows
    assert report.stream + report.trained <= len(examples)
    assert report.stream == folds_of(examples, STREAM_OF).count(0)
    assert 25 - first.live_right <= first.labels <= 25
    assert first.labels <= second.labels <= 50
    for row in report.rows:
        assert set(row.gain) == set(WAYS) == set(row.p)
        for way in WAYS:
            assert row.gain[way].value == pytest.approx(row.accuracy[way].value - report.start.value)
            assert row.gain[way].low <= row.gain[way].value <= row.gain[way].high
            assert 0 <= row.p[way] <= 1
    plain = report.as_json()
    assert [row["quarter"] for row in json.loads(json.dumps(plain))["quarters"]] == [1, 2]
    assert "live right" in report.as_text()


@pytest.mark.usefixtures("short")
def test_a_stream_that_is_asked_again_is_learned(tmp_path: Path) -> None:
    examples = shipped_examples()[::6]
    folds = folds_of(examples, STREAM_OF)
    stream = [one for one, fold in zip(examples, folds, strict=True) if fold == 0]
    report = run_rhythm(Options(write(tmp_path / "cases.jsonl", stream)), examples)
    last = report.rows[-1]
    assert last.gain["memory"].value > 0
    assert last.gain["retrained on all"].value > 0


def test_a_workshop_trains_with_labels_as_corrections_and_keeps_the_calibration() -> None:
    shop = Workshop(shipped_model(), shipped_examples()[::12])
    label = Example("l1", "囍囍老规矩", "customer", "purchase")
    with_it, without = shop.trained([label, label]), shop.trained([])
    assert with_it.temperature == shipped_model().temperature
    assert "g:囍" in with_it.heads["customer"].vocabulary
    assert "g:囍" not in without.heads["customer"].vocabulary
    assert with_it.read(label.text, speaker="customer").best.intent == "purchase"
