"""The line to a fake system: goes down, loses answers after the work is done, remembers what was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

Asked = Callable[[httpx.Request], bool]


class Line(httpx.AsyncBaseTransport):
    """Carries requests to an ASGI application, with whatever host is in the address."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app)
        self.asked: list[httpx.Request] = []
        self.down = False
        self.losing: Asked | None = None
        """Which answers get lost; `lost` counts them."""
        self.lose = 0
        self.lost = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.down:
            raise httpx.ConnectError("nobody there", request=request)
        response = await self._inner.handle_async_request(request)
        if self.losing is not None and self.lose > self.lost and self.losing(request):
            await response.aread()
            self.lost += 1
            raise httpx.ReadError("connection reset", request=request)
        return response

    def lose_answers(self, losing: Asked, times: int = 1) -> None:
        self.losing, self.lose, self.lost = losing, times, 0

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]
