"""How replies to customers open and close, by intent, tone and tier: `drafts.yaml`, checked when it is loaded."""

from __future__ import annotations

from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from prompts.text import HERE, PromptError

DRAFTS = HERE / "drafts.yaml"


class ReplyWords(BaseModel):
    """The frame of one intent's reply; `cites` says where its points may come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cites: Literal["none", "passages", "crm", "both"]
    opening: str
    closing: str
    bare: str


class _Valued(BaseModel):
    """What is more courteous to customers of the highest tiers: the greeting, and a sentence after the closing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tiers: frozenset[str]
    greeting: dict[str, str]
    closing: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    greeting: dict[str, str]
    valued: _Valued
    pending: str
    intents: dict[str, ReplyWords]


def reply_words(intent: str) -> ReplyWords | None:
    """None for an intent that is not answered with a letter (a rep's own instruction)."""
    return _drafts().intents.get(intent)


def greeting(tone: str, who: str, tier: str = "") -> str:
    """In the rep's tone, more courteous where the customer's tier asks for it; raises `PromptError` for no such tone."""
    valued = _drafts().valued
    greetings = valued.greeting if tier in valued.tiers else _drafts().greeting
    found = greetings.get(tone)
    if found is None:
        raise PromptError(f"there is no tone {tone!r}; {DRAFTS.name} has {', '.join(greetings)}")
    return found.format(who=who)


def courtesy(tier: str) -> str:
    """The sentence that a reply to a customer of this tier ends with; empty for most."""
    valued = _drafts().valued
    return valued.closing if tier in valued.tiers else ""


def tones() -> tuple[str, ...]:
    return tuple(_drafts().greeting)


def pending(parts: str) -> str:
    """What a reply says of questions that nothing found answers."""
    return _drafts().pending.format(parts=parts)


@cache
def _drafts() -> _File:
    try:
        return _File.model_validate(yaml.load(DRAFTS.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise PromptError(f"{DRAFTS.name}: {error}") from error
