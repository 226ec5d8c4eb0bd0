"""Signs of strangers' words by numbers worked out by hand; what a trainer settled is never refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from intents import Abstention, Classifier, ExamplesUnusable, load, save
from intents.features import Feature
from intents.linear import Head
from intents.memory import Remembered, remember
from intents.scope import NEVER_SEEN, SIGNS, Scope, signs_of
from intents.scope_training import REFUSED, _fit, outside_texts

SHUT = Scope((0.0,) * len(SIGNS), 1.0)
"""Takes everything for strangers' words."""


def test_each_sign_is_a_number_of_its_own() -> None:
    names = [
        "w:报价",
        "w:嗡",
        "w:报价_嗡",
        "g:^",
        "g:报",
        "g:嗡",
        "g:报价",
        "g:价嗡",
        "g:报价嗡",
        "q:quote_request",
        "q:quote_request:2",
        "k:fault",
    ]
    features = [Feature(name, 0, 1) for name in names]
    known = ("w:报价", "g:报价", "g:报")
    head = Head(
        ("a", "b"),
        known,
        np.array([2.0, 2.0, 4.5], np.float32),
        np.zeros((3, 2), np.float32),
        np.zeros(2, np.float32),
    )
    signs = signs_of("报价嗡x", features, np.array([-0.5, 0.25]), head)
    # one of two words and one of two pairs unknown, four characters of which one is not Chinese, one cue, one thing;
    # two characters, one of which no example has
    assert dict(zip(SIGNS, signs, strict=True)) == pytest.approx({
        "margin": 0.25, "unknown words": 0.5, "unknown pairs": 0.5, "length": np.log(4), "not Chinese": 0.25,
        "cues": 1, "things": 1, "mean margin": -0.125, "rare characters": (4.5 + NEVER_SEEN) / 2,
    })  # fmt: skip


def test_a_fit_refuses_strangers_and_no_more_of_ours_than_it_may() -> None:
    draw = np.random.default_rng(3)
    ours, others = draw.normal(size=(1000, len(SIGNS))), draw.normal(size=(80, len(SIGNS)))
    others[:, 0] -= 5
    scope = _fit(ours, others)
    assert sum(map(scope.outside, ours)) <= REFUSED * 1000
    assert sum(map(scope.outside, others)) >= 70


def test_a_scope_from_before_the_last_signs_weighs_those_it_knows() -> None:
    old, signs = Scope((-1.0, 2.0), 0.0), np.arange(len(SIGNS), dtype=float)
    assert old.outside(signs)
    assert not Scope((-1.0, 0.0), 0.0).outside(signs)


def test_a_reading_of_strangers_words_says_so(small: Classifier) -> None:
    shut = replace(small, scopes={"customer": SHUT})
    assert small.read("多少钱一台").abstained is None
    refused = shut.read("多少钱一台")
    assert refused.abstained is Abstention.OUT_OF_SCOPE
    assert refused.intent is None
    assert refused.ranked == small.read("多少钱一台").ranked


def test_what_a_trainer_settled_is_ours_however_strange(small: Classifier) -> None:
    settled = remember([Remembered("咕叽咕叽", "customer", "vague_interest")], small.heads, small.eyes)
    knowing = replace(small, scopes={"customer": SHUT}).remembering(settled)
    assert knowing.read("咕叽咕叽").intent == "vague_interest"


def test_scopes_come_back_from_a_file(small: Classifier, tmp_path: Path) -> None:
    shut = replace(small, scopes={"customer": SHUT})
    save(shut, tmp_path / "m.npz")
    assert load(tmp_path / "m.npz").scopes == shut.scopes


def test_a_line_without_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "outside.jsonl"
    path.write_text('{"text": "x"}\n{"words": "y"}\n', encoding="utf-8")
    with pytest.raises(ExamplesUnusable, match=r"outside\.jsonl:2"):
        outside_texts(path)
