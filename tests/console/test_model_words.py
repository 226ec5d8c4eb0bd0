"""What stands on a model's card and beside it is a trainer's Chinese, whoever trained and promoted it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.console.model_words import card_lines, history, in_words
from intents import ModelInfo, load_taxonomy
from tests.console.english import sentences

THEN = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
CARD: dict[str, Any] = {
    "examples": 16000, "corrections": 40, "data": "96c186d3bcc012f5", "learned_until": THEN.isoformat(), "held_out": 360,
    "held_out_accuracy": 0.975, "calibrated_on": "6cf5b30eb8b1849e", "kept_apart_from": "aa11", "by_intent": {"purchase": 900},
    "encoder": {"fingerprint": "bge-small:1234"}, "seed": 7,
}  # fmt: skip


def info(**changes: Any) -> ModelInfo:
    return ModelInfo(**{"id": "f" * 64, "created_at": THEN, "trained_by": "sunli", "card": CARD, "serving": True, **changes})  # fmt: skip


def test_a_card_says_what_was_learned_and_measured() -> None:
    lines = dict(card_lines(info(), load_taxonomy()))
    assert lines["例句"] == "16000 条,其中本公司标注 40 条"
    assert lines["数据哈希"] == "96c186d3bcc012f5"
    assert lines["没学过的校准句"] == "360 句,读对 97.5%"
    assert lines["学到哪天的标注"].startswith("2026-11-25 10:00")
    assert lines["各意图例句"] == "明确采购 900"
    assert lines["预训练编码器"] == "bge-small:1234"


def test_a_card_that_says_little_shows_no_empty_lines() -> None:
    lines = dict(card_lines(info(card={"examples": 3}), load_taxonomy()))
    assert lines == {"编号": "f" * 64, "例句": "3 条,其中本公司标注 0 条"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "孙莉"),
        ({"promoted_at": THEN, "promoted_by": "ops", "why": "试过了"}, "由 ops 上线:试过了"),
        (
            {"promoted_at": THEN, "promoted_by": "clock", "why": "promoted: frozen 350 → 355 of 380"},
            "由 定时任务 上线",
        ),
        ({"trained_by": ""}, "系统"),
    ],
)
def test_the_history_names_people_and_explains_the_clock(changes: dict[str, Any], told: str) -> None:
    words = history(info(**changes), {"sunli": "孙莉"})
    assert words.endswith(told)
    assert sentences(words) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("reading 16000 examples", "读 16000 条例句"),
        ("fitting what a customer says", "学客户怎么说"),
        ("cross-validating 2/5", "交叉验证 2/5"),
        ("step 3/9: loss 0.1", "step 3/9: loss 0.1"),
    ],
)
def test_lines_of_a_training_are_told_in_chinese_where_they_are_known(line: str, told: str) -> None:
    assert in_words(line) == told
