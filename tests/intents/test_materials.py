"""A model card names everything that went into the model, and cards from before that are read as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from intents import Classifier, Example, load, save, train
from intents.cues import Cue
from intents.features import shipped_eyes
from intents.graph import Fact
from intents.materials import MATERIALS, OUTSIDE_USED, materials
from intents.scope_training import OUTSIDE


def test_each_of_them_is_on_the_card(small: Classifier) -> None:
    assert small.card[MATERIALS] == materials(shipped_eyes())
    assert sorted(small.card[MATERIALS]) == ["cues", "graph", "homophones", "outside", "slips"]


def test_a_companys_own_cue_or_thing_is_another_material() -> None:
    eyes = shipped_eyes()
    more = replace(eyes, cues=eyes.cues.extended([Cue("给我来一打", "purchase", 3)]))
    known = replace(eyes, graph=eyes.graph.extended((Fact("own", "product", "Z900", "own"),)))
    assert _differs(materials(eyes), materials(more)) == {"cues"}
    assert _differs(materials(eyes), materials(known)) == {"graph"}


def test_the_order_of_lines_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = materials(shipped_eyes())
    listed = tmp_path / "outside.jsonl"
    lines = OUTSIDE.read_text(encoding="utf-8").splitlines()
    monkeypatch.setattr("intents.materials.OUTSIDE", listed)
    listed.write_text("\n".join(reversed(lines)) + "\n", encoding="utf-8")
    assert materials(shipped_eyes()) == before
    listed.write_text("\n".join(lines[1:]) + "\n", encoding="utf-8")
    assert _differs(before, materials(shipped_eyes())) == {OUTSIDE_USED}


def test_a_scope_that_is_taken_over_goes_by_the_words_that_the_other_was_fitted_on(
    examples: list[Example], small: Classifier
) -> None:
    other = replace(small, card={**small.card, MATERIALS: {OUTSIDE_USED: "0123456789abcdef"}})
    assert train(examples[:-1], calibrated_like=other).card[MATERIALS][OUTSIDE_USED] == "0123456789abcdef"


def test_a_model_from_before_is_read_as_it_is(
    examples: list[Example], small: Classifier, tmp_path: Path
) -> None:
    card = {name: value for name, value in small.card.items() if name != MATERIALS}
    save(replace(small, card=card), tmp_path / "old.npz")
    old = load(tmp_path / "old.npz")
    assert MATERIALS not in old.card
    assert old.read("多少钱一台") == replace(small.read("多少钱一台"), model=old.hash)
    assert train(examples[:-1], calibrated_like=old).card[MATERIALS][OUTSIDE_USED] == ""


def _differs(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in one if one[name] != other[name]}
