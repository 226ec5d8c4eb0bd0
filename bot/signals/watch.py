"""Looks at what is new, scores whom it concerns, and queues a proposal for each window that opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from sqlmodel import Session

from bot.channels import Signalled
from bot.deliveries import store_outcome
from bot.events.intake import Intake
from bot.signals.gathering import AT_ONCE, new_events, new_words
from crm_bridge import AccountName, CrmAdapter, CrmUnavailable, accounts_named
from crm_bridge.identity import known_as
from crm_bridge.signals import (
    Score,
    Sheet,
    Window,
    accounts,
    facts,
    keep,
    keep_window,
    load_sheet,
    move,
    score,
    window,
)

log = structlog.get_logger()
INTENT, RISK = "signals", "risk"
CHANNEL = "feed"
LOOK_EVERY_S = 30
MOST_SHARES = 5
"""Occurrences named for each dimension, most telling first."""


@dataclass(frozen=True)
class Scored:
    """A customer's score by one sheet with the state of its window."""

    sheet: str
    score: Score
    window: Window


@dataclass(frozen=True)
class SignalWatch:
    """`look` by the clock of the leading process; `scored` whenever somebody asks."""

    intake: Intake
    crm: CrmAdapter
    sheets: Mapping[str, Sheet]

    async def watch_signals(self) -> int:
        """Returns how many windows opened and are being told."""
        store, now = self.intake.store, self.intake.clock()
        try:
            directory = await self.crm.directory()
        except CrmUnavailable as asleep:
            log.warning("signals_wait", reason=str(asleep))
            return 0
        while await store.write(lambda session: self._gather(session, directory, now)) >= AT_ONCE:
            pass
        known = await store.read(lambda session: accounts(session, now, self._horizon.days))
        opened = 0
        for account in known:  # each in its own short transaction: others want to write too
            opened += await store.write(lambda session, one=account: self._move(session, one, now))  # type: ignore[misc]
        if opened:
            log.info("windows_opened", count=opened)
        return opened

    @property
    def _horizon(self) -> timedelta:
        return timedelta(days=max(sheet.horizon_days for sheet in self.sheets.values()))

    def scored(self, session: Session, sheet: str, account: str) -> Scored:
        now = self.intake.clock()
        by = self.sheets[sheet]
        found = score(by, facts(session, sheet, account, now, by.horizon_days), now)
        return Scored(sheet, found, window(session, sheet, account))

    def _gather(self, session: Session, directory: Sequence[AccountName], now: datetime) -> int:
        @cache
        def resolve(system: str, named: str) -> str | None:
            if linked := known_as(session, system, named):
                return str(linked)
            fits = accounts_named(tuple(directory), named)
            return str(fits[0].id) if len(fits) == 1 else None

        events = new_events(session, self.intake.maps, resolve, now, self._horizon)
        words = new_words(session, now, self._horizon)
        keep(session, self.sheets, [*events, *words])
        return max(len(events), len(words))

    def _move(self, session: Session, account: str, now: datetime) -> int:
        told = 0
        for name, sheet in self.sheets.items():
            before = window(session, name, account, lock=True)
            found = score(sheet, facts(session, name, account, now, sheet.horizon_days), now)
            after, tell = move(before, found, sheet)
            if after != before or found.value:
                keep_window(session, name, account, after, found)
            if tell:
                told += self._queue(session, name, account, found, now)
        return told

    def _queue(self, session: Session, sheet: str, account: str, found: Score, now: datetime) -> bool:
        signalled = Signalled(
            key=f"signal:{sheet}:{account}:{now.timestamp():.0f}",
            conversation=f"signal:{sheet}:{account}",
            customer=account,
            sheet=sheet,
            score=found.value,
            reasons=tuple(plain(found)),
            at=now,
        )
        return store_outcome(session, self.intake.deliveries, CHANNEL, signalled, now)


def plain(found: Score) -> list[dict[str, Any]]:
    """The contributions as they are stored and answered."""
    return [
        {
            "dimension": one.dimension,
            "label": one.label,
            "points": one.points,
            "because": [
                {"ref": share.ref, "at": share.at.isoformat(), "points": share.points, "what": share.what}
                for share in one.shares[:MOST_SHARES]
            ],
        }
        for one in found.contributions
    ]


def load_sheets(folder: Path | None = None) -> dict[str, Sheet]:
    return {name: load_sheet(name, folder) for name in (INTENT, RISK)}
