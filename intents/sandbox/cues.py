"""Phrases of the transcripts that are not in the lexicon yet and signal an intent on labelled data."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from intents.cues import CueLexicon, shipped_cues
from intents.examples import Example
from intents.sandbox.model import MinedCue, Turn
from intents.sandbox.phrases import phrases

SUPPORT, SURE, HEARD = 5, 0.6, 2


def wilson_low(hits: int, total: int, z: float = 1.959964) -> float:
    """Lower bound of Wilson's score interval (Wilson 1927)."""
    share, spread = hits / total, z * z / total
    half = z * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return (share + spread / 2 - half) / (1 + spread)


def mined_cues(
    turns: Sequence[Turn], labelled: Sequence[Example], lexicon: CueLexicon | None = None
) -> list[MinedCue]:
    """The surest first. A phrase counts from five labelled utterances, a lower bound of 0.6 and two turns on."""
    heard = Counter(phrase for turn in turns for phrase in phrases(turn.text))
    wanted = {phrase for phrase, times in heard.items() if times >= HEARD}
    stands: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in labelled:
        if example.speaker == "customer":
            for phrase in phrases(example.text) & wanted:
                stands[phrase][example.intent] += 1
    lexicon = lexicon or shipped_cues()
    cues = [_cue(phrase, counts, heard[phrase]) for phrase, counts in stands.items()]
    sure = [cue for cue in cues if cue.support >= SUPPORT and cue.low >= SURE and not _known(cue, lexicon)]
    return _shortest(sorted(sure, key=lambda cue: (-cue.low, -cue.heard, len(cue.text), cue.text)))


def _cue(phrase: str, counts: Counter[str], heard: int) -> MinedCue:
    (intent, hits), support = counts.most_common(1)[0], counts.total()
    return MinedCue(phrase, intent, hits, support, heard, wilson_low(hits, support))


def _known(cue: MinedCue, lexicon: CueLexicon) -> bool:
    return any(hit.cue.intent == cue.intent for hit in lexicon.find(cue.text))


def _shortest(cues: Sequence[MinedCue]) -> list[MinedCue]:
    """Without those in which, or in whose like, a surer one of the same intent stands."""
    kept: list[MinedCue] = []
    for cue in cues:
        if not any(
            cue.intent == one.intent and (one.text in cue.text or cue.text in one.text) for one in kept
        ):
            kept.append(cue)
    return kept
