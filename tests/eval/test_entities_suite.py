"""Precision and recall of entities, counted by hand; the labelled set holds together."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.entity_case import EntityCase, entity_cases
from eval.suites.entities import run
from intents import Entity


def test_a_missed_and_a_made_up_entity_are_counted_by_type() -> None:
    twenty, price = Entity("quantity", "20台", "20", 0, 3), Entity("money", "3万", "30000", 4, 6)
    case = EntityCase("1", "20台 3万", (twenty, price))
    wrong = Entity("money", "3万", "3", 4, 6)
    report = run([case], find=lambda text, **how: (twenty, wrong))
    assert report.precision() == report.recall()
    assert (report.precision() or (0,))[0] == 0.5
    assert (report.recall("quantity") or (0,))[0] == 1.0
    assert (report.recall("money") or (1,))[0] == 0.0
    ((score, missed, made),) = report.failures()
    assert (score.case.id, missed, made) == ("1", [("money", "30000", 4)], [("money", "3", 4)])
    assert "money=30000 | money=3" in report.as_text()
    assert report.as_json()["failures"] == [["1", "20台 3万", "money=30000", "money=3"]]


def test_the_labelled_set_is_large_and_every_value_stands_where_it_says() -> None:
    cases = entity_cases("dev")
    assert len(cases) >= 400
    assert len({case.text for case in cases}) == len(cases)
    assert {one.type for case in cases for one in case.entities} >= {
        "quantity", "quantity_range", "money", "time", "duration", "spec", "organisation", "competitor", "order_no",
    }  # fmt: skip


def test_names_and_traps_have_sets_of_their_own_and_most_names_are_found() -> None:
    cases = [*entity_cases("names"), *entity_cases("names-test")]
    named = [case for case in cases if any(one.type == "person" for one in case.entities)]
    assert len(named) >= 75
    assert len(cases) - len(named) >= 90
    report = run(cases)
    precision, recall = report.precision("person"), report.recall("person")
    assert precision is not None
    assert recall is not None
    assert precision.value > 0.95
    assert recall.value > 0.85


def test_a_label_that_stands_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(
        '{"id": "1", "text": "要20台", "entities": [{"type": "quantity", "text": "20台", "value": "20", "start": 0, "end": 3}]}'
    )
    with pytest.raises(ValueError, match="does not stand at 0"):
        entity_cases(str(path))


def test_most_entities_of_the_labelled_set_are_found() -> None:
    report = run(entity_cases("dev"))
    precision, recall = report.precision(), report.recall()
    assert precision is not None
    assert recall is not None
    assert precision.value > 0.95
    assert recall.value > 0.93
