"""A public set is read with its own labels and split; what is wrong with its folder is a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.cli import app
from eval.suites import Options
from eval.suites.public import read_public, run_public
from intents import ExamplesUnusable

SAID = {
    "闹钟": ["{}点叫醒我", "设{}个闹钟", "{}点的闹钟关掉", "明早{}点闹钟响"],
    "天气": ["{}号下雨吗", "{}天后冷不冷", "{}号天气怎么样", "后{}天有雪吗"],
    "音乐": ["放第{}首歌", "来{}首轻音乐", "第{}首循环播放", "这{}首歌再听一遍"],
}


def write(path: Path, numbers: str, **more: str) -> None:
    lines = [
        {"text": frame.format(number), "label": label, **more}
        for number in numbers
        for label, frames in SAID.items()
        for frame in frames
    ]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")


def test_a_set_is_learned_on_its_own_split_and_beats_no_reading_at_all(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", "一二三四五六七")
    write(tmp_path / "validation.jsonl", "八九")
    report = run_public(Options(data=str(tmp_path)))
    assert (report.trained, len(report.ours.scores), report.labels) == (84, 24, 3)
    rows = report.rows
    assert rows["majority"][0].value == pytest.approx(1 / 3)
    assert rows["this pipeline"][0].value > 0.9
    assert set(report.as_json()["accuracy_macro_f1"]) == {
        "this pipeline",
        "character n-grams alone",
        "majority",
    }
    assert "majority" in report.as_text()


def test_a_set_without_a_test_file_is_split_by_its_texts_the_same_way_every_time(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", "一二三四五六七八九", group="粗")
    learned, held = read_public(tmp_path)
    assert {one.text for one in learned}.isdisjoint(one.text for one in held)
    assert 0.1 < len(held) / (len(held) + len(learned)) < 0.35
    assert read_public(tmp_path) == (learned, held)
    assert {one.intent for one in held} == {"粗"}


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "在吗", "label": "a"}\n{"label": "b"}', encoding="utf-8")
    with pytest.raises(ExamplesUnusable, match=r"train\.jsonl:2"):
        read_public(tmp_path)


def test_a_folder_without_a_set_and_no_folder_are_refused(tmp_path: Path) -> None:
    runner = CliRunner()
    missing = runner.invoke(app, ["run", "--suite", "public", "--data", str(tmp_path)])
    assert missing.exit_code == 1
    assert "train.jsonl is missing" in " ".join(missing.stderr.split())
    assert runner.invoke(app, ["run", "--suite", "public"]).exit_code == 2
