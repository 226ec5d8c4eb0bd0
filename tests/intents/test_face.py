"""What the package offers is what its list says."""

from __future__ import annotations

import intents


def test_every_name_in_the_list_exists_and_the_list_is_sorted() -> None:
    assert all(hasattr(intents, name) for name in intents.__all__)
    assert len(set(intents.__all__)) == len(intents.__all__)


def test_what_the_bot_leans_on_is_offered() -> None:
    needed = {"Classifier", "Reading", "Registry", "Entity", "load_taxonomy", "shipped_model"}
    assert needed <= set(intents.__all__)


def test_every_error_of_the_package_has_the_same_base() -> None:
    errors = [
        getattr(intents, name) for name in intents.__all__ if name.endswith(("Error", "Unusable", "Unknown"))
    ]
    assert len(errors) >= 6
    assert all(issubclass(error, intents.IntentsError) for error in errors)
