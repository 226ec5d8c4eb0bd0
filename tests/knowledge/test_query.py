"""A question before it is searched: models, parts, slips, written terms, what the conversation adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.encoder import HashedNgrams
from knowledge.lexicon import Concept, Lexicon, load
from knowledge.mending import alike, mended
from knowledge.query import Understanding

CATALOGUE = ("X200", "X200R", "X350", "P60", "P60H")


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon(load(), HashedNgrams.load())


@pytest.fixture(scope="module")
def understanding(lexicon: Lexicon) -> Understanding:
    return Understanding(lexicon, CATALOGUE)


@pytest.mark.parametrize(
    ("words", "models"),
    [
        ("X200R多重", {"x200r"}),
        ("x-200 r/min 多少", {"x200"}),
        ("350 占多大地方", {"x350"}),
        ("60 和 350 哪个好", {"p60", "x350"}),
        ("要 350 台", set()),
        ("2026年的价格", set()),
        ("P60H跟P60差在哪", {"p60h", "p60"}),
    ],
)
def test_models_are_recognised_as_people_write_them(
    understanding: Understanding, words: str, models: set[str]
) -> None:
    assert understanding.read(words).models == models


def test_a_model_that_no_document_knows_is_named(understanding: Understanding) -> None:
    assert understanding.read("X900多少钱").unknown_models == ("x900",)


def test_a_follow_up_takes_the_model_from_before(understanding: Understanding) -> None:
    question = understanding.read("那噪声呢", ["X350多少钱", "68000"])
    assert question.models == {"x350"}
    assert question.carried == ("X350多少钱",)


def test_a_bare_model_takes_the_topic_from_before(understanding: Understanding) -> None:
    question = understanding.read("X200R呢", ["X200噪声多大"])
    assert question.models == {"x200r"}
    assert "噪声" in question.text


def test_a_new_topic_with_a_model_carries_nothing(understanding: Understanding) -> None:
    assert understanding.read("P60的流量范围", ["X350多少钱"]).carried == ()


def test_several_questions_are_searched_apart(understanding: Understanding) -> None:
    parts = understanding.read("X200转速多少,质保几年？").parts
    assert [part.text for part in parts] == ["X200转速多少", "质保几年"]
    assert understanding.read("X200转速多少").parts == ()


def test_filler_is_no_search_term(understanding: Understanding) -> None:
    assert not {"请问", "一下", "多少"} & set(understanding.read("请问一下质保期是多少").whole.main)


def test_everyday_words_bring_the_written_term(understanding: Understanding) -> None:
    whole = understanding.read("X200转多快").whole
    assert any("最高转速" in one.concept.written for one in whole.meant)
    assert 0 < whole.terms["转速"] < 1


def test_a_model_does_not_disturb_what_the_lexicon_understands(understanding: Understanding) -> None:
    with_model, without = (understanding.read(words).whole.meant for words in ("X200R吵不吵", "吵不吵"))
    assert with_model == without


@pytest.mark.parametrize("words", ["", "  ", "???", "😀", "的了吗"])
def test_words_without_content_have_no_terms(understanding: Understanding, words: str) -> None:
    assert understanding.read(words).whole.main == ()


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("配苹怎么做", "配平怎么做"),
        ("至冷剂是什么", "制冷剂是什么"),
        ("保秘义务几年", "保密义务几年"),
        ("X350交火期", "X350交货期"),
    ],
)
def test_a_slip_of_the_input_method_is_put_right(understanding: Understanding, slip: str, meant: str) -> None:
    pairs = {"配平": 3, "制冷": 5, "冷剂": 2, "保密": 4, "义务": 4, "交货": 3, "货期": 3}
    assert understanding.mended(slip, lambda pair: pairs.get(pair, 0)) == meant


def test_words_that_people_say_are_left_alone(understanding: Understanding) -> None:
    for words in ("转多快", "保多久", "吵不吵", "老板是谁", "明天下雨吗"):
        assert understanding.mended(words, lambda pair: int(pair in {"老班", "明添"})) == words


def test_what_documents_write_is_never_mended() -> None:
    assert mended("质保期", lambda _: 1, ()) == "质保期"


def test_nothing_is_mended_into_what_no_document_has() -> None:
    assert mended("配苹", lambda _: 0, ()) == "配苹"


def test_sounds_that_many_do_not_keep_apart_count_as_alike() -> None:
    assert "制" in alike("至")
    assert "资" in alike("知")
    assert "资" not in alike("知", exactly=True)
    assert alike("X") == ""


def test_an_unusual_lexicon_line_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"say": ["x"], "written": ["y"]}\n{"say": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.jsonl:2"):
        load(tmp_path)


def test_the_shipped_lexicon_is_clean() -> None:
    concepts = load()
    assert len(concepts) > 3000
    assert all(one.say and one.written and all((*one.say, *one.written)) for one in concepts)


def test_unknown_words_bring_no_concept(lexicon: Lexicon) -> None:
    assert lexicon.meant("qwertyuiop") == ()


def test_vectors_of_sayings_are_kept_for_the_next_start(tmp_path: Path) -> None:
    concepts = (Concept(("转多快",), ("最高转速",)), Concept(("吵不吵",), ("噪声",)))
    first = Lexicon(concepts, HashedNgrams.load(), tmp_path).meant("吵不吵")
    (kept,) = tmp_path.glob("sayings-*.npy")
    assert Lexicon(concepts, HashedNgrams.load(), tmp_path).meant("吵不吵") == first
    Lexicon(concepts[:1], HashedNgrams.load(), tmp_path).meant("吵不吵")
    assert [path for path in tmp_path.iterdir() if path == kept] == []


def test_the_nearest_concept_comes_first() -> None:
    concepts = (Concept(("转多快",), ("最高转速",)), Concept(("吵不吵",), ("噪声",)))
    found = Lexicon(concepts, HashedNgrams.load()).meant("声音吵不吵")
    assert found[0].concept.written == ("噪声",)
