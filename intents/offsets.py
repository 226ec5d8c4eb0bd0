"""Positions in a text: ours count code points, a browser's count UTF-16 units, of which an emoji has two."""

from __future__ import annotations


def in_browser(text: str, at: int) -> int:
    """Our position as JavaScript counts it."""
    return len(text[:at].encode("utf-16-le")) // 2


def from_browser(text: str, at: int) -> int:
    """JavaScript's position as we count it; one inside of a character is its beginning."""
    return len(text.encode("utf-16-le")[: 2 * at].decode("utf-16-le", "ignore"))
