"""One Stream socket: reads frames, has each answered, and ends in order."""

from __future__ import annotations

import asyncio

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from bot.channels import UntrustedEnvelope
from bot.channels.dingtalk.answering import Answering
from bot.channels.dingtalk.frames import Answer, Frame, read_frame

log = structlog.get_logger()
AT_ONCE = 100
"""Frames in hand; more wait in the socket."""
FAREWELL_S = 15.0
"""After `disconnect` the platform closes the socket itself within about ten seconds."""
DRAIN_S = 5.0


class Session:
    """`leaving` is set when another connection is wanted: a `disconnect` frame, or the socket is gone."""

    def __init__(self, socket: ClientConnection, answering: Answering) -> None:
        self.leaving = asyncio.Event()
        self._ended = asyncio.Event()
        self._socket = socket
        self._answering = answering
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until the socket closes and what was in hand is through. Raises nothing that the network does."""
        try:
            async for raw in self._socket:
                await self._take(raw)
        except ConnectionClosed as closed:
            log.warning("dingtalk_stream_lost", code=closed.rcvd.code if closed.rcvd else None)
        finally:
            self.leaving.set()
            await self.close()
            self._ended.set()

    async def retire(self, stopping: asyncio.Event) -> None:
        """Another connection is wanted: what still comes is served, until the platform hangs up or time is up."""
        await first_of(self._ended, stopping, within=FAREWELL_S)
        await self.close()

    async def close(self) -> None:
        """Answer what is in hand, then hang up."""
        await self._drain()
        await self._socket.close()

    async def _take(self, raw: str | bytes) -> None:
        try:
            frame = read_frame(raw)
        except UntrustedEnvelope as untrusted:
            log.warning("dingtalk_frame_unreadable", reason=untrusted.reason)
            return
        if frame.is_disconnect:
            log.info("dingtalk_stream_asked_to_leave")
            self.leaving.set()
            return
        await self._slots.acquire()
        task = asyncio.create_task(self._handle(frame))
        self._in_hand.add(task)
        task.add_done_callback(self._done)

    async def _handle(self, frame: Frame) -> None:
        await self._answering.handle(frame, self._send)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._slots.release()

    async def _send(self, answer: Answer) -> None:
        try:
            await self._socket.send(answer.raw())
        except ConnectionClosed:
            log.warning(
                "dingtalk_answer_lost", topic=answer.frame.topic
            )  # it may come again; its key makes that harmless

    async def _drain(self) -> None:
        if self._in_hand:
            await asyncio.wait(set(self._in_hand), timeout=DRAIN_S)


async def first_of(*events: asyncio.Event, within: float | None = None) -> None:
    """When one of the events is set, or the time is up."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
