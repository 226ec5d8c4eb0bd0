"""What the classifier sees, and where in the text it sees it."""

from __future__ import annotations

from intents.cues import Cue, CueLexicon
from intents.features import ALONE, LONGEST, Eyes
from intents.graph import Fact, KnowledgeGraph

EYES = Eyes(
    CueLexicon([Cue("多少钱", "quote_request", 2, ("billing",))]),
    KnowledgeGraph((Fact("离心机", "parameter", "转速", "medical"),)),
)


def names(text: str, *context: str) -> list[str]:
    return [one.name for one in EYES.see(text, context)]


def test_grams_mark_both_ends() -> None:
    assert {"g:^", "g:^在", "g:在吗$", "g:吗$"} <= set(names("在吗"))


def test_a_cue_counts_as_often_as_it_is_strong_and_speaks_against_others() -> None:
    seen = names("这个多少钱")
    assert seen.count("q:quote_request") == 2
    assert seen.count("q:quote_request:2") == 1
    assert "n:billing" in seen


def test_a_thing_named_is_seen_with_its_place() -> None:
    (topic,) = [one for one in EYES.see("最高转速呢") if one.name == "k:parameter"]
    assert (topic.start, topic.end) == (2, 4)


def test_every_feature_with_a_place_stands_on_the_characters_it_names() -> None:
    text = "转速多少钱"
    for one in EYES.see(text):
        kind, _, said = one.name.partition(":")
        if kind == "g":
            assert text[one.start : one.end] == said.strip("^$")
        if kind == "w":
            assert text[one.start : one.end] == said.replace("_", "")


def test_the_turn_before_is_read_only_where_the_words_are_too_short_alone() -> None:
    assert "c:交期" in names("多久", "你问的交期")
    longer = "那台设备大概要等多久才能到我们厂里"
    assert len(longer) > ALONE
    assert not any(name.startswith("c:") for name in names(longer, "你问的交期"))


def test_a_very_long_utterance_is_read_at_its_end() -> None:
    text = "开头" + "呃啊" * LONGEST + "转速多少钱"
    seen = EYES.see(text)
    assert "g:开" not in {one.name for one in seen}
    (cue,) = [one for one in seen if one.name == "q:quote_request:2"]
    assert text[cue.start : cue.end] == "多少钱"


def test_kinds_of_features_can_be_left_out_for_an_ablation() -> None:
    blind = Eyes(EYES.cues, EYES.graph, frozenset("qn"))
    assert not [one for one in blind.see("多少钱") if one.name[0] in "qn"]
