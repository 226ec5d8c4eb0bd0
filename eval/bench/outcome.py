"""What a measurement found: callbacks and cards brought together, and put in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .load import Fired
from .percentiles import Percentiles
from .wecom_platform import Arrival


@dataclass(frozen=True)
class Outcome:
    """Counts and times of one run. `lost` and `doubled` must be 0."""

    turns: int
    redelivered: int
    acknowledged: Percentiles
    shown: Percentiles
    """Callback sent → card taken in by the platform."""
    lag: Percentiles
    """How late the generator itself was."""
    not_accepted: int
    """Callbacks that got another answer than 200, or none."""
    lost: int
    """Turns that nothing came back for."""
    in_words: int
    """Turns answered by words instead of a card."""
    doubled: int
    """Cards more than turns, as people saw them."""
    collapsed: int
    """Repeated sends that the platform's duplicate check dropped."""
    refused: int
    """Calls that the platform answered with an error code."""
    turns_per_s: float

    @classmethod
    def of(cls, fired: Sequence[Fired], arrivals: Sequence[Arrival]) -> Outcome:
        first = sorted((one for one in fired if not one.shot.again), key=lambda one: one.at)
        seen = [arrival for arrival in arrivals if arrival.was_seen]
        cards = _by_user(one for one in seen if one.kind == "template_card")
        words = _by_user(one for one in seen if one.kind != "template_card")
        turns = _turns_of(first)
        times = [
            card.at - turn.at for user in turns for turn, card in zip(turns[user], cards[user], strict=False)
        ]
        missing = {user: max(0, len(turns[user]) - len(cards[user])) for user in turns}
        in_words = sum(min(missing[user], len(words[user])) for user in turns)
        return cls(
            turns=len(first),
            redelivered=len(fired) - len(first),
            acknowledged=Percentiles.of([one.took for one in fired if one.status == 200]),
            shown=Percentiles.of(times),
            lag=Percentiles.of([one.late for one in fired]),
            not_accepted=sum(one.status != 200 for one in fired),
            lost=sum(missing.values()) - in_words,
            in_words=in_words,
            doubled=sum(max(0, len(cards[user]) - len(turns[user])) for user in turns),
            collapsed=sum(arrival.collapsed for arrival in arrivals),
            refused=sum(bool(arrival.errcode) for arrival in arrivals),
            turns_per_s=_throughput(first, [card for user in turns for card in cards[user]]),
        )


@dataclass(frozen=True)
class Report:
    """A run with its circumstances. Absent where the server was somebody else's and could not be looked at."""

    rate: float
    outcome: Outcome
    ready_s: float | None = None
    first_card_s: float | None = None
    """Process started → first card at the platform."""
    cpu_ms_per_turn: float | None = None
    """The server's processor time; unlike the rest it means the same on a busy machine."""
    memory_mb: float | None = None
    peak_memory_mb: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "outcome"} | asdict(
            self.outcome
        )

    def as_text(self) -> str:
        run = self.outcome
        lines = [
            f"{run.turns} turns at {self.rate:g}/s, {run.redelivered} callbacks delivered twice",
            f"acknowledged     {run.acknowledged.as_text()}",
            f"callback → card  {run.shown.as_text()}",
            f"throughput       {run.turns_per_s:.1f} turns/s",
            f"lost {run.lost}, doubled {run.doubled}, answered in words {run.in_words}",
            f"not accepted {run.not_accepted}, refused by the platform {run.refused}, collapsed {run.collapsed}",
        ]
        if self.ready_s is not None:
            first = "never" if self.first_card_s is None else f"{self.first_card_s:.1f} s"
            lines.append(f"start            ready {self.ready_s:.1f} s, first card {first}")
        if self.cpu_ms_per_turn is not None:
            lines.append(f"processor        {self.cpu_ms_per_turn:.1f} ms a turn")
        if self.memory_mb is not None:
            lines.append(
                f"memory           {self.memory_mb:.0f} MB, at most {self.peak_memory_mb or 0:.0f} MB"
            )
        return "\n".join([*lines, f"(generator late  {run.lag.as_text()})"])


def _turns_of(first: Iterable[Fired]) -> Mapping[str, list[Fired]]:
    turns: dict[str, list[Fired]] = defaultdict(list)
    for one in first:
        turns[one.shot.sender.wecom].append(one)
    return turns


def _by_user(arrivals: Iterable[Arrival]) -> Mapping[str, list[Arrival]]:
    found: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        found[arrival.user.lower()].append(arrival)
    return found


def _throughput(first: Sequence[Fired], cards: Sequence[Arrival]) -> float:
    if not first or not cards:
        return 0.0
    took = max(card.at for card in cards) - min(one.at for one in first)
    return round(len(cards) / took, 2) if took > 0 else 0.0
