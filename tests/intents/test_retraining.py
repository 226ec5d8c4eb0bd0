"""A challenger serves only if it is better overall, not worse on the frozen set and materially worse for no intent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intents import Classifier, Example, Outcome, Paired, Proposal, Registry, Verdict, retrain, train
from intents.retraining import (
    compare,
    judge,
    knowing,
    materially_worse,
    mcnemar,
    split,
    total,
    train_challenger,
)

from .conftest import Clock


def case(number: int, text: str, intent: str) -> Example:
    return Example(f"case-{number}", text, "customer", intent)


def knows(small: Classifier, *pairs: tuple[str, str], name: str = "other") -> Classifier:
    """The small model with these words in its memory: what it reads is known in advance."""
    labels = [case(number, text, intent) for number, (text, intent) in enumerate(pairs)]
    return replace(knowing(small, labels), hash=name)


ASKED = [
    "50台什么价",
    "报个价吧",
    "多少钱一台",
    "单价多少钱",
    "打几折",
    "发份报价单",
    "价目表发我一份",
    "含税价给一个",
]
"""The small model reads each as quote_request."""


def swapped(small: Classifier, count: int) -> Classifier:
    """Reads the first `count` of them as put-offs instead."""
    return knows(small, *((text, "vague_interest") for text in ASKED[:count]))


def wanting(intent: str, count: int = len(ASKED)) -> list[Example]:
    return [case(number, text, intent) for number, text in enumerate(ASKED[:count])]


def test_the_exact_test_is_the_binomial_one() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(6, 0) == pytest.approx(2 / 2**6)
    assert mcnemar(5, 1) == pytest.approx(2 * (1 + 6) / 2**6)


def test_a_model_that_mends_many_and_breaks_none_is_promoted(small: Classifier) -> None:
    verdict = compare(small, swapped(small, 8), wanting("vague_interest"), [])
    assert (verdict.outcome, verdict.frozen) == (Outcome.PROMOTED, Paired(8, 0, 8, 0))
    assert verdict.overall.p < 0.05


def test_a_gain_that_may_be_chance_promotes_nothing(small: Classifier) -> None:
    verdict = compare(small, swapped(small, 3), wanting("vague_interest", 3), [])
    assert verdict.outcome is Outcome.NOT_BETTER
    assert verdict.overall.mended == 3


def test_recent_corrections_do_not_outweigh_a_loss_on_the_frozen_set(small: Classifier) -> None:
    verdict = compare(small, swapped(small, 8), wanting("quote_request", 1), wanting("vague_interest"))
    assert verdict.outcome is Outcome.FROZEN_WORSE
    assert verdict.recent.mended == 8


def test_an_intent_that_is_lost_keeps_a_better_model_back(small: Classifier) -> None:
    frozen = [*wanting("vague_interest"), *wanting("quote_request", 2)]
    verdict = compare(small, swapped(small, 8), frozen, [])
    assert verdict.outcome is Outcome.INTENT_WORSE
    assert verdict.worse == ("quote_request",)


def test_the_same_model_again_is_no_challenger(small: Classifier) -> None:
    assert compare(small, small, wanting("quote_request"), []).outcome is Outcome.SAME


@pytest.mark.parametrize(
    ("pair", "worse"),
    [
        (Paired(20, 20, 0, 1), False),
        (Paired(20, 20, 0, 2), True),
        (Paired(20, 10, 3, 4), False),
        (Paired(100, 90, 0, 3), False),
        (Paired(100, 90, 0, 4), True),
    ],
)
def test_materially_worse_is_two_cases_and_three_in_a_hundred(pair: Paired, worse: bool) -> None:
    assert materially_worse(pair) is worse


def test_pairs_add_up() -> None:
    assert total([Paired(3, 1, 1, 0), Paired(2, 2, 0, 1)]) == Paired(5, 3, 1, 1)
    assert Paired(5, 3, 1, 1).after == 3


def test_the_newest_quarter_of_the_labels_is_held_out() -> None:
    labels = wanting("quote_request")
    learned, held = split(labels)
    assert (learned, held) == (labels[:6], labels[6:])
    assert split(labels[:3]) == (labels[:3], [])


def test_a_verdict_is_the_same_after_it_was_written_down(small: Classifier) -> None:
    verdict = compare(small, swapped(small, 8), wanting("vague_interest"), wanting("quote_request", 1))
    assert Verdict.of_json(verdict.as_json()) == verdict


def test_retraining_learns_the_older_labels_and_promotes_nothing_itself(
    registry: Registry, small: Classifier, examples: list[Example], clock: Clock
) -> None:
    registry.promote(registry.add(small).id, by="sunli")
    for number in range(8):
        clock.tick()
        label = registry.labels.propose(Proposal(WORDS[number], "customer", "correction"))
        registry.labels.settle(label, "vague_interest", "sunli")
    frozen = [case(0, "50台什么价", "quote_request")]
    verdict = retrain(registry, frozen, by="clock", examples=examples)
    assert (verdict.champion, verdict.learned, verdict.recent.cases) == (small.hash, 6, 2)
    assert registry.champion().hash == small.hash
    assert registry.info(verdict.challenger).card["corrections"] == 6


def test_a_label_that_is_nearly_a_frozen_case_teaches_nothing(
    registry: Registry, small: Classifier, examples: list[Example]
) -> None:
    registry.promote(registry.add(small).id, by="sunli")
    label = registry.labels.propose(Proposal("你们50台什么价格呢", "customer", "correction"))
    registry.labels.settle(label, "vague_interest", "sunli")
    verdict = retrain(registry, [case(0, "你们50台什么价格", "quote_request")], by="clock", examples=examples)
    assert verdict.learned == 0


WORDS = (
    "走三波老规矩",
    "上回那样弄",
    "先搁一搁吧",
    "年底前别催我",
    "下个季度聊",
    "等老板回来",
    "资料收到了谢谢",
    "没空看呢",
)


def settle(registry: Registry, clock: Clock, *texts: str) -> None:
    for text in texts:
        clock.tick()
        label = registry.labels.propose(Proposal(text, "customer", "correction"))
        registry.labels.settle(label, "vague_interest", "sunli")


@pytest.fixture
def serving(registry: Registry, small: Classifier) -> Registry:
    registry.promote(registry.add(small).id, by="sunli")
    return registry


def test_a_model_is_judged_on_labels_that_it_did_not_learn(
    serving: Registry, examples: list[Example], clock: Clock
) -> None:
    settle(serving, clock, *WORDS)
    frozen = [case(0, "50台什么价", "quote_request")]
    honest = train_challenger(serving, frozen, by="sunli", examples=examples)
    everything = serving.train(by="sunli", examples=examples)
    assert [judge(serving, one.id, frozen).verdict.recent.cases for one in (honest, everything)] == [2, 0]
    settle(serving, clock, "换个话题吧")
    assert [judge(serving, one.id, frozen).verdict.recent.cases for one in (honest, everything)] == [3, 1]


def test_what_the_serving_model_learned_does_not_count_for_the_other_either(
    serving: Registry, examples: list[Example], clock: Clock
) -> None:
    settle(serving, clock, *WORDS)
    older = train_challenger(serving, [], by="sunli", examples=examples)
    serving.promote(serving.train(by="sunli", examples=examples).id, by="sunli")
    assert judge(serving, older.id, []).verdict.recent.cases == 0


def test_a_recent_label_that_is_nearly_a_learned_one_does_not_count(
    serving: Registry, examples: list[Example], clock: Clock
) -> None:
    settle(serving, clock, *WORDS[:6], WORDS[0] + "吧", WORDS[7])
    verdict = retrain(serving, [], by="clock", examples=examples)
    assert (verdict.learned, verdict.recent.cases) == (6, 1)


def test_a_frozen_case_counts_only_where_no_label_near_it_was_learned(
    serving: Registry, examples: list[Example], clock: Clock
) -> None:
    settle(serving, clock, *WORDS)
    frozen = [case(0, WORDS[0], "vague_interest"), case(1, "50台什么价", "quote_request")]
    honest = train_challenger(serving, frozen, by="sunli", examples=examples)
    everything = serving.train(by="sunli", examples=examples)
    assert [judge(serving, one.id, frozen).verdict.frozen.cases for one in (honest, everything)] == [2, 1]


def test_the_sentences_that_changed_sides_are_named(serving: Registry, examples: list[Example]) -> None:
    swapped = [replace(one, intent="vague_interest") if one.text in ASKED[:5] else one for one in examples]
    other = serving.train(by="sunli", examples=swapped)
    cases = wanting("quote_request")
    judged = judge(serving, other.id, cases)
    assert judged.changed
    assert (
        len([one for one in judged.changed if one.before == one.case.intent]) == judged.verdict.frozen.broken
    )


def test_a_model_trained_after_another_keeps_its_figures(small: Classifier, examples: list[Example]) -> None:
    calibrated = train(examples, calibrate_on=examples[::4])
    assert calibrated.card["figures"]["readings"] == len(examples[::4])
    assert train(examples, calibrated_like=calibrated).card["figures"] == calibrated.card["figures"]
    assert "figures" not in small.card
