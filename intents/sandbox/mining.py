"""The whole way: turns → what the model reads → clusters and cues → the ones worth a trainer's look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from intents.classifier import Classifier
from intents.examples import Example
from intents.labels import Labels, Proposal
from intents.sandbox.clusters import clusters
from intents.sandbox.cues import mined_cues
from intents.sandbox.model import TOLD_EVERY, Mined, Suggestion, Turn


def mine(
    turns: Sequence[Turn],
    classifier: Classifier,
    labelled: Sequence[Example],
    progress: Callable[[str], None] = lambda _: None,
) -> Mined:
    """Ten thousand turns take well under a minute of processor time (eval/results/intents.md)."""
    suggestions = tuple(_suggestions(turns, classifier, progress))
    progress(f"clustering {len(turns):,} turns")
    found = tuple(clusters(suggestions))
    progress(f"counting their phrases in {len(labelled):,} labelled utterances")
    return Mined(suggestions, found, tuple(mined_cues(turns, labelled, classifier.eyes.cues)))


def _suggestions(
    turns: Sequence[Turn], classifier: Classifier, progress: Callable[[str], None]
) -> Iterator[Suggestion]:
    for number, turn in enumerate(turns):
        if number % TOLD_EVERY == 0:
            progress(f"reading turns from {number + 1:,} of {len(turns):,}")
        yield _suggestion(turn, classifier)


def _suggestion(turn: Turn, classifier: Classifier) -> Suggestion:
    reading = classifier.read(turn.text, speaker=turn.speaker, context=turn.context)
    return Suggestion(turn, reading.best.intent, reading.confidence, str(reading.abstained or ""))


def worth_a_look(mined: Mined, limit: int) -> list[tuple[Suggestion, str]]:
    """With the cluster's name. Clusters take turns: the most typical turn, then the most doubtful; 0 is no limit."""
    piles = [(one.name, list(_ordered(one.members, mined.suggestions))) for one in mined.clusters]
    chosen = [
        (mined.suggestions[pile[row]], name)
        for row in range(max((len(pile) for _, pile in piles), default=0))
        for name, pile in piles
        if row < len(pile)
    ]
    return chosen[:limit] if limit else chosen


def _ordered(members: Sequence[int], suggestions: Sequence[Suggestion]) -> Iterator[int]:
    yield members[0]
    yield from sorted(members[1:], key=lambda at: suggestions[at].confidence)


def queue(chosen: Sequence[tuple[Suggestion, str]], labels: Labels) -> int:
    """Put them before a trainer; the same words after the same words wait once, whatever file they came from."""
    ids = {
        labels.propose(
            Proposal(
                one.turn.text, one.turn.speaker, "mined", proposed=one.intent, confidence=one.confidence,
                read_as="" if one.abstained else one.intent, context=one.turn.context, note=f"{name}; {one.turn.where}",
            )
        )
        for one, name in chosen
    }  # fmt: skip
    return len(ids)
