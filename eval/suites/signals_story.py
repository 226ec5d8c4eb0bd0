"""Customers over half a year, told as stories: what each of them is up to, and the traces that it leaves. Seeded.

The label comes of the story (a customer who is really about to buy orders on a day of theirs), never of a score. Traces are
left by buyers and by everybody else with overlapping rates: students download manuals, engineers with a broken machine
ask and read, price collectors ask for quotes and buy nothing, and some buyers hardly show before they order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_bridge.signals import Occurrence

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 180
KINDS = {
    "regular": 26,
    "buyer": 22,
    "quiet_buyer": 10,
    "collector": 12,
    "engineer": 14,
    "student": 8,
    "leaving": 8,
}
"""Of a hundred customers."""


@dataclass(frozen=True)
class Story:
    """One customer: what it left, and the days on which it decided to buy something new."""

    account: str
    kind: str
    traces: tuple[Occurrence, ...]
    purchases: tuple[datetime, ...]


def stories(seed: int, count: int) -> list[Story]:
    chance = random.Random(seed)
    kinds = chance.choices(list(KINDS), weights=list(KINDS.values()), k=count)
    return [_Teller(f"A{at}", kind, random.Random(f"{seed}:{at}")).story() for at, kind in enumerate(kinds)]


class _Teller:
    def __init__(self, account: str, kind: str, chance: random.Random) -> None:
        self._account, self._kind, self._chance = account, kind, chance
        self._traces: list[Occurrence] = []

    def story(self) -> Story:
        self._everyday()
        purchases = list(self._purchases())
        for day in purchases:
            self._before_buying(day)
        getattr(self, f"_{self._kind}", lambda: None)()
        traces = tuple(sorted(self._traces, key=lambda one: one.at))
        return Story(
            self._account, self._kind, traces, tuple(START + timedelta(days=day) for day in purchases)
        )

    def _purchases(self) -> Iterator[float]:
        """Buyers decide once or twice, regulars sometimes beyond their rhythm; the others do not."""
        many = {"buyer": (1, 2), "quiet_buyer": (1, 1), "regular": (0, 1)}.get(self._kind, (0, 0))
        day = self._chance.uniform(35, 80)
        for _ in range(self._chance.randint(*many)):
            yield day
            day += self._chance.uniform(60, 95)

    def _everyday(self) -> None:
        """What everybody leaves: visits, a question now and then, payments, a ticket."""
        for day in self._days(0.05):
            self._leave(day, "event:web.page-dwell", seconds=self._chance.randint(10, 200))
        for day in self._days(0.012):
            self._leave(
                day, "said:technical_inquiry", words=self._chance.choice(("质保多久", "参数发我", "怎么接线"))
            )
        for day in self._days(0.006):
            self._leave(day, "said:vague_interest")
        for day in self._days(0.006):
            self._leave(day, "event:web.download", document="手册")
        for day in self._days(0.003):
            self._leave(day, "said:quote_request")
        for day in self._days(0.012):
            self._leave(
                day, "event:payment.received" if self._chance.random() < 0.85 else "event:payment.overdue"
            )
        for day in self._days(0.01):
            self._leave(
                day, "event:ticket.opened", text=self._chance.choice(("报警", "噪声大", "太慢,很失望"))
            )
        for day in self._days(0.01):
            self._leave(day, "event:device.usage", utilization=round(self._chance.uniform(0.3, 0.9), 2))
        if self._chance.random() < 0.15:
            self._leave(self._chance.uniform(10, DAYS - 10), "event:contact.added")

    def _before_buying(self, day: float) -> None:
        """Over the weeks before the decision, each trace with a chance of its own; a quiet one leaves a third of them."""
        loud = 0.35 if self._kind == "quiet_buyer" else 1.0
        weeks = self._chance.uniform(14, 35)
        for what, chance, most, early in (
            ("event:web.page-dwell", 0.9, 6, 1.0), ("event:web.download", 0.6, 3, 1.0), ("said:technical_inquiry", 0.65, 3, 0.9),
            ("said:quote_request", 0.7, 2, 0.5), ("said:competitor_comparison", 0.4, 1, 0.7), ("said:contract_terms", 0.35, 2, 0.4),
            ("event:meeting.accepted", 0.45, 2, 0.5), ("event:contact.added", 0.35, 1, 0.9), ("event:device.usage", 0.5, 3, 1.0),
            ("event:contract.expiring", 0.2, 1, 1.0), ("said:purchase", 0.45, 1, 0.12),
        ):  # fmt: skip
            if self._chance.random() < chance * loud:
                for _ in range(self._chance.randint(1, most)):
                    self._leave(
                        day - self._chance.uniform(0.3, max(0.6, weeks * early)), what, **self._content(what)
                    )
        self._leave(day + self._chance.uniform(0, 3), "event:order.created")

    def _regular(self) -> None:
        """Orders the usual at the usual pace: that is no decision."""
        day, gap = self._chance.uniform(0, 20), self._chance.uniform(25, 50)
        while day < DAYS:
            self._leave(day, "event:order.created")
            if self._chance.random() < 0.3:
                self._leave(day - 2, "said:quote_request")
            day += gap * self._chance.uniform(0.85, 1.15)

    def _collector(self) -> None:
        """Asks for prices, again and again, to hold them against somebody else's."""
        for start in self._days(0.02):
            for _ in range(self._chance.randint(1, 3)):
                self._leave(start + self._chance.uniform(0, 5), "said:quote_request")
            if self._chance.random() < 0.4:
                self._leave(start + 1, "said:competitor_comparison")
            if self._chance.random() < 0.5:
                self._leave(start + 6, "said:vague_interest")

    def _engineer(self) -> None:
        """A machine makes trouble: reads, downloads and asks as much as a buyer."""
        for start in self._days(0.018):
            for _ in range(self._chance.randint(2, 6)):
                what = self._chance.choice(
                    ("event:web.page-dwell", "event:web.download", "said:technical_inquiry")
                )
                self._leave(start + self._chance.uniform(0, 6), what, **self._content(what))
            self._leave(start, "event:device.fault")
            if self._chance.random() < 0.4:
                self._leave(start + 2, "event:complaint.received")

    def _student(self) -> None:
        for day in self._days(0.12):
            what = self._chance.choice(("event:web.page-dwell", "event:web.download"))
            self._leave(day, what, **self._content(what))

    def _leaving(self) -> None:
        """Complains, pays late, then asks what a competitor's machine does."""
        for day in self._days(0.03):
            kind = (
                "event:complaint.received",
                "event:payment.overdue",
                "said:competitor_comparison",
                "said:complaint",
            )
            self._leave(day, self._chance.choice(kind))

    def _content(self, what: str) -> dict[str, Any]:
        content: dict[str, dict[str, Any]] = {
            "event:web.page-dwell": {"seconds": self._chance.randint(40, 400)},
            "event:web.download": {"document": "手册"},
            "event:device.usage": {"utilization": round(self._chance.uniform(0.75, 0.99), 2)},
            "said:technical_inquiry": {
                "words": self._chance.choice(("质保几年", "响应时间多久", "参数发我", "能配多大转子"))
            },
        }
        return content.get(what, {})

    def _days(self, rate: float) -> Iterator[float]:
        """Moments of a Poisson process."""
        day = self._chance.expovariate(rate)
        while day < DAYS:
            yield day
            day += self._chance.expovariate(rate)

    def _leave(self, day: float, what: str, words: str = "", text: str = "", **fields: Any) -> None:
        if 0 <= day < DAYS:
            ref, details = f"{self._account}:{len(self._traces)}", {"text": text} if text else {}
            at = START + timedelta(days=day)
            self._traces.append(Occurrence(what, self._account, at, ref, fields, details, words))
