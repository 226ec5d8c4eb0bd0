"""A notice as a WeCom card without buttons (`text_notice`, "发送应用消息", path/90236), within the platform's limits."""

from __future__ import annotations

from typing import Any

from bot.card import Notice
from bot.channels.wecom import labels
from bot.channels.wecom.cards import DESCRIPTION, SOURCE, TITLE
from bot.channels.wecom.fit import Fit, usable
from bot.channels.wecom.rows import MOST, NAME, VALUE

FIGURE, FIGURE_NAME, JUMP = 14, 22, 18


def drawn(notice: Notice) -> dict[str, Any] | None:
    """None where it has no page to open, which WeCom requires."""
    if not (url := usable(notice.url)):
        return None
    fit = Fit()
    return {
        "card_type": "text_notice",
        "source": {"desc": labels.SOURCE[:SOURCE], "desc_color": 0},
        "main_title": {
            "title": fit.line(notice.title, TITLE),
            "desc": fit.line(notice.subtitle, DESCRIPTION),
        },
        "emphasis_content": {
            "title": fit.line(notice.figure, FIGURE),
            "desc": fit.line(notice.figure_name, FIGURE_NAME),
        },
        "horizontal_content_list": [
            {"keyname": fit.line(name, NAME), "value": fit.line(value, VALUE)}
            for name, value in notice.rows[:MOST]
        ],
        "jump_list": [{"type": 1, "title": fit.line(notice.button, JUMP), "url": url}],
        "card_action": {"type": 1, "url": url},
    }


def words(notice: Notice) -> str:
    """For a chat in which it cannot be a card."""
    return "\n".join((f"**{notice.title}**", *notice.lines, notice.url)).strip()
