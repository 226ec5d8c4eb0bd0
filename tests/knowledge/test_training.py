"""Training is seeded, small and does what it says: a saying finds its concept."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from knowledge import training
from knowledge.encoder import OWN, HashedNgrams
from knowledge.lexicon import Concept
from knowledge.training import Choices, _batches, found_again, hold_out, pairs, quantised, retrain, train

CONCEPTS = [
    Concept(
        (f"怎么{verb}呀", f"{verb}要咋弄", f"{verb}的方法", f"如何{verb}好"), (f"{verb}步骤", f"{verb}规程")
    )
    for verb in ("清洗", "校准", "充电", "退货", "开票", "搬运", "接线", "升级")
]
SMALL = Choices(rows=512, dimensions=16, epochs=12, batch=8)


@pytest.mark.filterwarnings("ignore")
def test_a_trained_encoder_finds_the_concept_of_a_saying_it_has_not_seen() -> None:
    kept, held = hold_out(CONCEPTS, seed=3)
    assert held
    assert found_again(held, kept, train(kept, SMALL))[1] >= 0.8


def test_no_batch_holds_a_concept_twice_and_none_is_lost() -> None:
    found = pairs(CONCEPTS, random.Random(1))
    batches = list(_batches(found, 8))
    assert sum(len(left) for left, _ in batches) >= len(found) * 0.8
    verbs = {text[:2] for text in ("清洗", "校准")}
    assert verbs
    assert all(len(left) == len(right) <= 8 for left, right in batches)


def test_held_out_sayings_are_not_trained_on() -> None:
    kept, held = hold_out(CONCEPTS, seed=3)
    assert all(saying not in kept[at].say for saying, at in held)


def test_quantising_keeps_the_directions() -> None:
    table = np.random.default_rng(1).normal(size=(512, 16)).astype(np.float32)
    vectors = quantised(table).encode(["清洗的方法"])
    from knowledge.encoder import buckets, unit

    exact = unit(table[buckets("清洗的方法", 512)].sum(axis=0, keepdims=True))
    assert float((vectors @ exact.T)[0, 0]) > 0.999


@pytest.mark.filterwarnings("ignore")
def test_own_sayings_are_learned_and_measured_on_ones_held_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(training, "load", lambda: tuple(CONCEPTS[:4]))
    own = CONCEPTS[4:]
    before = train(CONCEPTS[:4], SMALL)
    made = retrain(own, before, SMALL)
    assert made.held == len(own)
    assert made.after >= made.before
    assert made.better
    assert HashedNgrams.in_use(tmp_path).fingerprint != made.encoder.fingerprint
    made.encoder.save(tmp_path / OWN)
    assert HashedNgrams.in_use(tmp_path).encode(["清洗"]).shape == (1, SMALL.dimensions)
