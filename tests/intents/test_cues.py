"""The cue lexicon: what it finds, what it leaves out, and how it says that a line is not usable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from intents import ExamplesUnusable, load_taxonomy
from intents.cues import CUES, Cue, CueLexicon, read_cues, shipped_cues


def test_a_cue_inside_a_longer_one_of_the_same_intent_is_left_out() -> None:
    lexicon = CueLexicon([Cue("报价", "quote_request", 1), Cue("报价单发我", "quote_request", 3)])
    assert [hit.cue.text for hit in lexicon.find("报价单发我一份")] == ["报价单发我"]


def test_a_cue_inside_a_longer_one_of_another_intent_stays() -> None:
    lexicon = CueLexicon([Cue("报价", "quote_request", 1), Cue("别急着报价", "vague_interest", 3)])
    found = {hit.cue.intent for hit in lexicon.find("别急着报价")}
    assert found == {"quote_request", "vague_interest"}


def test_a_hit_says_where_the_cue_stands() -> None:
    (hit,) = CueLexicon([Cue("多少钱", "quote_request", 3)]).find("这个多少钱")
    assert (hit.start, hit.end) == (2, 5)


def test_the_same_cue_is_found_as_often_as_it_is_said() -> None:
    assert len(CueLexicon([Cue("在吗", "smalltalk", 2)]).find("在吗在吗")) == 2


def test_a_line_that_is_no_cue_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"cue": "多少钱", "intent": "quote_request", "strength": 3}\n{"cue": "x"}\n')
    with pytest.raises(ExamplesUnusable, match=r"broken\.jsonl:2"):
        read_cues([path])


def test_a_cue_is_kept_once_in_its_normal_spelling(tmp_path: Path) -> None:
    path = tmp_path / "cues.jsonl"
    row = '{"cue": "%s", "intent": "quote_request", "strength": 3, "not": ["billing"]}\n'
    path.write_text(row % "多少 钱" + row % "多少錢嗎" + row % "多少钱吗" + row % "啥", encoding="utf-8")
    assert [cue.text for cue in read_cues([path])] == ["多少钱", "多少钱吗"]
    assert read_cues([path])[0].against == ("billing",)


def test_the_shipped_lexicon_is_large_and_speaks_of_known_intents_only() -> None:
    lexicon, known = shipped_cues(), set(load_taxonomy().intents)
    assert len(lexicon) > 8000
    assert {hit.cue.intent for hit in lexicon.find("多少钱,先看看,质保几年")} <= known


def test_a_regular_expression_finds_words_with_others_between_them(tmp_path: Path) -> None:
    path = tmp_path / "cues.jsonl"
    path.write_text(
        '{"regex": "续.{0,3}[1-5两]年", "intent": "renewal_expansion", "strength": 3}\n', encoding="utf-8"
    )
    (cue,) = read_cues([path])
    assert cue.regex
    (hit,) = CueLexicon([cue, Cue("续", "billing", 1)]).find("那就续签2年吧")
    assert (hit.cue, hit.start, hit.end) == (cue, 2, 6)
    assert CueLexicon([cue]).find("续签的事过2个年再说") == []


def test_a_phrase_inside_what_a_regular_expression_finds_is_left_out() -> None:
    pattern = Cue("续.{0,3}[1-5两]年", "renewal_expansion", 3, regex=True)
    lexicon = CueLexicon([pattern, Cue("续签", "renewal_expansion", 1)])
    assert [hit.cue for hit in lexicon.find("续签两年")] == [pattern]


def test_a_pattern_that_finds_no_more_than_a_phrase_counts_once() -> None:
    phrase = Cue("质保几年", "contract_terms", 3)
    lexicon = CueLexicon([Cue("质保.{0,4}几年", "contract_terms", 3, regex=True), phrase])
    assert [hit.cue for hit in lexicon.find("质保几年")] == [phrase]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"regex": "续(", "intent": "billing", "strength": 3}', "missing"),
        ('{"regex": "(续签)?", "intent": "billing", "strength": 3}', "found in nothing at all"),
        ('{"cue": "续签", "intent": "billing", "strength": 4}', "strength 4"),
        ('{"reviewed": "lately", "by": "trainer"}', "lately"),
        ('{"reviewed": "2026-11-28", "by": ""}', "which role"),
    ],
)
def test_what_cannot_be_a_cue_or_a_review_is_named_with_its_line(
    line: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ExamplesUnusable, match=rf"wrong\.jsonl:1: .*{said}"):
        read_cues([path])


def test_letters_and_digits_inside_a_longer_word_or_number_are_no_cue() -> None:
    lexicon = CueLexicon(
        [Cue("hi", "smalltalk", 1), Cue("331", "contract_terms", 3), Cue("po下了", "purchase", 3)]
    )
    assert lexicon.find("this型号,电话13312345678") == []
    assert [hit.cue.text for hit in lexicon.find("hi,付款331行吗,po下了")] == ["hi", "331", "po下了"]


def test_every_shipped_file_begins_with_its_review_and_holds_cues_of_its_own_intent() -> None:
    paths = sorted(CUES.glob("*.jsonl"))
    assert {path.stem for path in paths} == set(load_taxonomy().intents)
    for path in paths:
        assert "reviewed" in json.loads(path.read_text(encoding="utf-8").splitlines()[0])
        assert {cue.intent for cue in read_cues([path])} == {path.stem}
    assert any(cue.regex for cue in read_cues(paths))
