"""Readings: ranked, calibrated, by speaker, with context, and fast."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from intents import Abstention, Classifier, Speaker, load_taxonomy, shipped_model
from intents.classifier import softmax


def test_softmax_of_logs_gives_the_shares_back() -> None:
    assert softmax(np.log(np.array([1.0, 3.0]))) == pytest.approx([0.25, 0.75])


def test_candidates_come_best_first_and_share_one_probability() -> None:
    confidences = [one.confidence for one in shipped_model().read("能便宜点吗").ranked]
    assert confidences == sorted(confidences, reverse=True)
    assert 0.9 < sum(confidences) <= 1.0 + 1e-9


def test_each_speaker_has_intents_of_their_own() -> None:
    for speaker in Speaker:
        allowed = {info.name for info in load_taxonomy().for_speaker(speaker)}
        assert {
            one.intent for one in shipped_model().read("华东医疗什么等级", speaker=speaker).ranked
        } <= allowed


def test_words_too_short_alone_are_read_by_the_turn_before() -> None:
    shipped = shipped_model()
    asked = shipped.read("多少", context=["你问的单价我发你"]).best.intent
    alone = shipped.read("可以", context=[]).best.intent
    assert (asked, alone) == ("quote_request", "smalltalk")


@pytest.mark.parametrize("text", ["", "  ", "?", "👍", "a" * 5000, "\u200b", "啊" * 5000, "\ud83d\ude00"])
def test_any_text_gets_a_reading(text: str) -> None:
    reading = shipped_model().read(text)
    assert reading.ranked
    assert all(np.isfinite(one.confidence) for one in reading.ranked)


def test_a_reading_that_abstained_names_no_intent_but_keeps_its_candidates(small: Classifier) -> None:
    reading = small.read("周末")
    assert reading.abstained is Abstention.LOW_CONFIDENCE
    assert reading.intent is None
    assert reading.best.intent


def test_a_reading_names_the_model_that_read() -> None:
    assert shipped_model().read("在吗").model == shipped_model().hash != ""


def test_threads_read_the_same() -> None:
    shipped, texts = shipped_model(), ["50台什么价", "先看看", "开机报E07", "发票抬头错了"] * 10
    alone = [shipped.read(text).ranked for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: shipped.read(text).ranked, texts)) == alone


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("你们标称的性价比是怎么测的", "technical_inquiry"),
        ("采购前想确认下重复精度", "technical_inquiry"),
        ("参数没问题,走合同吧", "purchase"),
        ("先看看,报价单发我一份", "quote_request"),
        ("先看看再说", "vague_interest"),
        ("催了三次没人理,再这样我直接找你们老板", "complaint"),
        ("年底到期了,续两年顺便再加30个账号", "renewal_expansion"),
        ("那个订单不要了,我们定了别家", "cancellation"),
    ],
)
def test_the_border_rules_are_read_as_written(text: str, intent: str) -> None:
    assert shipped_model().read(text).best.intent == intent


@pytest.mark.parametrize("text", ["X200 vs X350 噪声", "X200、X200R、X350对比一下", "x200和x350哪个便宜"])
def test_a_rep_who_compares_two_products_asks_the_documents(text: str) -> None:
    assert shipped_model().read(text, speaker="rep").intent == "ask_knowledge"


@pytest.mark.parametrize("text", ["你们", "那个", "嗯,", "好的呢"])
def test_hardly_a_word_is_no_complaint(text: str) -> None:
    assert shipped_model().read(text).intent in {None, "smalltalk"}
