"""What leaks and what is masked without need is counted by hand; the labelled set holds together and is mostly masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.masking_case import MaskingCase, masking_cases
from eval.suites.masking import run
from intents.personal import Kind, Personal


def test_a_character_left_readable_is_a_leak_and_a_stretch_elsewhere_is_made_up() -> None:
    case = MaskingCase("1", "周海峰 13800138000", (Personal(Kind.NAME, 0, 3), Personal(Kind.PHONE, 4, 15)))
    report = run([case], find=lambda text: [Personal(Kind.NAME, 0, 2), Personal(Kind.PHONE, 4, 15)])
    assert (report.recall(Kind.NAME) or (1,))[0] == 0
    assert (report.recall(Kind.PHONE) or (0,))[0] == 1
    assert (report.precision() or (0,))[0] == 1
    assert report.as_json()["failures"] == [["1", "周海峰 13800138000", "name=周海峰", "-"]]
    noisy = run([MaskingCase("2", "先看看", ())], find=lambda text: [Personal(Kind.NAME, 0, 2)])
    assert (noisy.precision() or (1,))[0] == 0
    assert "name=先看" in noisy.as_text()


def test_the_sets_are_large_cover_every_kind_and_share_no_sentence() -> None:
    dev, test = masking_cases("dev"), masking_cases("test")
    assert len({one.text for one in (*dev, *test)}) == len(dev) + len(test) >= 150
    for cases in (dev, test):
        assert {one.kind for case in cases for one in case.personal} == set(Kind)
        assert sum(not case.personal for case in cases) >= 40


def test_a_label_that_stands_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(
        '{"id": "1", "text": "我是周海峰", "personal": [{"kind": "name", "text": "周海峰", "start": 0, "end": 3}]}'
    )
    with pytest.raises(ValueError, match="does not stand at 0"):
        masking_cases(str(path))


@pytest.mark.parametrize("name", ["dev", "test"])
def test_nearly_all_personal_data_of_the_labelled_set_is_masked_and_nearly_nothing_else(name: str) -> None:
    report = run(masking_cases(name))
    recall, precision = report.recall(), report.precision()
    assert recall is not None
    assert precision is not None
    assert recall.value > 0.9
    assert precision.value > 0.97
