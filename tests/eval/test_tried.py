"""Other ways to read: each learns a handful of sentences and reads unseen cases; an unknown way is refused."""

from __future__ import annotations

import pytest

from eval.baselines.tried import WAYS, learned, tried
from intents.features import shipped_eyes
from tests.intents.conftest import small_set


@pytest.mark.parametrize(
    "name", ["linear SVM", "nearest neighbours", "prototypes", "averaged embeddings", "contrastive encoder"]
)
def test_a_way_reads_what_it_learned(name: str) -> None:
    assert name in WAYS
    eyes, cases = shipped_eyes(), small_set()
    found = tried(name, learned(cases, eyes), cases, eyes)
    assert found.accuracy is not None
    assert found.accuracy.value > 0.6
    assert found.milliseconds > 0
    assert str(found).startswith(f"| {name} | {found.accuracy} |")
