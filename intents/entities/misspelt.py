"""Product names with a slip: letters typed for digits (X2OO), or one wrong character in a long Chinese name (禾云专业板)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intents.model import Entity

_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,4}[\s-]?[A-Za-z0-9]*\d[A-Za-z0-9]*(?![A-Za-z0-9])")
_ALIKE = str.maketrans("oil", "011")
_HAN = re.compile(r"[㐀-鿿]{5,}")


def misspelt(text: str, known: tuple[str, ...]) -> Iterator[Entity]:
    """In the catalogue's spelling; nothing where two names are as near. A digit is never taken for another, nor a letter
    left out: X200R is not X200."""
    for match in _TOKEN.finditer(text):
        said = _plain(match.group())
        near = {name for name in known if _plain(name).translate(_ALIKE) == said.translate(_ALIKE)}
        if len(near) == 1:
            yield Entity("product", match.group(), near.pop(), *match.span())
    for name in known:
        if _HAN.fullmatch(name):
            yield from _one_wrong(text, name, known)


def _one_wrong(text: str, name: str, known: tuple[str, ...]) -> Iterator[Entity]:
    for start in range(len(text) - len(name) + 1):
        words = text[start : start + len(name)]
        alone = [other for other in known if _off(words, other) <= 1] == [name]
        if alone and words != name and _HAN.fullmatch(words) and not _another_word(words, name):
            yield Entity("product", words, name, start, start + len(name))


def _off(words: str, name: str) -> int:
    return (
        sum(a != b for a, b in zip(words, name, strict=True))
        if len(words) == len(name)
        else max(len(words), len(name))
    )


def _another_word(words: str, name: str) -> bool:
    """禾云商业版 is another thing than 禾云专业版: what is written instead is a word of the dictionary, no slip."""
    import rjieba  # 60 ms on first use

    at = next(place for place, (a, b) in enumerate(zip(words, name, strict=True)) if a != b)
    pairs = [words[max(at - 1, 0) : at + 1], words[at : at + 2]]
    return any(len(pair) == 2 and len(rjieba.cut(pair, False)) == 1 for pair in pairs)


def _plain(name: str) -> str:
    return re.sub(r"[\s-]", "", name).lower()
