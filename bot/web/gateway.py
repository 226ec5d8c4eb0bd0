"""Where platforms knock: check, store under the delivery's key, answer at once. The work comes after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlmodel import Session, col

from bot.cards import CardMaker
from bot.channels import (
    CardReply,
    Channel,
    Entered,
    Envelope,
    Handshake,
    KeepsAddresses,
    Outcome,
    UntrustedEnvelope,
)
from bot.channels.dingtalk import NO_REPLY, DingTalk, card_answer
from bot.channels.wecom_bot import WeComBot
from bot.deliveries import store_outcome
from bot.errors import NotFound
from bot.metrics import ACKNOWLEDGED, RECEIVED, REJECTED, REPEATED
from bot.queues import Queue
from bot.store import Store
from bot.tables import DeliveryRow

log = structlog.get_logger()
LARGEST = 1024 * 1024
"""Bytes of a callback's body; platforms send a few kilobytes."""
TAP_ANSWER_S = 1.5
"""DingTalk wants a tapped card's new state within two seconds; later it is changed by the API."""
BOT_ANSWER_S = 3.5
"""WeCom drops the callback of an AI bot's card after five seconds."""


class Gateway:
    """The same way in for callbacks, Stream frames, the feed and the simulator."""

    def __init__(
        self,
        store: Store,
        deliveries: Queue[DeliveryRow],
        channels: Mapping[str, Channel],
        cards: CardMaker,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._deliveries = deliveries
        self._channels = channels
        self._cards = cards
        self._clock = clock

    async def accept(self, channel: str, outcome: Outcome) -> bool:
        """Keep what arrived, durably. False: it had arrived before. When this returns, nothing can lose it."""
        keeper = self._channels.get(channel)

        def keep(session: Session) -> bool:
            new = store_outcome(session, self._deliveries, channel, outcome, self._clock())
            if new and isinstance(keeper, KeepsAddresses):
                keeper.keep(session, outcome)
            return new

        new = await self._store.admit(keep)
        if new:
            RECEIVED.labels(channel, type(outcome).__name__).inc()
        else:
            REPEATED.labels(channel).inc()
        return new

    async def callback(self, channel: str, request: Request) -> Handshake | Outcome | None:
        """Open a platform's request and keep what it brings. Raises `UntrustedEnvelope`."""
        started = time.perf_counter()
        envelope = Envelope(
            method=request.method,
            headers={name.lower(): value for name, value in request.headers.items()},
            query=dict(request.query_params),
            body=await _body(request),
            received_at=self._clock(),
        )
        opened = self._channels[channel].open(envelope)
        if opened is not None and not isinstance(opened, Handshake):
            await self.accept(channel, opened)
        ACKNOWLEDGED.labels(channel).observe(time.perf_counter() - started)
        return opened

    async def state_of(self, key: str) -> str:
        """Of a delivery: waiting, done or dead; empty where there is none."""
        state = select(col(DeliveryRow.state)).where(col(DeliveryRow.key) == key)
        return await self._store.read(lambda session: str(session.execute(state).scalar() or ""))

    async def worked(self, key: str, within: float) -> bool:
        """Whether the delivery was worked in that many seconds; returns as soon as it was."""
        until = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < until:
            if await self.state_of(key) != "waiting":
                return True
            await asyncio.sleep(0.03)
        return False

    async def tapped(self, tap: CardReply) -> dict[str, Any] | None:
        """What a tapped DingTalk card shows now, once the tap was worked; None where that takes too long."""
        until = asyncio.get_running_loop().time() + TAP_ANSWER_S
        while asyncio.get_running_loop().time() < until:
            card = await self._store.read(lambda session: self._settled(session, tap))
            if card is not None:
                return card
            await asyncio.sleep(0.03)
        return None

    async def responded(self, bot: WeComBot, callback: str) -> dict[str, Any] | None:
        """What an AI bot's callback is answered with, once it was worked; None where that takes too long."""
        until = asyncio.get_running_loop().time() + BOT_ANSWER_S
        while asyncio.get_running_loop().time() < until:
            if body := await bot.response(callback):
                return body
            await asyncio.sleep(0.03)
        return await bot.responded(callback)

    async def streamed(self, outcome: Outcome) -> Mapping[str, Any] | None:
        """What DingTalk's Stream mode brings."""
        await self.accept("dingtalk", outcome)
        return await self.tapped(outcome) if isinstance(outcome, CardReply) else None

    def _settled(self, session: Session, tap: CardReply) -> dict[str, Any] | None:
        state = session.execute(
            select(col(DeliveryRow.state)).where(col(DeliveryRow.key) == tap.key)
        ).scalar()
        if state != "done":
            return None
        try:
            _, card = self._cards.load(session, tap.decision)
        except NotFound:
            return {}
        return card_answer(card)


def routes(gateway: Gateway, channels: Mapping[str, Channel]) -> APIRouter:
    """The callbacks of the channels that are on."""
    router = APIRouter()
    if "wecom" in channels:

        @router.api_route("/wecom/callback", methods=["GET", "POST"], include_in_schema=False)
        async def wecom(request: Request) -> Response:
            opened = await gateway.callback("wecom", request)
            return Response(opened.answer if isinstance(opened, Handshake) else b"", media_type="text/plain")

    bot = channels.get("wecom_bot")
    if isinstance(bot, WeComBot):

        @router.api_route("/wecom/bot", methods=["GET", "POST"], include_in_schema=False)
        async def wecom_bot(request: Request) -> Response:
            opened = await gateway.callback("wecom_bot", request)
            if isinstance(opened, Handshake):
                return Response(opened.answer, media_type="text/plain")
            if not isinstance(opened, CardReply | Entered):
                return Response()
            body = await gateway.responded(bot, opened.key)
            if body is None:
                return Response()
            sealed = bot.sealed(body, request.query_params["nonce"])
            return Response(sealed, media_type="application/json")

    dingtalk = channels.get("dingtalk")
    if isinstance(dingtalk, DingTalk):

        @router.post("/dingtalk/robot", include_in_schema=False)
        async def robot(request: Request) -> dict[str, Any]:
            await gateway.callback("dingtalk", request)
            return dict(NO_REPLY)

        @router.post("/dingtalk/card", include_in_schema=False)
        async def card(request: Request) -> dict[str, Any]:
            opened = await gateway.callback("dingtalk", request)
            if not isinstance(opened, CardReply):
                return {}
            with dingtalk.answering(opened):  # until then the platform forbids changing the card by its API
                return await gateway.tapped(opened) or {}

    return router


async def untrusted(request: Request, error: Exception) -> Response:
    """A request that proves nothing: a counted log line and a 4xx, nothing stored."""
    assert isinstance(error, UntrustedEnvelope)
    channel = request.url.path.split("/")[1]
    REJECTED.labels(channel, error.reason).inc()
    log.warning("envelope_rejected", channel=channel, reason=error.reason, status=error.status)
    return Response(error.reason, status_code=error.status, media_type="text/plain")


async def _body(request: Request) -> bytes:
    """Read as it comes and stop at the limit, whatever the header claims."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise UntrustedEnvelope("size", 413)
    return bytes(body)
