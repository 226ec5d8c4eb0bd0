"""A server that answers WeCom callbacks with a card each, or loses and doubles some: what a bench must tell apart."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from wechatpy.enterprise import parse_message
from wechatpy.enterprise.crypto import WeChatCrypto

from eval.bench.callbacks import App


@dataclass
class WeComProduct:
    """Sends one card per message. Messages to `lose` get none, those to `double` get two."""

    app: App
    platform: str
    lose: frozenset[str] = frozenset()
    double: frozenset[str] = frozenset()
    seen: set[str] = field(default_factory=set)

    async def callback(self, request: Request) -> Response:
        crypto = WeChatCrypto(self.app.token, self.app.aes_key, self.app.corp_id)
        query = request.query_params
        opened = crypto.decrypt_message(
            await request.body(), query["msg_signature"], query["timestamp"], query["nonce"]
        )
        message = parse_message(opened)
        if message.id not in self.seen:
            self.seen.add(message.id)
            await self._answer(message.source, str(message.id))
        return Response()

    async def _answer(self, user: str, message: str) -> None:
        times = 0 if message in self.lose else 1 + (message in self.double)
        async with httpx.AsyncClient(base_url=self.platform, trust_env=False) as http:
            identity = {"corpid": self.app.corp_id, "corpsecret": self.app.secret}
            token = (await http.get("/cgi-bin/gettoken", params=identity)).json()["access_token"]
            for number in range(times):
                body = {"touser": user, "msgtype": "template_card", "agentid": self.app.agent_id}
                body |= {"template_card": _card(f"{message}-{number}"), "enable_duplicate_check": 1}
                await http.post("/cgi-bin/message/send", params={"access_token": token}, json=body)


@asynccontextmanager
async def served(product: WeComProduct, port: int) -> AsyncIterator[str]:
    """The product on a loopback port, in this process, until the block ends."""
    routes = [Route("/wecom/callback", product.callback, methods=["POST"])]
    server = _Announced(uvicorn.Config(Starlette(routes=routes), "127.0.0.1", port, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    try:
        await server.listens.wait()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


class _Announced(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


def _card(task: str) -> dict[str, object]:
    button = {"text": "确认", "key": "confirm"}
    return {
        "card_type": "button_interaction",
        "task_id": task,
        "main_title": {"title": "x"},
        "button_list": [button],
    }
