"""What becomes of a frame: it is read, handed on, and answered, in every case in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from bot.channels import CardReply, Outcome, UntrustedEnvelope
from bot.channels.dingtalk.frames import CARD_TOPIC, MESSAGE_TOPICS, Answer, Frame, answer, pong
from bot.channels.dingtalk.messages import read_message
from bot.channels.dingtalk.open_taps import OpenTaps
from bot.channels.dingtalk.taps import read_tap

log = structlog.get_logger()
OnOutcome = Callable[[Outcome], Awaitable[Mapping[str, Any] | None]]
Send = Callable[[Answer], Awaitable[None]]
CARD_ANSWER_WITHIN_S = 1.5
"""The platform gives a tap two seconds; what comes later goes out as an update of the card."""
FINISH_S = 5.0
_NO_RESPONSE = {"response": None}


class Answering:
    """Hands outcomes to `on_outcome` and sends the answer.

    Messages are handed on one after another, in the order they came. An answer to a tap is the new card data, or
    none yet. Whatever goes wrong is answered too (400, 404, 500): an unanswered frame would come again and again.
    """

    def __init__(
        self,
        robot_code: str,
        on_outcome: OnOutcome,
        taps: OpenTaps,
        clock: Callable[[], datetime],
        within: float = CARD_ANSWER_WITHIN_S,
    ) -> None:
        self._robot_code = robot_code
        self._on_outcome = on_outcome
        self._taps = taps
        self._clock = clock
        self._within = within
        self._in_order = asyncio.Lock()
        self._at_work: set[asyncio.Future[Any]] = set()

    async def handle(self, frame: Frame, send: Send) -> None:
        try:
            await self._serve(frame, send)
        except UntrustedEnvelope as untrusted:
            log.warning("dingtalk_frame_rejected", topic=frame.topic, reason=untrusted.reason)
            await send(answer(frame, _NO_RESPONSE, 400, untrusted.reason))
        except Exception:
            log.exception("dingtalk_frame_failed", topic=frame.topic)
            await send(answer(frame, _NO_RESPONSE, 500, "handler error"))

    async def finish(self) -> None:
        """When handlers whose answer was due before they were done are through too, within some seconds."""
        if self._at_work:
            await asyncio.wait(set(self._at_work), timeout=FINISH_S)

    async def _serve(self, frame: Frame, send: Send) -> None:
        match frame.type, frame.topic:
            case "SYSTEM", "ping":
                await send(pong(frame))
            case "SYSTEM", _:
                return
            case "EVENT", _:  # not subscribed; where one comes all the same, it must not be sent again
                await send(answer(frame, {"status": "SUCCESS", "message": "ok"}))
            case "CALLBACK", topic if topic in MESSAGE_TOPICS:
                await self._message(frame)
                await send(answer(frame, _NO_RESPONSE))
            case "CALLBACK", topic if topic == CARD_TOPIC:
                await self._tap(frame, send)
            case _:
                await send(answer(frame, _NO_RESPONSE, 404, "not served"))

    async def _message(self, frame: Frame) -> None:
        async with self._in_order:
            await self._on_outcome(read_message(frame.payload(), self._robot_code, self._clock()))

    async def _tap(self, frame: Frame, send: Send) -> None:
        tap = read_tap(frame.payload(), self._clock())
        if tap is None:
            await send(answer(frame, {"response": {}}))
            return
        with self._taps.held(str(tap.reply_to.data["outTrackId"])):
            response = await self._in_time(tap)
            await send(answer(frame, {"response": dict(response or {})}))

    async def _in_time(self, tap: CardReply) -> Mapping[str, Any] | None:
        """None where the handler takes longer; it goes on, for it may be in the middle of saving."""
        work = asyncio.ensure_future(self._on_outcome(tap))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        done, _ = await asyncio.wait({work}, timeout=self._within)
        if done:
            return work.result()
        log.warning("dingtalk_tap_answered_late", key=tap.key)
        work.add_done_callback(_log_failure)
        return None


def _log_failure(work: asyncio.Future[Any]) -> None:
    if not work.cancelled() and (error := work.exception()):
        log.error("dingtalk_tap_failed_late", error=repr(error))
