"""Where one act may end and the next begin: the parts of an utterance between marks, spaces and 另外/顺便."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from intents.normalise import Normalised

_BREAK = re.compile(r"[,。!?;、]")
_CHINESE = re.compile(r"[㐀-鿿]")
_TURN = re.compile(r"另外|顺便|顺带|还有|再就是|然后|对了")
"""Words with which people come to the next thing without a mark."""
_SHORTEST = 2


@lru_cache(maxsize=1024)
def clauses(whole: Normalised) -> tuple[tuple[int, int], ...]:
    """Places of the parts in the normalised text; nothing where there is only one part."""
    parts = tuple((start, end) for start, end in _parts(whole) if end - start >= _SHORTEST)
    return parts if len(parts) > 1 else ()


def _parts(whole: Normalised) -> Iterator[tuple[int, int]]:
    start = 0
    for at, character in enumerate(whole.text):
        if _BREAK.match(character):
            yield start, at
            start = at + 1
        elif at > start and (_after_space(whole, at) or at > start + 1 and _TURN.match(whole.text, at)):
            yield start, at
            start = at
    yield start, len(whole.text)


def _after_space(whole: Normalised, at: int) -> bool:
    """Spaces in Chinese are not read, but people who type no commas part their clauses with them (not a number
    from its unit)."""
    between = whole.original[whole.origin[at - 1] + 1 : whole.origin[at]]
    if not between or not between.isspace():
        return False
    return "\n" in between or all(_CHINESE.match(whole.text[side]) for side in (at - 1, at))
