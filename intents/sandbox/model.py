"""What the sandbox speaks of: a line of an export, a turn to learn from, clusters, mined cues (values, no I/O)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intents.model import Speaker

TOLD_EVERY = 2_000
"""Lines or turns after which somebody who waits is told how far it is."""


class Side(StrEnum):
    """On which side of the conversation somebody stands."""

    CUSTOMER = "customer"
    OURS = "ours"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Line:
    """One message of an export, as it was written there."""

    who: str
    text: str
    where: str
    """`file:line`."""
    side: Side = Side.UNKNOWN
    at: datetime | None = None
    """As the export says it, without a zone; used for distances only."""


@dataclass(frozen=True)
class Turn:
    """What a customer said in one go, masked, with what was said before."""

    text: str
    context: tuple[str, ...]
    where: str
    times: int = 1
    """How often the same words came after the same words."""
    speaker: str = Speaker.CUSTOMER


@dataclass(frozen=True)
class Suggestion:
    """A turn with what the serving model reads in it."""

    turn: Turn
    intent: str
    confidence: float
    abstained: str = ""
    """Why the model would have asked, empty where it would not."""


@dataclass(frozen=True)
class Cluster:
    """Turns that speak alike."""

    name: str
    """Its most telling phrases."""
    members: tuple[int, ...]
    """Places in the list of suggestions, the most typical first."""
    intent: str
    """What most of them were read as."""
    share: float
    """How many of them were."""


@dataclass(frozen=True)
class MinedCue:
    """A phrase of the transcripts that signals an intent on labelled data."""

    text: str
    intent: str
    hits: int
    """Labelled utterances of that intent in which it stands."""
    support: int
    """Labelled utterances in which it stands."""
    heard: int
    """Turns of the transcripts in which it stands."""
    low: float
    """Wilson's lower bound of its precision."""

    @property
    def precision(self) -> float:
        return self.hits / self.support

    @property
    def strength(self) -> int:
        """As the lexicon counts: 3 nearly decides, 1 hints."""
        return 3 if self.low >= 0.9 else 2 if self.low >= 0.75 else 1


@dataclass(frozen=True)
class Mined:
    """Everything found in the transcripts."""

    suggestions: tuple[Suggestion, ...]
    clusters: tuple[Cluster, ...]
    cues: tuple[MinedCue, ...]
