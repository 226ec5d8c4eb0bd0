"""The cue lexicon: what it finds, what it leaves out, and how it says that a line is not usable."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import ExamplesUnusable, load_taxonomy
from intents.cues import Cue, CueLexicon, read_cues, shipped_cues


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
