"""A model's card names what it reads worse than the rest, with counts, from utterances that it never learned."""

from __future__ import annotations

from intents import Classifier, Example, Proposal, Registry
from intents.weaknesses import CARD, HeldOut, held_out, known_weaknesses, weaknesses


def readings(
    intent: str, read: str, count: int, industry: str = "pumps", tag: str = "voice"
) -> list[HeldOut]:
    case = Example("one", "多少钱", "customer", intent, industry=industry, tags=(tag,))
    return [HeldOut(case, read)] * count


MIXED = [
    *readings("quote_request", "quote_request", 9),
    *readings("quote_request", "purchase", 1),
    *readings("vague_interest", "vague_interest", 2, "lasers", "typo"),
    *readings("vague_interest", "quote_request", 4, "lasers", "typo"),
    *readings("smalltalk", "purchase", 2),
]


def test_the_worst_come_first_with_their_counts_and_rare_ones_are_left_out() -> None:
    found = weaknesses(MIXED)
    assert (found["cases"], found["right"]) == (18, 11)
    assert found["recall"] == [
        {"name": "vague_interest", "right": 2, "of": 6},
        {"name": "quote_request", "right": 9, "of": 10},
    ]
    assert found["precision"] == [{"name": "quote_request", "right": 9, "of": 13}]
    assert found["confusions"][0] == {"wanted": "vague_interest", "read": "quote_request", "count": 4}


def test_only_industries_and_tags_below_the_whole_are_named() -> None:
    found = weaknesses(MIXED)
    assert found["industries"] == [{"name": "lasers", "right": 2, "of": 6}]
    assert found["tags"] == [{"name": "typo", "right": 2, "of": 6}]


def test_a_model_without_mistakes_has_none_and_no_cases_are_no_error() -> None:
    assert weaknesses(readings("quote_request", "quote_request", 6))["recall"] == []
    assert weaknesses([])["cases"] == 0


def test_they_are_kept_on_the_card_and_counted_again_for_other_cases(
    registry: Registry, small: Classifier
) -> None:
    model = registry.add(small).id
    cases = [Example(f"c{n}", f"{n}0台要多少钱呢", "customer", "contract_terms") for n in range(6)]
    found = known_weaknesses(registry, model, cases)
    assert found["right"] == sum(one.right for one in held_out(small, cases)) < 6
    assert registry.info(model).card[CARD] == found
    assert registry.info(model).card["data"] == small.card["data"]
    assert known_weaknesses(registry, model, cases[:5])["cases"] == 5


def test_a_case_that_is_nearly_a_settled_label_does_not_count(registry: Registry, small: Classifier) -> None:
    cases = [Example("c1", "这台设备什么价格呢", "customer", "quote_request")]
    label = registry.labels.propose(Proposal("这台设备什么价格呢", "customer", "correction"))
    registry.labels.settle(label, "quote_request", "sunli")
    assert known_weaknesses(registry, registry.add(small).id, cases)["cases"] == 0
