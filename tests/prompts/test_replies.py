"""The frames of replies: one for every intent a customer can have, and nothing promised in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import prompts.replies
from bot.grounding import Sources, unsupported
from intents import load_taxonomy
from prompts import PromptError, ReplyWords, reply_words

TAXONOMY = load_taxonomy()
CUSTOMER = [info.name for info in TAXONOMY.intents.values() if info.speaker in {"customer", "both"}]
FRAMES = prompts.replies._drafts().intents


@pytest.mark.parametrize("intent", CUSTOMER)
def test_every_intent_of_a_customer_has_a_frame(intent: str) -> None:
    words = reply_words(intent)
    assert isinstance(words, ReplyWords)
    assert words.opening


def test_every_frame_is_of_an_intent_that_there_is() -> None:
    assert set(FRAMES) <= set(TAXONOMY.intents)


@pytest.mark.parametrize("intent", sorted(FRAMES))
def test_fixed_words_hold_no_figure_and_no_promise(intent: str) -> None:
    words = FRAMES[intent]
    nothing = Sources.of([])
    for fixed in (words.opening, words.closing, words.bare):
        assert not re.search(r"\d|[%%¥]", fixed)
        assert unsupported(fixed, nothing) == []


@pytest.mark.parametrize("intent", sorted(name for name, words in FRAMES.items() if words.cites != "none"))
def test_a_frame_that_cites_has_words_for_when_nothing_is_found(intent: str) -> None:
    assert FRAMES[intent].bare


def test_an_instruction_of_a_rep_is_answered_with_no_letter() -> None:
    assert reply_words("record_crm") is None


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "drafts.yaml"
    monkeypatch.setattr(prompts.replies, "DRAFTS", path)
    prompts.replies._drafts.cache_clear()
    yield path
    prompts.replies._drafts.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "greeting: {warm: 您好}\npending: x\nintents: {purchase: {cites: rumours, opening: a, closing: b, bare: c}}",
        "greeting: {warm: 您好}\npending: x\nintents: {purchase: {cites: none, opening: a, closing: b}}",
        "greeting: {warm: 您好}\npending: x\nintents: {}\nmore: 1",
        "greeting: [",
    ],
)
def test_a_file_that_does_not_fit_is_an_error_that_names_it(frames: Path, text: str) -> None:
    frames.write_text(text, encoding="utf-8")
    with pytest.raises(PromptError, match=r"drafts\.yaml"):
        reply_words("purchase")
