"""The quality board as it is now, for console, API and terminal; and its alarms, told to the admins once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlmodel import Session

from bot.outbox import Outbox
from bot.people import Role
from bot.signals.alarms import Heard, alarm, all_clear, note
from bot.store import Store
from bot.telling import notify
from crm_bridge import Account, CrmAdapter, CrmError
from crm_bridge.contracts import DataContract
from crm_bridge.quality import SINCE, Board, QualitySheet, board

log = structlog.get_logger()
WATCH_EVERY_S = 600
MOST_ACCOUNTS = 50
"""Read for each board: enough for shares, little enough for a system that limits calls."""
SAMPLE_LASTS = timedelta(minutes=5)


class _Sample(NamedTuple):
    at: datetime
    accounts: tuple[Account, ...]


@dataclass
class QualityWatch:
    """`board` reads, `watch_quality` also tells."""

    store: Store
    crm: CrmAdapter
    outbox: Outbox
    bounds: QualitySheet
    clock: Callable[[], datetime]
    public_url: str
    _sample: _Sample | None = None
    _sampling: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def board(self) -> Board:
        """With the customer system asleep, of the events alone."""
        sample = await self._sampled()
        contract: DataContract | None = getattr(self.crm, "contract", None)
        kept_out, now = getattr(self.crm, "outside", None), self.clock()
        outside = kept_out.since(now - SINCE) if kept_out else {}
        return await self.store.read(
            lambda session: board(
                session, now, self.bounds, contract, self.crm.name, sample.accounts, outside, sample.at
            )
        )

    async def watch_quality(self) -> int:
        """Tell the admins of what is new and of what is over. Returns how many breaches are new."""
        found = await self.board()
        unseen = "" if self._sample and self._sample.accounts else f"{self.crm.name} "
        heard = await self.store.write(lambda session: self._tell(session, found, unseen))
        return len(heard.news)

    def _tell(self, session: Session, found: Board, unseen: str) -> Heard:
        heard = note(session, found, self.bounds, unseen)
        for notice, key in (
            (alarm(heard, self.public_url), "alarm"),
            (all_clear(heard, self.public_url), "over"),
        ):
            if notice is not None:
                roles, at = (Role.ADMIN,), found.at.timestamp()
                notify(session, self.outbox, roles, notice, f"quality:{key}:{at:.6f}", found.at)
        if heard.news:
            log.warning("quality_alarm", count=len(heard.news), first=heard.news[0].key)
        return heard

    async def _sampled(self) -> _Sample:
        """Accounts as they were a moment ago: whoever looks at the board does not set off fifty calls each time."""
        async with self._sampling:
            known, now = self._sample, self.clock()
            if known is None or not timedelta() <= now - known.at < SAMPLE_LASTS:
                known = self._sample = _Sample(now, await self._accounts())
            return known

    async def _accounts(self) -> tuple[Account, ...]:
        read: list[Account] = []
        try:
            for name in (await self.crm.directory())[:MOST_ACCOUNTS]:
                read.append(await self.crm.account(name.id))
        except CrmError as error:
            log.warning("quality_without_crm", reason=str(error))
        return tuple(read)
