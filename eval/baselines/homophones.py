"""Writes `intents/homophones.tsv` from the shipped examples: `python -m eval.baselines.homophones`.

Common words of two characters, most frequent first, each with the pairs that sound the same, are one character off, are (nearly)
never written in the examples, and whose wrong character is no word of its own there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from intents import Example, shipped_examples
from intents.homophones import HOMOPHONES
from intents.normalise import normalise
from knowledge.mending import alike

SAID, ALONE, COMMON = 2, 10, 20
"""A pair seen more often than the first is a way to write, a character alone as often as the second is a word of its own; a word
seen as often as the third may have been meant."""


def table(examples: Sequence[Example]) -> Iterator[str]:
    """Lines of the file."""
    import rjieba

    texts = [normalise(one.text) for one in examples]
    pairs = Counter(text[at : at + 2] for text in texts for at in range(len(text) - 1))
    words = Counter(word for text in texts for word in rjieba.cut(text))
    taken: set[str] = set()
    for word, count in words.most_common():
        if len(word) == 2 and count >= COMMON:
            slips = [one for one in dict.fromkeys(_one_off(word)) if pairs[one] <= SAID and one not in taken]
            slips = [one for one in slips if words[one[one[0] == word[0]]] < ALONE and not _is_word(one)]
            taken.update(slips)
            if slips:
                yield f"{word}\t{' '.join(slips)}"


def _one_off(word: str) -> Iterator[str]:
    yield from (other + word[1] for other in alike(word[0], exactly=True))
    yield from (word[0] + other for other in alike(word[1], exactly=True))


def _is_word(pair: str) -> bool:
    import rjieba

    return len(rjieba.cut(pair, False)) == 1


if __name__ == "__main__":
    HOMOPHONES.write_text("\n".join(table(shipped_examples())) + "\n", encoding="utf-8")
    print(HOMOPHONES, HOMOPHONES.stat().st_size, "bytes")
