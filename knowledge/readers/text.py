"""Plain text: paragraphs at blank lines, numbered headings and clauses as they are written in Chinese papers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from knowledge.readers import Block, LeftOut, Unreadable

MOST_RUNS = 8
_CLAUSE = re.compile(r"^第[一二三四五六七八九十百零\d]+[章条节](?:\s|$|[:：、])[^。;；,，!！?？]*$")
"""A clause's number and title; a clause that is a sentence at once is text."""
_RAISED = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
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


def raised(words: str) -> str:
    """What stands above the line: as digits that do, or 10⁴ would read 104 and m² m2."""
    return words.translate(_RAISED) if re.fullmatch(r"\s*[+\-−]?\d+\s*", words) else words


def listed(numbers: Sequence[int]) -> str:
    """“2–21、23”: page numbers as a person writes them, the first few where they are many."""
    runs = [list(run) for _, run in groupby(enumerate(numbers), lambda one: one[1] - one[0])]
    shown = [f"{run[0][1]}–{run[-1][1]}" if len(run) > 1 else str(run[0][1]) for run in runs]
    return "、".join(shown[:MOST_RUNS]) + (" 等" if len(shown) > MOST_RUNS else "")


def without_text(silent: Sequence[int], pages: int) -> LeftOut:
    """Pages of which there is only a picture."""
    words = (
        f"共 {pages} 页里有 {len(silent)} 页没有文字:第 {listed(silent)} 页,扫描的请先做文字识别(OCR)再上传"
    )
    return LeftOut(words, f"{len(silent)} of {pages} pages without text: {listed(silent)}")


def heading_level(words: str) -> int:
    if _CLAUSE.match(words):
        return 1 if "章" in words[:6] else 2
    return min(1 + words.split()[0].rstrip(".、").count("."), 4)
