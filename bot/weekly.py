"""On Monday morning each manager gets a card in chat: what became of the team's cards last week, one tap from the board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlmodel import Session, select

from bot import people
from bot.card import Notice
from bot.console import board_counts
from bot.console.board_numbers import Board, Share
from bot.copilot import ASIA_SHANGHAI
from bot.outbox import Outbox
from bot.people import Person, Role
from bot.store import Store
from bot.tables import OutboxRow
from prompts import phrase

log = structlog.get_logger()
LOOK_EVERY_S = 600
MONDAY, FROM_HOUR, TO_HOUR = 0, 9, 18
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class WeeklySummary:
    """Said once to a manager in a week: the message's key in the outbox holds the Monday."""

    store: Store
    outbox: Outbox
    public_url: str
    clock: Callable[[], datetime]

    async def sum_up_weeks(self) -> int:
        """Tell those who have not heard yet, on Mondays in working hours. Returns how many."""
        here = self.clock().astimezone(ASIA_SHANGHAI)
        if here.weekday() != MONDAY or not FROM_HOUR <= here.hour < TO_HOUR:
            return 0
        monday = here.replace(hour=0, minute=0, second=0, microsecond=0)
        told = 0
        for manager in await self.store.read(_managers):
            told += await self._sum_up(manager, monday)
        if told:
            log.info("weeks_summed_up", managers=told)
        return told

    async def _sum_up(self, manager: Person, monday: datetime) -> bool:
        key = f"weekly:{monday:%Y-%m-%d}:{manager.id}"
        notice = await self.store.read(lambda session: self._notice(session, manager, key, monday))
        return notice is not None and await self.store.write(
            lambda session: self._tell(session, manager, key, notice)
        )

    def _notice(self, session: Session, manager: Person, key: str, monday: datetime) -> Notice | None:
        """None where it was said already, or where there is nothing to say."""
        if session.exec(select(OutboxRow.seq).where(OutboxRow.key == f"notice:{key}")).first() is not None:
            return None
        first, last = _week_before(monday)
        found = board_counts.board(session, manager, first, last)
        return summary(found, monday, self.public_url) if found.all.total else None

    def _tell(self, session: Session, manager: Person, key: str, notice: Notice) -> bool:
        channel = self.outbox.channel_of(manager)
        return bool(channel) and self.outbox.notify(
            session, manager, channel or "", notice, key, self.clock()
        )


def summary(found: Board, monday: datetime, public_url: str) -> Notice:
    """The week before a Monday on one card."""
    counts = found.all.counts
    suspicious = sum(bool(one.signs) for one in found.habits)
    values = {
        "accepted": phrase("weekly_cards", count=counts.get("accepted", 0)),
        "edited": phrase("weekly_cards", count=counts.get("edited", 0)),
        "declined": phrase("weekly_cards", count=counts.get("declined", 0)),
        "undecided": phrase("weekly_left", expired=counts.get("expired", 0), open=counts.get("open", 0)),
        "drift": _percent(found.drift),
        "unread": phrase("weekly_people", count=suspicious),
    }
    first, last = _week_before(monday)
    return Notice(
        title=phrase("weekly_title"),
        subtitle=phrase(
            "weekly_subtitle", first=f"{first:%m-%d}", last=f"{last:%m-%d}", cards=found.all.total
        ),
        figure=_percent(found.all.closed),
        figure_name=phrase("weekly_closed"),
        rows=tuple((phrase(f"weekly_{name}"), value) for name, value in values.items()),
        button=phrase("weekly_open"),
        url=f"{public_url.rstrip('/')}/console/board?since={first}&until={last}",
    )


def _week_before(monday: datetime) -> tuple[date, date]:
    """Its first and its last day."""
    return (monday - WEEK).date(), (monday - timedelta(days=1)).date()


def _percent(share: Share) -> str:
    return f"{share.value:.0%}({share.hits}/{share.total})" if share.total else "—"


def _managers(session: Session) -> list[Person]:
    return [one for one in people.everyone(session) if one.active and one.role is Role.MANAGER]
