"""Slips of the input method are put right where nothing else can be meant, and nowhere else."""

from __future__ import annotations

import pytest

from intents import shipped_model
from intents.features import shipped_eyes
from intents.homophones import HOMOPHONES, mended
from intents.normalise import normalise


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("下周能来掩示一下吗", "下周能来演示一下吗"),
        ("我们换系桶了", "我们换系统了"),
        ("那单取硝吧", "那单取消吧"),
        ("合铜没问题", "合同没问题"),
        ("下载链皆失效", "下载链接失效"),
    ],
)
def test_a_pair_that_nobody_writes_becomes_the_common_word_of_the_same_sound(said: str, meant: str) -> None:
    assert mended(normalise(said)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "X200带制冷吗",
        "高架上堵着",
        "权利义务写清楚",
        "保价条款怎么算",
        "安装期间停机吗",
        "周五到货",
        "hi",
        "",
    ],
)
def test_words_that_are_said_stay(text: str) -> None:
    assert mended(normalise(text)) == normalise(text)


def test_places_hold_so_that_reasons_lead_back_to_the_words_as_written() -> None:
    text = "这周能来掩示一下吗"
    assert len(mended(text)) == len(text)
    spans = [span for one in shipped_model().read(text).ranked[:1] for span in one.because]
    assert spans
    for span in spans:
        assert text[span.start : span.end] == span.text


def test_features_see_the_word_that_was_meant_unless_told_otherwise() -> None:
    eyes = shipped_eyes()
    assert {one.name for one in eyes.see("来掩示一下")} >= {"w:演示"}
    assert not any(
        "演示" in one.name for one in type(eyes)(eyes.cues, eyes.graph, homophones=False).see("来掩示一下")
    )


def test_every_pair_of_the_list_is_one_character_off_its_word_and_stands_there_once() -> None:
    pairs: list[str] = []
    for line in HOMOPHONES.read_text(encoding="utf-8").splitlines():
        word, written = line.split("\t")
        for pair in written.split(" "):
            assert [a == b for a, b in zip(pair, word, strict=True)].count(True) == 1
            pairs.append(pair)
    assert len(pairs) == len(set(pairs)) > 10_000
