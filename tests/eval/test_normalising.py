"""Normalisation without a step, and words misspelt by their sound."""

from __future__ import annotations

from eval.baselines.homophones import table
from eval.baselines.normalising import misspelt, normalised_by
from intents import Example
from intents.normalise import STEPS, normalise


def test_a_step_is_left_out_as_long_as_it_lasts() -> None:
    before = dict(STEPS)
    with normalised_by({name: step for name, step in STEPS.items() if name != "slips"}):
        assert normalise("抱价单发我") == "抱价单发我"
    assert normalise("抱价单发我") == "报价单发我"
    assert before == STEPS


def test_without_any_step_words_stay_as_written() -> None:
    with normalised_by({}):
        assert normalise("Ｘ２００!!!! 好") == "Ｘ２００!!!! 好"


def test_misspelt_cases_differ_in_one_character_and_keep_their_labels() -> None:
    case = Example("1", "这台设备多少钱", "customer", "quote_request")
    wrong = misspelt([case, Example("2", "?", "customer", "smalltalk")], draws=3)
    assert len(wrong) == 3
    for one in wrong:
        assert one.intent == case.intent
        assert sum(a != b for a, b in zip(one.text, case.text, strict=True)) == 1


def test_a_slip_of_a_common_word_is_listed_and_what_people_write_is_not() -> None:
    said = [Example(str(n), f"演示{n}", "customer", "meeting_request") for n in range(20)]
    said += [Example(f"x{n}", "言是", "customer", "smalltalk") for n in range(3)]
    (line,) = table(said)
    word, pairs = line.split("\t")
    assert word == "演示"
    assert "掩示" in pairs.split(" ")
    assert "言是" not in pairs.split(" ")
