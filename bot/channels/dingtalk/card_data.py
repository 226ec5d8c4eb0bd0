"""A card as the variables of our card template (docs/dingtalk-card.md): strings all of them, each within the limit.

Every variable is always sent, so that an update leaves nothing of the older state standing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from bot.card import Button, Card, CardAction, CardReason, Choice, Tone
from bot.channels.dingtalk.taps import CHOICE, SUBMITS
from bot.channels.dingtalk.text import fit, link, one_line, plain, spread

LARGEST = 1024
"""Bytes of one value (page "instructions-for-filling-in-api-card-data")."""
BUTTONS = 4
MORE = "…(全文见依据页)"
_COLOURS = {Tone.GOOD: "blue", Tone.PROPOSAL: "blue", Tone.WARNING: "red", Tone.QUIET: "gray"}


def card_data(card: Card) -> dict[str, str]:
    """The `cardParamMap` of a card."""
    form, submit = _form(card)
    taps = [button for button in card.buttons if not button.url and button is not submit]
    return {
        **_carried(card),
        **_head(card),
        **_sections(card),
        **_form_variables(form, submit),
        **_tap_buttons(taps),
        **_link_button(card),
    }


def _carried(card: Card) -> dict[str, str]:
    """What comes back with a tap and binds it to what was shown."""
    return {"decision": card.decision, "version": str(card.version), "content_hash": card.content_hash}


def _head(card: Card) -> dict[str, str]:
    lines = {
        "title": card.title,
        "subtitle": card.subtitle,
        "confidence": card.confidence,
        "status": card.status,
    }
    return {
        **{name: fit(one_line(text), LARGEST) for name, text in lines.items()},
        "show_confidence": _flag(bool(card.confidence.strip())),
        "show_status": _flag(bool(card.status.strip())),
        "tone": card.tone.value,
    }


def _sections(card: Card) -> dict[str, str]:
    return {
        **_section("reasons", 4, map(_reason, card.reasons)),
        **_section("unknowns", 1, map(_item, card.unknowns)),
        **_section("warnings", 1, map(_item, card.warnings)),
        **_section("draft", 3, plain(card.draft).split("\n")),
        **_section("actions", 2, map(_action, card.actions)),
        **_section("receipts", 1, map(_item, card.receipts)),
    }


def _section(name: str, slots: int, paragraphs: Iterable[str]) -> dict[str, str]:
    """A section is one variable or several numbered ones, and a flag that shows or hides it."""
    texts = spread(paragraphs, slots, LARGEST, MORE)
    names = [name] if slots == 1 else [f"{name}_{number}" for number in range(1, slots + 1)]
    return {f"show_{name}": _flag(any(texts)), **dict(zip(names, texts, strict=True))}


def _reason(reason: CardReason) -> str:
    text, source = fit(one_line(reason.text), 450), fit(one_line(reason.source), 200)
    shown = link(source or reason.kind, reason.url) if len(reason.url.encode()) <= 300 else source
    return f"- {text} ({shown})" if shown else f"- {text}"


def _item(text: str) -> str:
    return f"- {one_line(text)}"


def _action(action: CardAction) -> str:
    fields = [f"{one_line(label)}:{one_line(value)}" for label, value in action.fields]
    return "\n".join([f"- **{one_line(action.label)}**", *(f"  - {field}" for field in fields)])


def _form(card: Card) -> tuple[dict[str, Any], Button | None]:
    """The dropdown as DingTalk's form component (page "form-variables"), and the button its own submit replaces."""
    submit = next((button for button in card.buttons if button.key == SUBMITS and not button.url), None)
    choices = list(card.choices)
    while submit and choices:
        form = {"fields": [_dropdown(card, choices), *_hidden(card)]}
        if len(orjson.dumps(form)) <= LARGEST:
            return form, submit
        choices.remove(
            next(choice for choice in reversed(choices) if choice.id != card.chosen or len(choices) == 1)
        )
    return {"fields": []}, None


def _dropdown(card: Card, choices: list[Choice]) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": CHOICE,
        "label": card.choices_title,
        "type": "SELECT",
        "options": [{"value": choice.id, "text": choice.text} for choice in choices],
    }
    ids = [choice.id for choice in choices]
    if card.chosen in ids:
        field["defaultValue"] = {"index": ids.index(card.chosen), "value": card.chosen}
    return field


def _hidden(card: Card) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": "TEXT", "hidden": True, "defaultValue": value}
        for name, value in _carried(card).items()
    ]


def _form_variables(form: Mapping[str, Any], submit: Button | None) -> dict[str, str]:
    return {
        "form": orjson.dumps(form).decode(),
        "form_button": fit(one_line(submit.text), LARGEST) if submit else "",
        "form_status": "normal" if submit else "disabled",
        "show_form": _flag(submit is not None),
    }


def _tap_buttons(buttons: list[Button]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for number in range(1, BUTTONS + 1):
        button = buttons[number - 1] if number <= len(buttons) else Button("", "")
        variables |= {
            f"b{number}_key": fit(button.key, LARGEST, ""),
            f"b{number}_text": fit(one_line(button.text), LARGEST),
            f"b{number}_color": _COLOURS[button.tone],
            f"show_b{number}": _flag(bool(button.key)),
        }
    return variables


def _link_button(card: Card) -> dict[str, str]:
    """One button opens a page: the one the card asks for, else none; `url` is the decision page, always offered."""
    wanted = next((button for button in card.buttons if button.url and _fits(button.url)), None)
    return {
        "link_text": fit(one_line(wanted.text), LARGEST) if wanted else "",
        "link_url": wanted.url if wanted else "",
        "show_link": _flag(wanted is not None),
        "url": card.url if _fits(card.url) else "",
        "show_url": _flag(bool(card.url) and _fits(card.url)),
    }


def _fits(url: str) -> bool:
    return len(url.encode()) <= LARGEST


def _flag(value: bool) -> str:
    return "true" if value else "false"
