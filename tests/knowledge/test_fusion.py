"""A company's own questions choose its weights, and only where unseen ones are answered no worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge import Findings, Library
from knowledge.fusion import (
    FEWEST,
    Measured,
    OwnQuestion,
    QuestionsWrong,
    WeightsWrong,
    parse_weights,
    read_questions,
    tune,
    written,
)
from knowledge.rerank import Weights
from tests.fakes.evidence import evidence, findings

Write = Callable[[str, str], Path]
MANY = [OwnQuestion(f"问题{at}", "手册", f"答案{at}。") for at in range(FEWEST)]
RIGHT, WRONG = "手册", "别的"


def answering(right: Callable[[OwnQuestion, Weights], bool]) -> Callable[[OwnQuestion, Weights], Findings]:
    """The answer first where `right` says so, else second."""

    def ask(asked: OwnQuestion, weights: Weights) -> Findings:
        answer, other = evidence(asked.find, RIGHT), evidence(asked.find, WRONG)
        return findings(answer, other) if right(asked, weights) else findings(other, answer)

    return ask


def test_ranks_are_counted_as_by_hand() -> None:
    found = Measured.of([1, 2, None, 6])
    assert (found.questions, found.first, found.fifth) == (4, 1, 2)
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 6) / 4)


def test_a_signal_that_hurts_everywhere_is_switched_off() -> None:
    tuned = tune(MANY, answering(lambda asked, weights: weights.dense == 0), Weights(), lambda line: None)
    assert tuned.better
    assert tuned.weights == replace(Weights(), dense=0.0, concept=0.0, context=0.4)
    assert (tuned.before.first, tuned.after.first, tuned.unseen.first) == (0, FEWEST, FEWEST)


def test_what_only_fits_the_questions_that_chose_it_is_not_taken() -> None:
    """Each fold likes other weights: whoever chose by the rest is wrong on the one left out."""
    likes = [replace(Weights(), dense=dense, concept=concept, context=0.4) for dense, concept in
             ((0.0, 0.0), (0.35, 0.0), (1.0, 0.0), (1.4, 0.0), (0.0, 0.8))]  # fmt: skip
    fits = dict(zip((one.question for one in MANY), (likes[at % 5] for at in range(FEWEST)), strict=True))

    def right(asked: OwnQuestion, weights: Weights) -> bool:
        return weights == fits[asked.question] or (weights == Weights() and asked is MANY[0])

    tuned = tune(MANY, answering(right), Weights(), lambda line: None)
    assert tuned.after.first > tuned.before.first
    assert not tuned.better


def test_where_nothing_is_better_todays_weights_stay() -> None:
    now = replace(Weights(), dense=1.0)
    tuned = tune(MANY, answering(lambda asked, weights: True), now, lambda line: None)
    assert (tuned.weights, tuned.better) == (now, False)


def test_too_few_questions_choose_nothing() -> None:
    with pytest.raises(QuestionsWrong, match=str(FEWEST)):
        tune(MANY[:-1], answering(lambda asked, weights: True), Weights(), lambda line: None)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"dense": "much"}', '{"dense": -1}', '{"volume": 1}', '{"dense": true}']
)
def test_spoiled_weights_are_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(WeightsWrong, match="--reset"):
        parse_weights(text)


def test_weights_read_back_as_they_were_written() -> None:
    own = replace(Weights(), dense=0.0, concept=0.25)
    assert parse_weights(written(own)) == own


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"question": "a"}', '{"question": "", "doc": "d", "find": "f"}']
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "own.jsonl"
    good = json.dumps({"question": "q", "doc": "d", "find": "f"})
    path.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(QuestionsWrong, match=r"own\.jsonl:2"):
        read_questions(path)


def test_other_weights_order_a_librarys_answers_otherwise(library: Library, write: Write) -> None:
    library.add(write("手册.md", "# 手册\n\n## 一\n\n整机质保期 12 个月。\n\n## 二\n\n净重 28 kg。\n"))
    asked = OwnQuestion("保多久", "手册", "12 个月")
    with_terms = library.ask(asked, Weights()).evidence
    assert "12 个月" in with_terms[0].passage.text
    bare = library.ask(asked, replace(Weights(), dense=0.0, concept=0.0, kind=0.0)).evidence
    assert bare[0].score < with_terms[0].score
