"""What the stub platform refuses: bodies that WeCom would answer with an error code.

Codes and limits as in the platform's pages 发送应用消息 and 更新模版卡片消息. Lengths that WeCom only advises (the
client cuts them) are not errors here either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

OK = 0
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
Body = Mapping[str, Any]


def send_error(body: Body, agent_id: int) -> int:
    """The code for a `message/send` body; 0 where it is fine."""
    if body.get("agentid") != agent_id:
        return 40056
    if not any(body.get(name) for name in ("touser", "toparty", "totag")):
        return 82001
    if not isinstance(body.get("touser", ""), str) or len(str(body.get("touser", "")).split("|")) > 1000:
        return 40032
    check = _CONTENTS.get(str(body.get("msgtype")))
    return check(body) if check else 40008


def update_error(body: Body, agent_id: int) -> int:
    """The code for a `message/update_template_card` body; whether its response code is good is not looked at."""
    if body.get("agentid") != agent_id:
        return 40056
    users = body.get("userids")
    if not (isinstance(users, list) and users) and body.get("atall") != 1:
        return 40031
    if not isinstance(body.get("response_code"), str):
        return 60140
    if isinstance(body.get("template_card"), Mapping):
        return _first(_card_errors(body["template_card"], fresh=False))
    return OK if _has_text(_part(body, "button"), "replace_name") else 40058


def schedule_error(body: Body) -> int:
    """The code for an `oa/schedule/add` body."""
    schedule = _part(body, "schedule")
    start, end = schedule.get("start_time"), schedule.get("end_time")
    if not isinstance(start, int) or not isinstance(end, int) or end <= start:
        return 40058
    too_long = len(str(schedule.get("summary", ""))) > 128 or len(str(schedule.get("description", ""))) > 1000
    return 40058 if too_long or len(schedule.get("admins", [])) > 3 else OK


def _text_error(body: Body) -> int:
    content = _part(body, str(body["msgtype"])).get("content")
    if not isinstance(content, str) or not content.strip():
        return 44004
    return 45002 if len(content.encode()) > 2048 else OK  # the real one cuts silently, which loses words


def _card_errors(card: Body, *, fresh: bool) -> Iterator[int]:
    kind = card.get("card_type")
    if kind == "button_interaction":
        yield from _button_card_errors(card, fresh=fresh)
    elif kind == "text_notice":
        titled = _has_text(_part(card, "main_title"), "title") or _has_text(card, "sub_title_text")
        yield OK if titled else 42033
        yield OK if _part(card, "card_action").get("type") in (1, 2) else 42045
        yield OK if len(card.get("jump_list", [])) <= 3 else 42042
    else:
        yield 42031
    yield from _row_errors(card.get("horizontal_content_list", []))
    yield from _link_errors(card)


def _button_card_errors(card: Body, *, fresh: bool) -> Iterator[int]:
    if fresh:
        yield OK if TASK_ID.fullmatch(str(card.get("task_id", ""))) else 42014
    yield OK if _has_text(_part(card, "main_title"), "title") else 42033
    buttons = card.get("button_list", [])
    if fresh or not _has_text(card, "replace_text"):
        yield OK if 1 <= len(buttons) <= 6 else 42038
    keys = [str(button.get("key", "")) for button in buttons if button.get("type", 0) == 0]
    yield OK if all(_has_text(button, "text") for button in buttons) else 42038
    yield OK if all(_fits(key, 1024) for key in keys) and len(set(keys)) == len(keys) else 42039
    if "button_selection" in card:
        yield from _selection_errors(card["button_selection"])


def _selection_errors(selection: Body) -> Iterator[int]:
    options = selection.get("option_list", [])
    ids = [str(option.get("id", "")) for option in options]
    yield OK if _fits(str(selection.get("question_key", "")), 1024) else 42043
    yield OK if 1 <= len(options) <= 10 else 42037
    yield OK if all(_fits(name, 128) for name in ids) and len(set(ids)) == len(ids) else 42040
    yield OK if all(_has_text(option, "text") for option in options) else 42041
    yield OK if selection.get("selected_id", ids[0] if ids else "") in ids else 42040


def _row_errors(rows: list[Body]) -> Iterator[int]:
    needed = {1: ("url", 42028), 2: ("media_id", 42029), 3: ("userid", 42050)}
    yield OK if len(rows) <= 6 else 42035
    for row in rows:
        yield OK if _has_text(row, "keyname") else 42027
        if row.get("type", 0) in needed:
            name, code = needed[row["type"]]
            yield OK if _has_text(row, name) else code


def _link_errors(card: Body) -> Iterator[int]:
    for name in ("card_action", "quote_area"):
        part = _part(card, name)
        yield OK if part.get("type", 0) != 1 or _has_text(part, "url") else 42028
    links = [*card.get("button_list", []), *card.get("jump_list", [])]
    yield OK if all(_has_text(link, "url") for link in links if link.get("type", 0) == 1) else 42028


def _part(body: Body, name: str) -> Body:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}


def _has_text(body: Body, name: str) -> bool:
    value = body.get(name)
    return isinstance(value, str) and bool(value.strip())


def _fits(text: str, most: int) -> bool:
    return 0 < len(text.encode()) <= most


def _first(codes: Iterator[int]) -> int:
    return next((code for code in codes if code), OK)


_CONTENTS: Mapping[str, Callable[[Body], int]] = {
    "text": _text_error,
    "markdown": _text_error,
    "template_card": lambda body: _first(_card_errors(_part(body, "template_card"), fresh=True)),
}
