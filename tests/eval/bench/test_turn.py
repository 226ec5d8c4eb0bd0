"""A turn's cost is counted where workers run, and a look at a queue finds something."""

from __future__ import annotations

from eval.bench.turn import measure


def test_each_turn_costs_a_look_at_the_deliveries_and_one_at_the_messages() -> None:
    cost = measure(2)
    assert cost.looks == 2 * cost.turns
    assert cost.seconds > 0
    assert cost.statements > 10 * cost.turns
