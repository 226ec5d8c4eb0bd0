"""A WeCom template card as an AI bot may send it: shorter texts, no buttons that open a page ("模板卡片类型", path/101032)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.wecom import labels
from bot.channels.wecom.fit import Fit

SOURCE, TITLE, DESCRIPTION, SUBTITLE, VALUE, CHOICE, JUMP = 13, 26, 30, 112, 26, 10, 13
"""Lengths the platform recommends; clients cut beyond them."""
FIGURE, FIGURE_NAME = 10, 15
_SHORTER = {"title": TITLE, "desc": DESCRIPTION}
Json = dict[str, Any]


def of_bot(card: Mapping[str, Any]) -> Json:
    """The app's card in the bot's narrower form. A button that opened a page becomes a jump below the card."""
    drawn: Json = dict(card)
    fit = Fit()
    if source := drawn.get("source"):
        drawn["source"] = {**source, "desc": fit.line(source["desc"], SOURCE)}
    if title := drawn.get("main_title"):
        drawn["main_title"] = {name: fit.line(words, _SHORTER[name]) for name, words in title.items()}
    if figure := drawn.get("emphasis_content"):
        drawn["emphasis_content"] = {
            "title": fit.line(figure["title"], FIGURE),
            "desc": fit.line(figure["desc"], FIGURE_NAME),
        }
    if subtitle := drawn.get("sub_title_text"):
        drawn["sub_title_text"] = fit.text(subtitle, SUBTITLE)
    if listed := drawn.get("horizontal_content_list"):
        drawn["horizontal_content_list"] = [{**row, "value": fit.line(row["value"], VALUE)} for row in listed]
    if selection := drawn.get("button_selection"):
        options = [
            {**option, "text": fit.line(option["text"], CHOICE)} for option in selection["option_list"]
        ]
        drawn["button_selection"] = {**selection, "option_list": options}
    return drawn | _buttons(drawn)


def _buttons(card: Mapping[str, Any]) -> Json:
    buttons = card.get("button_list", [])
    taps = [{name: value for name, value in one.items() if name != "type"} for one in buttons if "key" in one]
    pages = [
        {"type": 1, "title": Fit().line(one["text"], JUMP) or labels.OPEN, "url": one["url"]}
        for one in buttons
        if "url" in one
    ]
    return {**({"button_list": taps} if taps else {}), **({"jump_list": pages[:3]} if pages else {})}
