"""Which events do something, and what: `rules.yaml`, reviewed like code and checked when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from bot import actions
from bot.errors import InvalidInput, NotFound
from bot.events.echo import same
from crm_bridge.events import TYPES, Taken
from intents import Intent, load_taxonomy
from prompts import event_types

RULES = Path(__file__).with_name("rules.yaml")


class Rule(BaseModel):
    """One type of event and its effect: a card that proposes an action, or a sentence in chat."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    event: str
    tell: bool = False
    intent: str = ""
    action: str = ""
    params: dict[str, str] = {}
    due_days: int = 0

    @model_validator(mode="after")
    def _known(self) -> Rule:
        if self.event not in TYPES or self.event not in event_types():
            raise ValueError(f"{self.event!r} is no type with words in prompts/events.yaml")
        if not self.tell and self.intent not in load_taxonomy().intents:
            raise ValueError(f"{self.event}: intent {self.intent!r} is not in the taxonomy")
        if self.action:
            try:
                actions.by_name(self.action)
            except NotFound as error:
                raise ValueError(str(error)) from error
        return self

    @property
    def means(self) -> Intent:
        return Intent(self.intent)


def load_rules(path: Path = RULES) -> Mapping[str, Rule]:
    """By type. Raises `InvalidInput`."""
    return _loaded(path)


@cache
def _loaded(path: Path) -> Mapping[str, Rule]:
    try:
        rules = [
            Rule.model_validate(one) for one in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        ]
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(f"{path.name}: {error}") from error
    return {rule.event: rule for rule in rules}


ABOUT_ACCOUNTS = frozenset({"tier.changed", "customer.updated"})
"""What they report is a field of the customer itself, and joins that field's history, rule or no rule."""


def is_only_kept(rule: Rule | None, taken: Taken) -> bool:
    """Whether nobody hears of the event, but the customer's history does."""
    change = taken.change
    return rule is None and change is not None and change.type in ABOUT_ACCOUNTS and bool(taken.current)


def fires(rule: Rule | None, taken: Taken) -> bool:
    """Whether the event is news: an older value, or the one that was known already, does nothing again."""
    change = taken.change
    if rule is None or change is None or taken.status != "accepted":
        return False
    if taken.current.keys() != change.fields.keys():
        return False
    return not change.fields or any(
        not same(taken.before.get(name), value) for name, value in taken.current.items()
    )


def filled(rule: Rule, values: Mapping[str, Any]) -> dict[str, str]:
    """The action's parameters with what the event brings; empty ones are left out."""
    known = _Empty({name: str(value) for name, value in values.items() if value is not None})
    made = {name: text.format_map(known).strip() for name, text in rule.params.items()}
    return {name: text for name, text in made.items() if text}


class _Empty(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
