"""A server that answers from its first moment on, while what it serves is still being read in and put together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_EARLY: dict[str, tuple[int, Message]] = {
    "/healthz": (200, {"status": "alive"}),
    "/readyz": (503, {"status": "not ready", "problems": {"starting": "being put together; a moment"}}),
}


class Starting:
    """The ASGI application in front: `build` runs in a thread, then everything goes to what it gave.

    Until then `/healthz` says alive and `/readyz` not ready; every other request waits, so that a platform's callback
    that comes early is late rather than lost. A build that raises leaves its error in `failed`, and `give_up` is called.
    """

    def __init__(self, build: Callable[[], FastAPI]) -> None:
        self._build = build
        self._app: FastAPI | None = None
        self._settled = asyncio.Event()
        self._stopping = asyncio.Event()
        self.give_up: Callable[[], None] = lambda: None
        self.failed: Exception | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        early = _EARLY.get(scope["path"]) if scope["type"] == "http" and self._app is None else None
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif early is not None:
            await _answer(send, *early)
        else:
            await self._settled.wait()
            if self._app is not None:
                await self._app(scope, receive, send)
            elif scope["type"] == "http":
                await _answer(send, *_EARLY["/readyz"])

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        running = asyncio.create_task(self._run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stopping.set()
        await running
        await send({"type": "lifespan.shutdown.complete"})

    async def _run(self) -> None:
        """The application with its own lifespan, in which its workers run."""
        try:
            app = await asyncio.to_thread(self._build)
            if self._stopping.is_set():
                return
            async with app.router.lifespan_context(app):
                self._app = app
                self._settled.set()
                await self._stopping.wait()
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever started the server raises it
            self.failed = error
            self.give_up()
        finally:
            self._settled.set()


async def _answer(send: Send, status: int, body: Message) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
