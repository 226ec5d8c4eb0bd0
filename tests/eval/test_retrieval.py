"""The retrieval suite: what counts as found, what the numbers mean, and that the cases are sound."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from eval.case import changed
from eval.suites.retrieval import Found, Report, Score, score
from eval.suites.retrieval_cases import Asked, Place, Shown, answers, questions, rank, sources, squeezed
from eval.suites.retrieval_posed import pose, recorded
from eval.suites.retrieval_run import library_of
from knowledge.passages import cut
from knowledge.readers import read

PLACE = Place("手册", "噪声；数值：≤56 dB", "X200")


def shown(text: str, heading: str = "3.1 X200 参数", doc: str = "手册", customer: str | None = None) -> Shown:
    return Shown(doc, text, heading, customer)


def test_a_passage_answers_when_words_and_heading_stand_in_it() -> None:
    assert answers(PLACE, shown("参数：噪声；数值：≤56dB(A)"))
    assert not answers(PLACE, shown("参数：噪声；数值：≤58 dB"))
    assert not answers(PLACE, shown("参数：噪声；数值：≤56 dB", heading="3.2 参数"))
    assert not answers(PLACE, shown("参数：噪声；数值：≤56 dB", doc="价目表"))


def test_the_rank_is_of_the_first_passage_that_answers() -> None:
    asked = Asked("1", "吵不吵", None, (PLACE,), ())
    right, wrong = shown("参数：噪声；数值：≤56 dB"), shown("无关")
    assert rank(asked, [wrong, right, right]) == 2
    assert rank(asked, [wrong]) is None


class Fixed:
    """Answers everything with the same passages."""

    def __init__(self, passages: Sequence[Shown], answerable: bool | None = True) -> None:
        self._found = Found(passages, answerable)

    def ask(self, question: str, customer: str | None) -> Found:
        return self._found


def scored(at: int | None, answerable: bool = True, judged: bool = True) -> Score:
    asked = Asked(str(at), "问", None, (PLACE,) if answerable else (), ("typo",))
    return Score(asked, at, judged, 0, 0.001, 10, "")


def test_recall_counts_answerable_questions_alone() -> None:
    report = Report("x", [scored(1), scored(3), scored(7), scored(None), scored(None, answerable=False)])
    values = [report.recall(k) for k in (1, 5, 10)]
    assert [value and value.value for value in values] == [0.25, 0.5, 0.75]


def test_mrr_is_the_mean_of_reciprocal_ranks() -> None:
    mrr = Report("x", [scored(1), scored(4), scored(None)]).mrr()
    assert mrr is not None
    assert mrr.value == pytest.approx((1 + 0.25) / 3)


def test_saying_yes_to_everything_does_not_pay() -> None:
    some = [scored(1), scored(1), scored(1), scored(None, answerable=False)]
    always = Report("x", some).answerable_f1()
    right = Report("x", [*some[:3], scored(None, answerable=False, judged=False)]).answerable_f1()
    assert always is not None
    assert right is not None
    assert (round(always.value, 3), right.value) == (round(6 / 7 / 2, 3), 1.0)


def test_another_customers_passage_is_counted_as_forbidden() -> None:
    asked = Asked("1", "质保", "A1", (PLACE,), ())
    system = Fixed([shown("a"), shown("b", customer="A1"), shown("c", customer="B2")])
    assert score(system, asked).forbidden == 1


def test_the_report_reads_and_serialises() -> None:
    report = Report("x", [scored(1), scored(None)], {"other": [scored(None), scored(2)]})
    assert "by tag" in report.as_text()
    written = report.as_json()
    assert written["baselines"]["other"]["recall@5"]["value"] == 0.5
    assert written["failures"][0][0] == "None"


@pytest.mark.parametrize("name", ["dev", "test"])
class TestCases:
    def test_ids_and_questions_are_unique(self, name: str) -> None:
        asked = questions(name)
        assert Counter(one.id for one in asked).most_common(1)[0][1] == 1
        assert Counter((one.question, one.customer) for one in asked).most_common(1)[0][1] == 1

    def test_every_answer_stands_in_exactly_one_passage(self, name: str) -> None:
        from knowledge.particulars import title_of

        cut_up = {
            one.title or title_of(one.path): cut(read(one.path), one.title or "") for one in sources(name)
        }
        for asked in questions(name):
            for place in asked.answers:
                found = [
                    piece
                    for piece in cut_up[place.doc]
                    if squeezed(place.find) in squeezed(piece.text)
                    and squeezed(place.under) in squeezed(piece.heading)
                ]
                assert len(found) == 1, (asked.id, place)

    def test_every_kind_of_question_is_there(self, name: str) -> None:
        tags = {tag for one in questions(name) for tag in one.tags}
        assert tags == {"colloquial", "typo", "table", "clause", "paraphrase", "unanswerable"}


def test_the_test_questions_are_the_frozen_ones_and_their_documents_unseen() -> None:
    assert changed("retrieval/test.jsonl") is None
    assert not {one.path.name for one in sources("test")} & {one.path.name for one in sources("dev")}
    assert len(questions("dev")) + len(questions("test")) >= 300


@pytest.mark.parametrize("name", ["dev", "test"])
def test_recorded_questions_reach_the_passages_they_were_written_for(name: str) -> None:
    path = recorded(name)
    assert path is not None
    written = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with library_of(sources(name)) as (library, _):
        reached = pose(library, path)
        kept = sum(len(one.questions) for info in library.list() for one in library.passages_of(info.id))
        assert library.check().ok
    assert reached == len(written)
    assert kept >= 0.98 * sum(len(one["questions"]) for one in written)
