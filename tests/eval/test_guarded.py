"""The guard's table: each way counted by hand, and the same readings from held-out scores as from words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.baselines.guarded import Read, Share, held_out, numbers, read_cases, read_held, table
from intents import Classifier, Example, train
from intents.guard import Guard
from intents.heldout import Seen, hold
from tests.intents.conftest import small_set


@pytest.fixture(scope="module")
def small() -> Classifier:
    return train(small_set())


def test_numbers_are_those_counted_by_hand(small: Classifier) -> None:
    asks, buys = (Example("a", "x", "customer", intent) for intent in ("technical_inquiry", "purchase"))
    reads = [
        Read(asks, "purchase", True),
        Read(asks, "technical_inquiry", False),
        Read(buys, "purchase", True),
    ]
    found = numbers(reads, small)
    assert found == (Share(1, 2), Share(2, 3), Share(2, 3), Share(1, 2))
    assert str(found.right) == "0.667"


def test_from_scores_is_read_what_is_read_from_words(small: Classifier) -> None:
    cases = small_set()
    held = [hold(small.heads[one.speaker], Seen(one, small.eyes.see(one.text, one.context))) for one in cases]
    plain = replace(small, scopes={})
    assert list(read_held(plain, held)) == list(read_cases(plain, cases))


def test_a_line_an_industry_and_one_for_all(small: Classifier) -> None:
    cases = [replace(one, industry="medical" if at % 2 else "") for at, one in enumerate(small_set())]
    held = held_out(small, cases)
    assert len(held) == len(cases)
    lines = list(table(replace(small, guard=Guard(0.5)), held, cases))
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| no industry",
        "| medical",
        "| all",
        "| answered; right of those",
    ]
    assert all(line.count("|") == 6 for line in lines)
