"""A short soak: five sources with every fault end in exactly the expected state, on each database."""

from __future__ import annotations

import pytest

from eval.bench.events import soak
from eval.bench.events_story import Faults, tell
from tests.fakes.clock import START


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_history_full_of_faults_ends_in_exactly_the_expected_state(seed: int) -> None:
    soaked = await soak(1500, seed)
    assert soaked.wrong == 0
    assert soaked.counted_twice == 0
    assert soaked.dead_letters == soaked.broken
    assert min(soaked.duplicates, soaked.broken, soaked.ahead, soaked.lost, soaked.found_by_sweep) > 0


def test_the_story_is_the_same_for_the_same_seed_and_arrives_out_of_order() -> None:
    one, two = tell(500, 7, START), tell(500, 7, START)
    assert one.sent == two.sent
    assert one.sent != tell(500, 7, START, Faults(reordered=0)).sent
