"""Plain text: paragraphs at blank lines, numbered headings and clauses as they are written in Chinese papers."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge.readers import Block, Unreadable

_CLAUSE = re.compile(r"^第[一二三四五六七八九十百零\d]+[章条节](?:\s|$|[:：、])[^。;；,，!！?？]*$")
"""A clause's number and title; a clause that is a sentence at once is text."""
_NUMBERED = re.compile(r"^\d+(?:\.\d+){0,3}[.、]?\s+[^\s。;；,，!！?？:：]{1,30}$")
_BREAK = re.compile(
    r"\n\s*\n|\n(?=\s*(?:第[一二三四五六七八九十百零\d]+[章条节]|\d{1,2}(?:\.\d{1,2}){1,3}\s|[(（][一二三四五六七八九十\d]+[)）]))"
)


def read(path: Path) -> list[Block]:
    return [paragraph(words.strip()) for words in _BREAK.split(decode(path.read_bytes())) if words.strip()]


def decode(raw: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("文字编码认不出来,请另存为 UTF-8")


def paragraph(words: str, page: int | None = None) -> Block:
    """A short line that is numbered like a heading is one."""
    if "\n" not in words and len(words) <= 40 and (_CLAUSE.match(words) or _NUMBERED.match(words)):
        return Block("heading", words, level=heading_level(words), page=page)
    return Block("text", words, page=page)


def heading_level(words: str) -> int:
    if _CLAUSE.match(words):
        return 1 if "章" in words[:6] else 2
    return min(1 + words.split()[0].rstrip(".、").count("."), 4)
