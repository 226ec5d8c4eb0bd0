"""Training stays apart from what is measured on, and nouns swapped in a frame are seen through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.case import intent_cases
from eval.hygiene import alike, frame, inspect, templated
from intents import Example, shipped_examples


def test_the_shipped_examples_are_fit_to_train_on() -> None:
    assert inspect().complaints == []


def test_a_training_example_nearly_in_dev_is_named() -> None:
    copied = replace(max(intent_cases("dev"), key=lambda one: len(one.text)), id="copied")
    copied = replace(copied, text=copied.text + "啊")
    found = inspect([copied, *shipped_examples()[:50]])
    assert found.near["dev"] == ("copied",)
    assert found.near["dev-more"] == ()
    assert any("copied" in line for line in found.complaints)


def test_nouns_swapped_in_a_frame_are_counted() -> None:
    frames = [
        Example(str(n), f"请问你们的{thing}支持不支持{n}个通道呢", "customer", "technical_inquiry")
        for n, thing in enumerate(("离心机", "监护仪", "传感器"))
    ]
    assert frame(frames[0].text) == frame(frames[1].text)
    assert templated(frames) == 1.0
    assert (
        templated([frames[0], Example("x", "防护等级到底能做到多少", "customer", "technical_inquiry")]) == 0.0
    )
    assert any("share a frame" in line for line in inspect(frames).complaints)


def test_nouns_no_graph_knows_are_seen_through_too() -> None:
    said = (
        "窗帘挂钩什么时候才能发到我们厂里",
        "雨伞什么时候才能发到我们厂里",
        "发到我们厂里的货怎么还缺一箱",
    )
    shells = [Example(str(n), text, "customer", "delivery_inquiry") for n, text in enumerate(said)]
    assert templated(shells) == pytest.approx(2 / 3)


def test_nearly_the_same_words_are_named_unless_they_follow_other_turns() -> None:
    one = Example("1", "上礼拜那台还没修好呢", "customer", "service_request")
    again = replace(one, id="2", text="上礼拜那台还没修好呢!")
    assert alike([one, again]) == ("2",)
    assert alike([one, replace(again, context=("打款了",))]) == ()
    assert alike([one, replace(again, intent="complaint")]) == ()
    assert any("take out 2" in line for line in inspect([one, again]).complaints)


def test_a_frame_counts_within_one_intent_only() -> None:
    one = Example("1", "这个型号到底怎么样", "customer", "technical_inquiry")
    assert templated([one, replace(one, intent="quote_request")]) == pytest.approx(0.0)
