"""Is the training set kept apart from what is measured on, and is it broad? Looked at before every training that ships.

Near-duplicates: Jaccard of character trigrams (`intents.examples.near`). Templates: utterances that are the same once numbers,
Latin words and things of the knowledge graph are blanked, or that differ in one short run of characters between the same
beginning and the same end: nouns swapped in a frame teach nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from os.path import commonprefix
from statistics import quantiles

from intents import Example, shipped_examples
from intents.cues import shipped_cues
from intents.examples import near, without_near
from intents.graph import load_graph
from intents.normalise import normalise

from .case import changed, intent_cases

KEPT_APART = ("dev", "dev-more", "test")
"""Sets of cases that no training example may nearly be in."""
LIKENESS = 0.7
MOST_TEMPLATED = 0.05
"""Share of utterances that may share their frame with another of the same intent."""
MOST_ALIKE = 0.02
"""Share of utterances that may be nearly another one of the same intent."""
_SHELL = 0.6
"""Two share a shell where this share of the longer one's characters stands in a common beginning and a common end."""
_SHORT = 8
"""Characters below which a common shell says nothing."""
_VALUE = re.compile(r"[a-z0-9.%\-]+|[一二三四五六七八九十百千万两几]+")


@dataclass(frozen=True)
class Hygiene:
    """What was found; `complaints` says what must be mended before a training ships."""

    examples: int
    near: Mapping[str, tuple[str, ...]]
    """By set of cases: ids of training examples; the sentences of the test set are shown to nobody."""
    alike: tuple[str, ...]
    """Ids of training examples that are nearly an earlier one of the same intent after the same turns."""
    templated: float
    openings: int
    """Distinct first three characters."""
    cues: int
    """Distinct cues of the lexicon that stand in the examples."""
    lengths: tuple[float, ...]
    """Quartiles of characters."""
    frozen: str | None
    """A sentence where the test set is not the one that was frozen."""

    @property
    def complaints(self) -> list[str]:
        found = [self.frozen] if self.frozen else []
        for name, ids in self.near.items():
            if ids:
                found.append(f"{len(ids)} training examples are nearly in {name}: take out {', '.join(ids)}")
        if len(self.alike) > MOST_ALIKE * self.examples:
            found.append(
                f"{len(self.alike)} are nearly others, at most {MOST_ALIKE:.0%} may: take out {', '.join(self.alike)}"
            )
        if self.templated > MOST_TEMPLATED:
            found.append(
                f"{self.templated:.1%} share a frame, at most {MOST_TEMPLATED:.0%} may: vary the words"
            )
        return found

    def as_text(self) -> str:
        lines = [
            ", ".join(
                [
                    f"{self.examples} training examples",
                    *(f"near {name} {len(ids)}" for name, ids in self.near.items()),
                ]
            ),
            f"nearly another of the same intent {len(self.alike)} ({len(self.alike) / max(1, self.examples):.1%})",
            f"share of frames used twice {self.templated:.1%}, distinct openings {self.openings}, cues {self.cues}",
            "characters " + " / ".join(f"{one:.0f}" for one in self.lengths) + " (quartiles)",
        ]
        return "\n".join(lines + (self.complaints or ["fit to train on"]))


def inspect(examples: Sequence[Example] | None = None) -> Hygiene:
    """The shipped examples, or the given ones."""
    trained = shipped_examples() if examples is None else list(examples)
    texts = [normalise(one.text) for one in trained]
    cues = {(hit.cue.text, hit.cue.intent) for text in texts for hit in shipped_cues().find(text)}
    return Hygiene(
        len(trained), {name: _near(trained, name) for name in KEPT_APART}, alike(trained), templated(trained), len({text[:3] for text in texts}),
        len(cues), tuple(quantiles([len(text) for text in texts], n=4)), changed("intents/test.jsonl"),
    )  # fmt: skip


def _near(trained: Sequence[Example], name: str) -> tuple[str, ...]:
    kept = {id(one) for one in without_near(trained, intent_cases(name), LIKENESS)}
    return tuple(one.id for one in trained if id(one) not in kept)


def alike(examples: Sequence[Example]) -> tuple[str, ...]:
    """Ids of those that are nearly an earlier one of the same intent; the same words after other turns are another case."""
    by_gram: dict[object, list[frozenset[str]]] = defaultdict(list)
    found = []
    for one in examples:
        grams, about = near(one.text), (one.intent, tuple(one.context))
        common = Counter(other for gram in grams for other in by_gram[about, gram])
        if any(shared >= LIKENESS * len(grams | other) for other, shared in common.items()):
            found.append(one.id)
        for gram in grams:
            by_gram[about, gram].append(grams)
    return tuple(found)


def templated(examples: Sequence[Example]) -> float:
    """Share of utterances whose frame or shell another one of the same intent has too (very short ones have none)."""
    frames = [(one.intent, frame(one.text)) for one in examples]
    counts = Counter(frames)
    twice = {at for at, one in enumerate(frames) if len(one[1]) >= 6 and counts[one] > 1}
    twice.update(_shells([(one.intent, normalise(one.text)) for one in examples]))
    countable = twice.union(at for at, one in enumerate(frames) if len(one[1]) >= 6)
    return len(twice) / max(1, len(countable))


def _shells(texts: Sequence[tuple[str, str]]) -> Iterable[int]:
    """Places of those that differ from another of their intent in one run between the same beginning and end."""
    like = defaultdict(list)  # a shell of 60 % has at least its first or its last characters in common
    for at, (intent, text) in enumerate(texts):
        if len(text) >= _SHORT:
            like[intent, "begins", text[:3]].append((at, text))
            like[intent, "ends", text[-3:]].append((at, text))
    for group in like.values():
        for (at, text), (other_at, other) in combinations(group, 2):
            begins = len(commonprefix([text, other]))
            ends = len(commonprefix([text[begins:][::-1], other[begins:][::-1]]))
            if text != other and begins + ends >= _SHELL * max(len(text), len(other)):
                yield at
                yield other_at


def frame(text: str) -> str:
    """The text with numbers, Latin words and named things blanked."""
    plain = normalise(text)
    for topic in reversed(load_graph().topics(plain)):
        plain = plain[: topic.start] + "□" + plain[topic.end :]
    return _VALUE.sub("□", plain)
