"""What another industry or other weights would change is told before it is saved, and nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from knowledge import Library
from knowledge.effect import Answer, Question, effect_of
from knowledge.industry import parse_industry
from knowledge.rerank import Weights

Write = Callable[[str, str], Path]
BOILERS = "applications: {锅炉补水: [P60H]}\n"
PUMPS = "# 计量泵\n\n## P60\n\nP60 压力 20 bar。\n\n## P60H\n\nP60H 压力 100 bar。\n"
ASKED = Question("锅炉补水压力多少", (Answer("计量泵", "P60H 压力 100 bar。"),))


def test_a_question_that_another_passage_answers_is_a_shift(library: Library, write: Write) -> None:
    library.add(write("计量泵.md", PUMPS))
    counted: list[int] = []
    before, after = library.as_if(), library.as_if(industry=parse_industry(BOILERS))
    effect = effect_of(before, after, [ASKED, Question("P60 压力多少")], counted.append)
    assert (effect.questions, effect.judged, effect.after) == (2, 1, 1)
    (shift,) = effect.shifts
    assert shift.question == ASKED
    assert (shift.was.passage, shift.was.answerable) != (shift.now.passage, shift.now.answerable)
    assert "P60H" in shift.now.first
    assert shift.now.right
    assert counted == [1, 2]


def test_the_same_again_changes_nothing_and_what_was_tried_is_not_in_force(
    library: Library, write: Write
) -> None:
    library.add(write("计量泵.md", PUMPS))
    known = library.index_hash
    assert effect_of(library.as_if(), library.as_if(), [ASKED]).shifts == ()
    assert library.as_if(weights=replace(Weights(), dense=0.0)).reranker.weights.dense == 0
    library.as_if(industry=parse_industry(BOILERS))
    assert library.weights == Weights()
    assert library.index_hash == known
    assert library.files.industry() == ()
