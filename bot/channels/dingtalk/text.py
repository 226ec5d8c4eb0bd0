"""Words within a platform's limits, and other people's words as words: no links, pictures or mentions of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable

CUT = "…"


def fit(text: str, most: int, tail: str = CUT) -> str:
    """At most `most` bytes of UTF-8, cut between characters; `tail` shows that something is missing."""
    raw = text.encode()
    if len(raw) <= most:
        return text
    return raw[: most - len(tail.encode())].decode(errors="ignore") + tail


def spread(paragraphs: Iterable[str], slots: int, most: int, tail: str) -> list[str]:
    """Text over `slots` variables of `most` bytes, parted at line ends where it can be; `tail` if not all fits."""
    filled = parts("\n".join(paragraphs), most) or [""]
    if len(filled) > slots:
        filled[slots - 1] = _with_tail(filled[slots - 1], most, tail)
    return (filled + [""] * slots)[:slots]


def parts(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` bytes, parted at line ends, inside a line only where it is longer itself."""
    pieces: list[str] = []
    for line in text.split("\n"):
        if pieces and len(pieces[-1].encode()) + 1 + len(line.encode()) <= most:
            pieces[-1] += f"\n{line}"
        else:
            pieces += _broken(line, most)
    return [piece for piece in pieces if piece.strip()]


def plain(text: str) -> str:
    """Data shown inside markdown: what would open a link, a picture, a tag or a mention is broken, still readable."""
    return re.sub(r"\](?=[(\[:])", "] ", text.replace("<", "＜").replace("![", "！["))


def one_line(text: str) -> str:
    return " ".join(plain(text).split())


def link(text: str, url: str) -> str:
    """A markdown link to a page of ours; the bare text where the address is none."""
    if not url.startswith(("http://", "https://")):
        return text
    return f"[{re.sub(r'[][]', ' ', text)}]({url.translate(_ESCAPED)})"


def _with_tail(text: str, most: int, tail: str) -> str:
    return fit(text, most - len(tail.encode())) + tail


def _broken(line: str, most: int) -> list[str]:
    pieces = []
    while len(line.encode()) > most:
        head = line.encode()[:most].decode(errors="ignore")
        pieces.append(head)
        line = line[len(head) :]
    return [*pieces, line]


_ESCAPED = str.maketrans(
    {" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E", '"': "%22", "\n": "%0A"}
)
