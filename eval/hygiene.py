"""Is the training set kept apart from what is measured on, and is it broad? Looked at before every training that ships.

Near-duplicates: Jaccard of character trigrams (`intents.examples.near`). Templates: utterances that are the same once numbers,
Latin words and things of the knowledge graph are blanked: nouns swapped in a frame teach nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from intents import Example, shipped_examples
from intents.cues import shipped_cues
from intents.examples import without_near
from intents.graph import load_graph
from intents.normalise import normalise

from .case import changed, intent_cases

LIKENESS = 0.7
MOST_TEMPLATED = 0.05
"""Share of utterances that may share their frame with another of the same intent."""
_VALUE = re.compile(r"[a-z0-9.%\-]+|[一二三四五六七八九十百千万两几]+")


@dataclass(frozen=True)
class Hygiene:
    """What was found; `complaints` says what must be mended before a training ships."""

    examples: int
    near_dev: tuple[str, ...]
    near_test: tuple[str, ...]
    """Ids of training examples; the sentences of the test set are shown to nobody."""
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
        for name, ids in (("dev", self.near_dev), ("test", self.near_test)):
            if ids:
                found.append(f"{len(ids)} training examples are nearly in {name}: take out {', '.join(ids)}")
        if self.templated > MOST_TEMPLATED:
            found.append(
                f"{self.templated:.1%} share a frame, at most {MOST_TEMPLATED:.0%} may: vary the words"
            )
        return found

    def as_text(self) -> str:
        lines = [
            f"{self.examples} training examples, near dev {len(self.near_dev)}, near test {len(self.near_test)}",
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
        len(trained), _near(trained, "dev"), _near(trained, "test"), templated(trained), len({text[:3] for text in texts}),
        len(cues), tuple(quantiles([len(text) for text in texts], n=4)), changed("intents/test.jsonl"),
    )  # fmt: skip


def _near(trained: Sequence[Example], name: str) -> tuple[str, ...]:
    kept = {id(one) for one in without_near(trained, intent_cases(name), LIKENESS)}
    return tuple(one.id for one in trained if id(one) not in kept)


def templated(examples: Sequence[Example]) -> float:
    """Share of utterances whose frame another one of the same intent has too (very short ones have none)."""
    frames = [(one.intent, frame(one.text)) for one in examples]
    frames = [one for one in frames if len(one[1]) >= 6]
    counts = Counter(frames)
    return sum(counts[one] > 1 for one in frames) / max(1, len(frames))


def frame(text: str) -> str:
    """The text with numbers, Latin words and named things blanked."""
    plain = normalise(text)
    for topic in reversed(load_graph().topics(plain)):
        plain = plain[: topic.start] + "□" + plain[topic.end :]
    return _VALUE.sub("□", plain)
