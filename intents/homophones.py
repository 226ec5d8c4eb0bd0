"""Slips of the input method beyond the list (slips.tsv): 掩示 is 演示, 系桶 is 系统.

`homophones.tsv` holds common words of two characters with the pairs that sound the same and that nobody writes; it is made from
the shipped examples by `python -m eval.baselines.homophones`. A pair becomes the word only where its wrong character is left
alone by the dictionary, so never between two words that are said. Only features see the words so mended, not names that are looked up.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

HOMOPHONES = Path(__file__).with_name("homophones.tsv")


class Meant(NamedTuple):
    """What a pair stands for."""

    word: str
    wrong: int
    """Which of its two characters is another."""
    rank: int
    """The word's place among the common ones."""


def mended(text: str) -> str:
    """A normalised text with such pairs put right, as long as it was."""
    known = _meant()
    if not any(text[at : at + 2] in known for at in range(len(text) - 1)):
        return text
    for place in _alone(text):
        pairs = [start for start in (place - 1, place) if start >= 0]
        found = [
            (known[pair].rank, start)
            for start in pairs
            if (pair := text[start : start + 2]) in known and start + known[pair].wrong == place
        ]
        if found:
            _, start = min(found)
            text = text[:start] + known[text[start : start + 2]].word + text[start + 2 :]
    return text


def _alone(text: str) -> list[int]:
    """Places of characters that are in no word of the dictionary."""
    import rjieba  # 60 ms on first use

    places, at = [], 0
    for word in rjieba.cut(text, False):
        if len(word) == 1:
            places.append(at)
        at += len(word)
    return places


@cache
def _meant() -> dict[str, Meant]:
    found: dict[str, Meant] = {}
    for rank, line in enumerate(HOMOPHONES.read_text(encoding="utf-8").splitlines()):
        word, written = line.split("\t")
        for pair in written.split(" "):
            found.setdefault(pair, Meant(word, int(pair[0] == word[0]), rank))
    return found
