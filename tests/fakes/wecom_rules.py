"""The field rules of WeCom's messages and cards, as error codes. Stricter than the platform: lengths it only
recommends are errors here, because clients cut what is longer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
BAD_PARAMETER, BAD_TASK, BAD_TYPE = 40058, 42014, 42031
_URL = re.compile(r"https?://[^\s/]+")


def first_error(message: Json) -> int:
    """The code of the first rule that a `message/send` body breaks; 0 for none."""
    return next(_message(message), 0)


def first_card_error(card: Json, *, updating: bool = False) -> int:
    """The same for a template card, as sent or as an update."""
    return next(_card(card, updating), 0)


def _message(message: Json) -> Iterator[int]:
    kind = message.get("msgtype")
    if not message.get("touser"):
        yield 82001
    if not isinstance(message.get("agentid"), int):
        yield 41011
    if not 0 < message.get("duplicate_check_interval", 1800) <= 14400:
        yield BAD_PARAMETER
    if kind in {"text", "markdown"}:
        yield from _words(message[kind]["content"])
    elif kind == "template_card":
        yield from _card(message["template_card"], updating=False)
    else:
        yield 40008


def _words(content: str) -> Iterator[int]:
    if not content.strip():
        yield 44004
    if len(content.encode()) > 2048:
        yield 45002


def _card(card: Json, updating: bool) -> Iterator[int]:
    yield from _head(card)
    yield from _rows(card.get("horizontal_content_list", []))
    yield from _action(card.get("card_action"))
    match card.get("card_type"):
        case "button_interaction":
            yield from _interaction(card, updating)
        case "text_notice":
            yield from _notice(card)
        case _:
            yield BAD_TYPE
    if "replace_text" in card and not (updating and 0 < len(card["replace_text"]) <= 30):
        yield BAD_PARAMETER


def _head(card: Json) -> Iterator[int]:
    title, source = card["main_title"], card.get("source", {})
    yield from _long(title.get("title", ""), 36)
    yield from _long(title.get("desc", ""), 44)
    yield from _long(card.get("sub_title_text", ""), 160)
    yield from _long(source.get("desc", ""), 20)
    if source.get("desc_color", 0) not in range(4):
        yield BAD_PARAMETER
    if (quote := card.get("quote_area")) and quote["type"] == 1 and not _URL.match(quote.get("url", "")):
        yield 42028


def _long(text: str, limit: int) -> Iterator[int]:
    if len(text) > limit:
        yield BAD_PARAMETER


def _rows(rows: list[Json]) -> Iterator[int]:
    if len(rows) > 6:
        yield 42035
    for row in rows:
        if not row.get("keyname"):
            yield 42027
        yield from _long(row["keyname"], 5)
        yield from _long(row.get("value", ""), 30)
        if row.get("type") == 1 and not _URL.match(row.get("url", "")):
            yield 42028


def _action(action: Json | None) -> Iterator[int]:
    if action and action["type"] == 1 and not _URL.match(action.get("url", "")):
        yield 42028


def _interaction(card: Json, updating: bool) -> Iterator[int]:
    if not card["main_title"].get("title"):
        yield BAD_PARAMETER
    task = card.get("task_id", "")
    if not updating and not re.fullmatch(r"[0-9A-Za-z_\-@]{1,128}", task):
        yield BAD_TASK
    yield from _buttons(card.get("button_list", []))
    if selection := card.get("button_selection"):
        yield from _selection(selection)


def _buttons(buttons: list[Json]) -> Iterator[int]:
    keys = [button["key"] for button in buttons if button.get("type", 0) == 0 and button.get("key")]
    if not 1 <= len(buttons) <= 6 or len(set(keys)) < len(keys):
        yield 42039
    for button in buttons:
        if not 0 < len(button.get("text", "")) <= 10:
            yield 42038
        if button.get("type", 0) == 0 and not 0 < len(button.get("key", "").encode()) <= 1024:
            yield 42039
        if button.get("type", 0) == 1 and not _URL.match(button.get("url", "")):
            yield 42028
        if button.get("style", 1) not in range(1, 5):
            yield BAD_PARAMETER


def _selection(selection: Json) -> Iterator[int]:
    options = selection["option_list"]
    if not 1 <= len(options) <= 10:
        yield 42037
    if not 0 < len(selection.get("question_key", "").encode()) <= 1024:
        yield 42043
    ids = [option.get("id", "") for option in options]
    if any(not 0 < len(one.encode()) <= 128 for one in ids) or len(set(ids)) < len(ids):
        yield 42040
    if any(not 0 < len(option.get("text", "")) <= 16 for option in options):
        yield 42041
    if selection.get("selected_id", ids[0]) not in ids:
        yield 42040


def _notice(card: Json) -> Iterator[int]:
    emphasis = card.get("emphasis_content", {})
    yield from _long(emphasis.get("title", ""), 14)
    yield from _long(emphasis.get("desc", ""), 22)
    jumps = card.get("jump_list", [])
    if len(jumps) > 3:
        yield 42035
    for jump in jumps:
        yield from _long(jump.get("title", ""), 18)
        yield from _action(jump)
    if (card.get("card_action") or {}).get("type") not in {1, 2}:
        yield 42045
    if not (card["main_title"].get("title") or card.get("sub_title_text")):
        yield BAD_PARAMETER
