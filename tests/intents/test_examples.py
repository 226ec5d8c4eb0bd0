"""Labelled utterances: records read with errors that name file and line, splits that never change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from intents import Example, ExamplesUnusable, read_examples, read_file
from intents.examples import data_hash, fold_of, without_near


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def row(**changes: object) -> dict[str, object]:
    return {"id": "a-1", "text": "多少钱", "speaker": "customer", "intent": "quote_request", **changes}


def test_a_record_is_read_and_written_back(tmp_path: Path) -> None:
    (example,) = read_file(write(tmp_path / "a.jsonl", row(tags=["typo"], context=["你好"])))
    assert example == Example("a-1", "多少钱", "customer", "quote_request", ("你好",), (), ("typo",))
    assert read_file(write(tmp_path / "b.jsonl", example.record())) == [example]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (row(intent="schedule"), "not one of a customer"),
        (row(speaker="nobody"), "nobody"),
        (row(text="  "), "empty"),
        ({"id": "x"}, "text"),
    ],
)
def test_a_line_that_is_not_usable_is_named(tmp_path: Path, bad: dict[str, object], says: str) -> None:
    with pytest.raises(ExamplesUnusable, match=rf"a\.jsonl:2.*{says}"):
        read_file(write(tmp_path / "a.jsonl", row(), bad))


def test_the_same_words_after_the_same_turn_are_kept_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", row(), row(id="a-2", text="多 少 钱"), row(id="a-3", context=["嗯"]))
    assert [one.id for one in read_examples([path])] == ["a-1", "a-3"]


def test_neighbours_in_a_file_fall_into_one_fold() -> None:
    folds = {fold_of(Example(f"tr-x-{number:04}", "", "customer", ""), 5) for number in range(12, 24)}
    assert len(folds) == 1
    assert {fold_of(Example(f"tr-x-{number:04}", "", "customer", ""), 5) for number in range(600)} == set(
        range(5)
    )


def test_the_hash_changes_with_a_label_and_not_with_the_order() -> None:
    one, other = (
        Example("1", "多少钱", "customer", "quote_request"),
        Example("2", "先看看", "customer", "vague_interest"),
    )
    changed = Example("2", "先看看", "customer", "quote_request")
    assert data_hash([one, other]) == data_hash([other, one]) != data_hash([one, changed])


def test_near_duplicates_are_kept_apart() -> None:
    held = [Example("d", "你们这台离心机最高多少转", "customer", "technical_inquiry")]
    near = Example("1", "你们这台离心机最高多少转啊", "customer", "technical_inquiry")
    far = Example("2", "离心机的噪音有多大", "customer", "technical_inquiry")
    assert without_near([near, far], held) == [far]
