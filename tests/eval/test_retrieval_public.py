"""Public retrieval sets: answers are found wherever a system cuts, and a folder without one is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.suites import Options
from eval.suites.retrieval_cases import Shown, answers
from eval.suites.retrieval_public import NotAPublicSet, read_set, standing
from eval.suites.retrieval_run import run_retrieval

TEXT = "整机质保期为二十四个月，自验收合格之日起计算。\n超出质保期的维修按价格表收费。"


def write(folder: Path) -> Path:
    passages = [
        {"id": "a", "doc": "售后/政策.md", "text": TEXT},
        {"id": "b", "doc": "售后/政策.md", "text": "签收后七天内可以退货，运费由客户承担。"},
        {"id": "c", "doc": "产品/手册.md", "text": "工作温度为零下十度到四十度。"},
    ]
    queries = [
        {"id": "1", "query": "质保期多久", "relevant": ["a"], "answers": ["二十四个月"]},
        {"id": "2", "query": "能退货吗", "relevant": ["b"]},
    ]
    for name, rows in (("passages.jsonl", passages), ("queries_dev.jsonl", queries)):
        (folder / name).write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return folder


def test_a_passage_is_known_by_its_answer_or_by_its_middle() -> None:
    assert standing(TEXT, ["二十四个月"]) == "整机质保期为二十四个月，自验收合格之日起计算。"
    assert standing(TEXT, ()) in TEXT.split("\n")[0]
    assert standing(TEXT, ["没有这句"]) == standing(TEXT, ())


def test_documents_are_put_together_again_and_hold_every_answer(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    found = read_set(write(tmp_path), tmp_path / "to")
    texts = {one.title: one.path.read_text(encoding="utf-8") for one in found.sources}
    assert set(texts) == {"售后_政策", "产品_手册"}
    for asked in found.questions:
        (place,) = asked.answers
        assert answers(place, Shown(place.doc, texts[place.doc], "", None))


def test_every_system_answers_a_public_set(tmp_path: Path) -> None:
    report = run_retrieval(Options(data=str(write(tmp_path))))
    recall = report.recall(1)
    assert recall
    assert recall.value == 1.0
    assert set(report.baselines) == {"BM25 alone", "dense alone", "LangChain splitter, Chroma"}


def test_a_folder_without_queries_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAPublicSet, match=r"queries\*\.jsonl"):
        read_set(tmp_path, tmp_path)
