"""Hands messages to the platforms: each recipient's in order, each once, again when a platform is busy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from bot import decisions
from bot.card import Notice
from bot.cards import CardMaker
from bot.channels import CardRef, Channel, ChannelBusy, ChannelRefused, ReplyAddress
from bot.connections import Heard, nobody_listens
from bot.decision import State
from bot.metrics import SENT
from bot.outbox import Outbox
from bot.queues import Queue
from bot.store import Store
from bot.tables import CardRow, DecisionRow, OutboxRow

log = structlog.get_logger()
OWN_PACE = "pace"
"""Code of a wait that we impose on ourselves: the platform is well."""
PATIENCE = 40
"""Attempts while a platform says "busy", with pauses up to a minute: over half an hour."""
_DECISIONS = DecisionRow.__table__  # type: ignore[attr-defined]
_VERSION = select(_DECISIONS.c.version).where(_DECISIONS.c.id == bindparam("decision"))


class Sender:
    def __init__(
        self,
        store: Store,
        queue: Queue[OutboxRow],
        outbox: Outbox,
        channels: Mapping[str, Channel],
        cards: CardMaker,
        clock: Callable[[], datetime],
        heard: Heard = nobody_listens,
    ) -> None:
        self._store = store
        self._queue = queue
        self._outbox = outbox
        self._channels = channels
        self._cards = cards
        self._clock = clock
        self._heard = heard

    async def work(self, rows: Sequence[OutboxRow]) -> None:
        """Send the first of a recipient's waiting messages."""
        row = rows[0]
        channel = self._channels.get(row.channel)
        if channel is None:
            await self._give_up(row, f"channel {row.channel} is off; set it up or drop the message")
            return
        try:
            if await self._send(channel, row):
                self._heard(row.channel, None)
            SENT.labels(row.channel, row.kind, "sent").inc()
        except ChannelBusy as busy:
            if busy.code != OWN_PACE:
                self._heard(row.channel, busy)
            await self._again(row, busy)
        except ChannelRefused as refused:
            self._heard(row.channel, refused if refused.alert else None)  # otherwise it is about this message
            log.warning(
                "send_refused", key=row.key, code=refused.code, alert=refused.alert, reason=str(refused)
            )
            await self._give_up(row, str(refused))

    async def _send(self, channel: Channel, row: OutboxRow) -> bool:
        """Whether the platform had to be asked."""
        match row.kind:
            case "say":
                reply_to = _address(row.payload)
                await channel.say(row.payload["words"], row.recipient, row.key, reply_to)
                await self._finish(row)
            case "notice":
                await channel.notify(_notice(row.payload), row.recipient, row.key)
                await self._finish(row)
            case "card":
                return await self._show(channel, row)
            case "refresh":
                await self._refresh(channel, row)
        return True

    async def _show(self, channel: Channel, row: OutboxRow) -> bool:
        decision, card = await self._store.read(lambda session: self._cards.load(session, row.decision or ""))
        if decision.state is not State.PROPOSED:
            await self._finish(row)  # it was seen already (a tap came back) or is not worth seeing any more
            return False
        ref = await channel.show(card, row.recipient, row.key)
        await self._store.write(lambda session: self._shown(session, row, card.version, ref))
        return True

    async def _refresh(self, channel: Channel, row: OutboxRow) -> None:
        def load(session: Session) -> tuple[Any, CardRow | None]:
            _, card = self._cards.load(session, row.decision or "")
            return card, session.get(CardRow, (row.decision, row.recipient))

        card, shown = await self._store.read(load)
        ref = await channel.refresh(
            card, row.recipient, CardRef(shown.ref if shown else {}), _address(row.payload)
        )
        await self._store.write(lambda session: self._shown(session, row, card.version, ref))

    def _shown(self, session: Session, row: OutboxRow, version: int, ref: CardRef) -> None:
        now = self._clock()
        self._queue.finish(session, row, now)
        shown = {
            "decision": row.decision or "",
            "recipient": row.recipient,
            "channel": row.channel,
            "ref": dict(ref.data),
            "shown_version": version,
            "shown_at": now,
        }
        session.execute(self._store.newest_row(CardRow), shown)
        newest = session.execute(_VERSION, {"decision": row.decision}).scalar_one()
        if newest != version and not self._another_waits(session, row):
            # it moved while the platform was being told
            self._outbox.refresh(session, decisions.load(session, row.decision or ""), now)

    def _another_waits(self, session: Session, row: OutboxRow) -> bool:
        query = select(col(OutboxRow.seq)).where(
            col(OutboxRow.decision) == row.decision,
            col(OutboxRow.recipient) == row.recipient,
            col(OutboxRow.kind) == "refresh",
            col(OutboxRow.state) == "waiting",
        )
        return session.execute(query.limit(1)).scalar() is not None

    async def _finish(self, row: OutboxRow) -> None:
        await self._store.write(lambda session: self._queue.finish(session, row, self._clock()))

    async def _again(self, row: OutboxRow, busy: ChannelBusy) -> None:
        SENT.labels(row.channel, row.kind, "busy").inc()
        if row.attempts + 1 >= PATIENCE:
            await self._give_up(row, f"the platform stayed busy: {busy}")
            return
        pause = max(busy.after, min(60.0, 0.5 * 2 ** min(row.attempts, 7)))
        log.info("send_postponed", key=row.key, code=busy.code, pause=round(pause, 1), reason=str(busy))
        await self._store.write(
            lambda session: self._queue.postpone(session, row, self._clock(), str(busy), pause)
        )

    async def _give_up(self, row: OutboxRow, why: str) -> None:
        SENT.labels(row.channel, row.kind, "dead").inc()
        await self._store.write(lambda session: self._queue.bury(session, row, self._clock(), why))


def _address(payload: Mapping[str, Any]) -> ReplyAddress | None:
    return ReplyAddress(payload["reply_to"]) if payload.get("reply_to") else None


def _notice(payload: Mapping[str, Any]) -> Notice:
    return Notice(**{**payload, "rows": tuple((name, value) for name, value in payload["rows"])})
