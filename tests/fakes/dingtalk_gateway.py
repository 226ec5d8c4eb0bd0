"""DingTalk's Stream gateway on the loopback: one-time tickets, frames out, ACKs in."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.fakes.dingtalk_platform import DingTalkPlatform

PATIENCE_S = 5.0


class DingTalkGateway:
    def __init__(self, platform: DingTalkPlatform) -> None:
        self.platform = platform
        self.sockets: list[ServerConnection] = []
        self.arrived: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[DingTalkGateway]:
        async with serve(self._talk, "127.0.0.1", 0, process_request=self._admit) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            self.platform.endpoint = f"ws://127.0.0.1:{port}/connect"
            yield self

    async def connection(self) -> ServerConnection:
        """The next client that connects."""
        return await asyncio.wait_for(self.arrived.get(), PATIENCE_S)

    async def push(
        self, socket: ServerConnection, kind: str, topic: str, data: Any, message_id: str = ""
    ) -> dict[str, Any]:
        """Send a frame and wait for its ACK; its `data` is decoded."""
        number = message_id or f"m{next(self._numbers)}"
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self.send(socket, kind, topic, data, number)
        return await asyncio.wait_for(answered, PATIENCE_S)

    async def send(
        self, socket: ServerConnection, kind: str, topic: str, data: Any, number: str = "m0"
    ) -> None:
        headers = {"topic": topic, "messageId": number, "contentType": "application/json", "time": "1690362102194",
                   "appId": "a1", "connectionId": "c1"}  # fmt: skip
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        await socket.send(json.dumps({"specVersion": "1.0", "type": kind, "headers": headers, "data": text}))

    async def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        ticket = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
        if ticket not in self.platform.tickets:
            return socket.respond(401, "ticket unknown or used\n")
        self.platform.tickets.remove(ticket)
        return None

    async def _talk(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        self.arrived.put_nowait(socket)
        async for raw in socket:
            ack = json.loads(raw)
            assert set(ack) == {"code", "headers", "message", "data"}
            assert isinstance(ack["data"], str)
            assert ack["headers"]["contentType"] == "application/json"
            waiting = self._waiting.pop(ack["headers"]["messageId"], None)
            if waiting and not waiting.done():
                waiting.set_result({**ack, "data": json.loads(ack["data"])})
