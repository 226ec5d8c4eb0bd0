"""Text within limits: cut on whole characters, by count or by bytes, split on lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

ELLIPSIS = "…"
LONGEST_URL = 2048
_JOINER = "\u200d"


class Fit:
    """Cuts texts to length and remembers whether anything was lost, so that a card can say so."""

    def __init__(self) -> None:
        self.lost = False

    def line(self, text: str, limit: int) -> str:
        """One line of at most `limit` characters."""
        return self.text(" ".join(text.split()), limit)

    def text(self, text: str, limit: int) -> str:
        """At most `limit` characters, lines kept."""
        if len(text) <= limit:
            return text
        self.lost = True
        return text[: whole(text, limit - 1)].rstrip() + ELLIPSIS


def whole(text: str, at: int) -> int:
    """The last place not after `at` where a cut leaves accents, emoji sequences and flags whole (0: nowhere)."""
    while 0 < at < len(text) and not _may_cut(text, at):
        at -= 1
    return min(at, len(text))


def _may_cut(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if before == _JOINER or after == _JOINER or unicodedata.category(after) in {"Mn", "Me", "Mc"}:
        return False
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # skin tones
        return False
    flags = len(text[:at]) - len(text[:at].rstrip(_FLAG_LETTERS))
    return not (after in _FLAG_LETTERS and flags % 2)


_FLAG_LETTERS = "".join(chr(letter) for letter in range(0x1F1E6, 0x1F200))


def size(text: str) -> int:
    """Bytes on the wire."""
    return len(text.encode())


def usable(url: str) -> str:
    """The address where WeCom takes it, else nothing."""
    parts = urlsplit(url)
    return url if parts.scheme in {"http", "https"} and parts.netloc and size(url) <= LONGEST_URL else ""


def pieces(text: str, limit: int) -> list[str]:
    """Consecutive pieces of at most `limit` bytes: whole lines where they fit, else whole characters."""
    packed: list[str] = []
    for line in _lines(text, limit):
        if packed and size(packed[-1]) + 1 + size(line) <= limit:
            packed[-1] += "\n" + line
        else:
            packed.append(line)
    return [piece.strip("\n") for piece in packed if piece.strip()]


def _lines(text: str, limit: int) -> Iterator[str]:
    for line in text.split("\n"):
        while size(line) > limit:
            at = len(line.encode()[:limit].decode(errors="ignore"))
            at = whole(line, at) or at  # a single cluster larger than the limit is broken after all
            yield line[:at]
            line = line[at:]
        yield line
