"""How far clusters hold what wants the same, by numbers worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.suites import Options
from eval.suites.intents_clusters import information, purity, run_clusters
from intents import shipped_examples


def test_purity_counts_the_most_frequent_intent_of_each_cluster() -> None:
    pairs = [("a", "1"), ("a", "1"), ("b", "1"), ("b", "2"), ("c", "2")]
    assert purity(pairs) == pytest.approx(3 / 5)


def test_information_is_one_for_the_same_partition_and_nothing_for_one_cluster() -> None:
    same = [("a", "x"), ("a", "x"), ("b", "y"), ("c", "z")]
    assert information(same) == pytest.approx(1)
    assert information([(wanted, "1") for wanted, _ in same]) == pytest.approx(0)


def test_readings_make_clusters_that_hold_what_wants_the_same(tmp_path: Path) -> None:
    cases = [one for one in shipped_examples() if one.speaker == "customer"][::40]
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps(one.record()) for one in cases), encoding="utf-8")
    report = run_clusters(Options(str(path)))
    with_reading, by_words = (
        report.rows[way][1]["information"] for way in ("words and readings", "words alone")
    )
    assert with_reading > by_words + 0.3
    assert report.count == len(cases)
    assert report.as_json()["ways"]["as read"]["clusters"] >= 10
    assert "words alone" in report.as_text()
