"""Stands in front of everything: a process has so many requests in hand and no more, whoever sends them and how fast.

What is beyond is answered at once and keeps nothing, so a flood costs no memory; a platform repeats its callback.
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Whoever watches the process must not take a full one for a dead one."""
AGAIN_S = 1


class InHand:
    """ASGI middleware. Beyond `most` requests: 503 with `Retry-After`."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most, self._now = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self._app(scope, receive, send)
        elif self._now >= self._most:
            words = f"{self._most} requests are in hand already; try again in {AGAIN_S} s"
            headers = {"Retry-After": str(AGAIN_S)}
            await JSONResponse({"error": "TooMany", "message": words}, 503, headers)(scope, receive, send)
        else:
            self._now += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._now -= 1
