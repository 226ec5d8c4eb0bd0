"""Each model's labels are kept, and two versions can be compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from intents import Classifier, Example, Proposal, Registry
from intents.datasets import difference, intents_of


def test_what_differs_between_two_versions_is_told_by_kind() -> None:
    found = difference(
        {"a": "billing", "b": "billing", "c": "purchase"}, {"b": "purchase", "c": "purchase", "d": "billing"}
    )
    assert (found.added, found.removed) == (("d",), ("a",))
    assert found.relabelled == (("b", "billing", "purchase"),)


@pytest.fixture
def taught(registry: Registry, small: Classifier) -> Registry:
    registry.promote(registry.add(small).id, by="sunli")
    for number in range(3):
        label = registry.labels.propose(Proposal(f"年付怎么开票{number}", "customer", "asked", str(number)))
        registry.labels.settle(label, "quote_request", "sunli")
    return registry


def test_a_training_remembers_what_it_learned_and_later_labels_are_new(
    taught: Registry, examples: list[Example]
) -> None:
    info = taught.train(by="sunli", examples=examples)
    then = taught.datasets.labels(info.id)
    assert then == intents_of(taught.labels.settled())
    label = taught.labels.propose(Proposal("打给13912345678报个价", "customer", "asked", "new"))
    taught.labels.settle(label, "quote_request", "sunli")
    found = difference(then or {}, intents_of(taught.labels.settled()))
    assert (found.added, found.removed, found.relabelled) == ((f"label-{label}",), (), ())
    assert "139****5678" in taught.datasets.texts(found.added)[f"label-{label}"]


def test_the_same_model_again_is_the_same_version(taught: Registry, examples: list[Example]) -> None:
    info = taught.train(by="sunli", examples=examples)
    assert taught.train(by="wu", examples=examples).id == info.id
    assert len(taught.datasets.labels(info.id) or {}) == 3


def test_a_model_of_which_nothing_was_noted_says_so(registry: Registry, small: Classifier) -> None:
    assert registry.datasets.labels(registry.add(small).id) is None


def test_models_come_in_pages_with_the_shipped_one_last(
    registry: Registry, small: Classifier, engine: Engine, tmp_path: Path
) -> None:
    registry.promote(registry.add(small).id, by="sunli")
    whole = registry.models()
    assert [one.id for one in whole] == [small.hash, whole[-1].id]
    assert whole[-1].shipped
    assert [one.id for one in (*registry.page(0, 1)[0], *registry.page(1, 1)[0])] == [one.id for one in whole]
    assert [one.serving for one in registry.page(0, 1)[0]] == [True]
