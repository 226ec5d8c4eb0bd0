"""Models are kept, promoted and rolled back; every process notices, and a correction works at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from intents import Classifier, Example, ModelUnknown, ModelUnusable, Proposal, Registry, shipped_model, train

from .conftest import Clock


@pytest.fixture(scope="session")
def other(examples: list[Example]) -> Classifier:
    return train(examples[:-1])


def elsewhere(engine: Engine, tmp_path: Path, clock: Clock) -> Registry:
    """The registry of another process on the same store."""
    return Registry(engine, tmp_path, clock=clock, monotonic=clock.seconds)


def test_until_a_first_promotion_the_shipped_model_serves(registry: Registry) -> None:
    assert registry.serving().hash == shipped_model().hash
    (shipped,) = registry.models()
    assert (shipped.id, shipped.serving, shipped.shipped) == (shipped_model().hash, True, True)
    assert shipped.card["examples"] > 0


def test_a_promoted_model_serves_and_says_who_promoted_it(
    registry: Registry, small: Classifier, other: Classifier, clock: Clock
) -> None:
    registry.add(small, "sunli")
    clock.tick()
    registry.add(other, "sunli")
    info = registry.promote(small.hash[:8], by="sunli", why="first")
    assert (info.serving, info.promoted_by, info.why) == (True, "sunli", "first")
    assert registry.serving().hash == small.hash
    assert [(one.id, one.serving) for one in registry.models()] == [
        (other.hash, False),
        (small.hash, True),
        (shipped_model().hash, False),
    ]


def test_another_process_notices_a_promotion_within_a_second(
    registry: Registry, engine: Engine, tmp_path: Path, small: Classifier, clock: Clock
) -> None:
    there = elsewhere(engine, tmp_path, clock)
    assert there.serving().hash == shipped_model().hash
    registry.promote(registry.add(small).id, by="sunli")
    clock.tick(0.5)
    assert there.serving().hash == shipped_model().hash
    clock.tick(0.5)
    assert there.serving().hash == small.hash


def test_rolling_back_returns_to_what_served_before(
    registry: Registry, small: Classifier, other: Classifier
) -> None:
    for one in (small, other):
        registry.promote(registry.add(one).id, by="sunli")
    assert registry.rollback(by="sunli").id == small.hash
    assert registry.serving().hash == small.hash
    assert "rolled back from" in registry.info(small.hash).why


def test_rolling_back_twice_goes_back_two_models(
    registry: Registry, small: Classifier, other: Classifier, examples: list[Example]
) -> None:
    third = train(examples[1:])
    for one in (small, other, third):
        registry.promote(registry.add(one).id, by="sunli")
    registry.rollback(by="sunli")
    assert registry.rollback(by="sunli").id == small.hash
    assert registry.rollback(by="sunli").shipped
    assert registry.serving().hash == shipped_model().hash
    with pytest.raises(ModelUnknown, match="nothing served before it"):
        registry.rollback(by="sunli")


def test_rolling_back_before_any_promotion_is_refused(registry: Registry) -> None:
    with pytest.raises(ModelUnknown, match="came with the product"):
        registry.rollback(by="sunli")


def test_the_shipped_model_is_promoted_like_any_other(registry: Registry, small: Classifier) -> None:
    registry.promote(registry.add(small).id, by="sunli")
    info = registry.promote(shipped_model().hash[:6], by="sunli", why="ours was worse")
    assert (info.serving, info.shipped, info.why) == (True, True, "ours was worse")
    assert registry.serving().hash == shipped_model().hash
    assert [one.id for one in registry.models()].count(shipped_model().hash) == 1
    assert registry.rollback(by="sunli").id == small.hash


def test_the_same_model_is_one_entry(registry: Registry, small: Classifier) -> None:
    assert registry.add(small).id == registry.add(small).id
    assert [one.id for one in registry.models()] == [small.hash, shipped_model().hash]


@pytest.mark.parametrize("name", ["", "ffffffff"])
def test_an_unknown_model_is_refused_with_what_is_known(
    registry: Registry, small: Classifier, name: str
) -> None:
    registry.add(small)
    with pytest.raises(ModelUnknown, match=small.hash):
        registry.promote(name, by="sunli")


def test_a_model_whose_file_is_broken_is_not_promoted(registry: Registry, small: Classifier) -> None:
    info = registry.add(small)
    (registry.folder / f"{info.id}.npz").write_bytes(b"broken")
    with pytest.raises(ModelUnusable):
        registry.promote(info.id, by="sunli")
    assert registry.serving().hash == shipped_model().hash


def test_a_settled_correction_is_read_in_every_process_without_training(
    registry: Registry, engine: Engine, tmp_path: Path, clock: Clock
) -> None:
    there, text = elsewhere(engine, tmp_path, clock), "那就老规矩走一波"
    before = there.read(text).best.intent
    wanted = "renewal_expansion" if before != "renewal_expansion" else "purchase"
    label = registry.labels.propose(Proposal(text, "customer", "correction", proposed=wanted))
    registry.labels.settle(label, wanted, "sunli")
    clock.tick()
    assert there.read(text).best.intent == wanted


def test_training_takes_settled_labels_in(
    registry: Registry, examples: list[Example], small: Classifier
) -> None:
    registry.promote(registry.add(small).id, by="sunli")
    label = registry.labels.propose(Proposal("整两台", "customer", "correction"))
    registry.labels.settle(label, "quote_request", "sunli")
    info = registry.train(by="sunli", examples=examples)
    assert (info.card["examples"], info.card["corrections"]) == (len(examples) + 1, 1)
    assert not info.serving
    assert registry.load(info.id).card["calibrated_like"] == small.hash
