"""Words as messages: markdown where it says more than plain text, text otherwise, each part within its limit.

"发送应用消息" (path/90236): both kinds hold 2048 bytes, and what is longer is cut in silence. WeCom's markdown knows
headings, bold, links, inline code, quotes and colours, and no tables; the view inside WeChat shows no markdown at
all, so plain words go out as text, which every client shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.channels.wecom.fit import pieces
from bot.markdown_table import in_lines

LONGEST = 2048
_ROOM_FOR_NUMBER = 16
_MARKDOWN = re.compile(r"\*\*\S|^#{1,6} |^> |`[^`\n]+`|\[[^\]\n]+\]\(\S+\)|<font ", re.MULTILINE)
_UNKNOWN_TO_WECOM = (
    (re.compile(r"^\s*```.*\n?", re.MULTILINE), ""),
    (re.compile(r"!\[([^\]\n]*)\]\((\S+)\)"), r"[\1](\2)"),
    (re.compile(r"^(\s*)[-*+] ", re.MULTILINE), r"\1· "),
)
_ANCHOR = re.compile(r"<(?=/?a\b)", re.IGNORECASE)


class Message(NamedTuple):
    """`kind` is the msgtype, "text" or "markdown"."""

    kind: str
    content: str


def messages(words: str) -> Sequence[Message]:
    """The messages that carry these words, numbered where there are several: quick ones may arrive out of order."""
    plain = _ANCHOR.sub(
        "＜", in_lines(words).strip()
    )  # an anchor in somebody's quoted words must not become a link
    for pattern, instead in _UNKNOWN_TO_WECOM:
        plain = pattern.sub(instead, plain)
    kind = "markdown" if _MARKDOWN.search(plain) else "text"
    parts = pieces(plain, LONGEST)
    if len(parts) <= 1:
        return [Message(kind, part) for part in parts]
    parts = pieces(plain, LONGEST - _ROOM_FOR_NUMBER)
    return [Message(kind, f"({number}/{len(parts)})\n{part}") for number, part in enumerate(parts, 1)]
