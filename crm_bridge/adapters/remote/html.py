"""Text fields that a system keeps as HTML: lines out of it, and lines as harmless HTML into it."""

from __future__ import annotations

import re
from html import escape, unescape

_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|h\d|tr)>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")


def to_html(text: str) -> str:
    return "<br>".join(escape(line, quote=False) for line in text.splitlines())


def to_text(html: str) -> str:
    lines = unescape(_TAG.sub("", _BREAK.sub("\n", html))).replace("\xa0", " ").splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")
