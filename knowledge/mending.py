"""Slips of the input method: a pair of characters that nobody writes, one homophone away from one that documents have.

`homophones.txt` lists the 3,755 common characters (GB 2312, level 1) by syllable without tone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

HOMOPHONES = Path(__file__).parent / "homophones.txt"
TRIED = 6
"""Candidates, most frequent first, that are looked up as words."""
WINDOW = 2
"""Characters on either side that a word may reach over."""
LONGEST = 400
"""Characters; what is longer was pasted rather than typed, and every pair costs some hundred look-ups."""
_RUN = re.compile(r"[\u4e00-\u9fff]{2,}")
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ing", "in"), ("eng", "en"), ("ang", "an"), ("l", "n"))
"""Sounds that many speakers do not keep apart."""


def mended(text: str, frequency: Callable[[str], int], known: Collection[str]) -> str:
    """The text with such pairs put right. `frequency` counts the passages that have a pair, `known` are pairs that
    people do say; a pair is only replaced by (part of) a dictionary word, and a word only by one that sounds the same."""
    if len(text) > LONGEST:
        return text
    return _RUN.sub(lambda found: _mended(found[0], frequency, known), text)


def _mended(run: str, frequency: Callable[[str], int], known: Collection[str]) -> str:
    for at in range(len(run) - 1):
        pair = run[at : at + 2]
        if pair in known or frequency(pair):
            continue
        word = _longest_word(run, at)
        others = []
        if word or not _in_word(run, at + 1):
            others += [pair[0] + char for char in alike(pair[1], exactly=bool(word))]
        if word or not _in_word(run, at):
            others += [char + pair[1] for char in alike(pair[0], exactly=bool(word))]
        better = {other: frequency(other) for other in others}
        for other in sorted((one for one in better if better[one]), key=lambda one: -better[one])[:TRIED]:
            put = run[:at] + other + run[at + 2 :]
            if _longest_word(put, at) >= max(word, 2):
                run = put
                break
    return run


def _longest_word(run: str, at: int) -> int:
    """Length of the longest dictionary word that has both characters of the pair; 0 if none has."""
    import rjieba

    start = max(0, at - WINDOW)
    pair, near = run[at : at + 2], run[start : at + 2 + WINDOW]
    return max((len(word) for word in rjieba.cut_all(near) if pair in word), default=0)


def _in_word(run: str, at: int) -> bool:
    """Whether the character is part of a word already: two words that meet (台|什么) are no slip."""
    return any(_longest_word(run, start) for start in (at - 1, at) if 0 <= start < len(run) - 1)


def alike(char: str, exactly: bool = False) -> str:
    """Other common characters that sound the same (but for the tone), or nearly."""
    by_char, by_sound = _tables(exactly)
    sounds = by_char.get(char, ())
    found = dict.fromkeys(other for sound in sounds for other in by_sound.get(sound, ""))
    return "".join(other for other in found if other != char)


@cache
def _tables(exactly: bool) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Character → its sounds, sound → its characters; sounds that are not kept apart count as one unless `exactly`."""
    by_char: dict[str, list[str]] = {}
    by_sound: dict[str, str] = {}
    for line in HOMOPHONES.read_text(encoding="utf-8").splitlines():
        syllable, chars = line.split()
        sound = syllable if exactly else _blurred(syllable)
        by_sound[sound] = by_sound.get(sound, "") + chars
        for char in chars:
            by_char.setdefault(char, []).append(sound)
    return by_char, by_sound


def _blurred(syllable: str) -> str:
    for clear, plain in _ALIKE:
        if clear.endswith("g"):
            syllable = re.sub(f"{clear}$", plain, syllable)
        else:
            syllable = re.sub(f"^{clear}", plain, syllable)
    return syllable
