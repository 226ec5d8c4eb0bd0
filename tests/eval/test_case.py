"""The test set is frozen, and a change of it is said aloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval import case
from intents.examples import without_near


def test_the_frozen_test_set_is_the_one_that_was_frozen() -> None:
    assert case.changed("intents/test.jsonl") is None


def test_a_changed_or_missing_set_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case, "CASES", tmp_path)
    assert "missing" in (case.changed("intents/test.jsonl") or "")
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "test.jsonl").write_text("{}")
    assert "not comparable" in (case.changed("intents/test.jsonl") or "")


def test_the_further_development_cases_cover_every_intent_and_stand_apart_from_the_first() -> None:
    more, first = case.intent_cases("dev-more"), case.intent_cases("dev")
    assert len(more) >= 150
    assert {one.intent for one in more} == {one.intent for one in first}
    assert {one.industry for one in more} == {"medical", "manufacturing", "saas", "ecommerce"}
    assert len(without_near(more, first)) == len(more)


def test_development_cases_are_read_by_name_or_by_path(tmp_path: Path) -> None:
    assert len(case.intent_cases("dev")) == 360
    path = tmp_path / "mine.jsonl"
    path.write_text('{"id": "1", "text": "多少钱", "speaker": "customer", "intent": "quote_request"}')
    assert [one.id for one in case.intent_cases(str(path))] == ["1"]
