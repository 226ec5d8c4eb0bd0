"""Stands before every route: a body has an end, another site's page changes nothing, every answer is hardened."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 2 * 1024 * 1024
"""Bytes of a request's body where nothing else is said; routes may want less."""
UPLOADS = {"/console": 64 * 1024 * 1024}
"""Where people bring documents (50 MB each, and what a form adds)."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})
CACHED = ("/static/", "/console/_nicegui")
HARDENED = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Limits:
    """ASGI middleware. What a route says itself (its own policy, a smaller limit) stays."""

    def __init__(self, app: ASGIApp, public_url: str, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._site = urlsplit(public_url).netloc
        self._encrypted = public_url.startswith("https:")
        self._larger = {**UPLOADS, **(larger or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, most = Headers(scope=scope), self._most(scope["path"])
        hardened = self._hardened(scope["path"], send)
        if not self._from_here(scope, headers):
            words = "another site's page may not use this session"
            answer = JSONResponse({"error": "NotAllowed", "message": words}, 403)
            await answer(scope, receive, hardened)
        elif _told(headers) > most:
            await _too_large(most)(scope, receive, hardened)
        else:
            await self._counted(scope, receive, hardened, most)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """Counts what really comes: a chunked body tells no length, and a header may lie."""
        got, over, begun = 0, False, False

        async def counting() -> Message:
            nonlocal got, over
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                over = True
                raise HTTPException(413)
            return message

        async def answering(message: Message) -> None:
            nonlocal begun
            if over and not begun:
                return  # whatever the route made of the interruption
            begun = True
            await send(message)

        try:
            await self._app(scope, counting, answering)
        except HTTPException:
            if not over:
                raise
        if over and not begun:
            await _too_large(most)(scope, receive, send)

    def _most(self, path: str) -> int:
        return next((most for at, most in self._larger.items() if path.startswith(at)), LARGEST)

    def _from_here(self, scope: Scope, headers: Headers) -> bool:
        """A browser says where a request comes from. `Origin: null` is what a page that sends no referrer says of itself."""
        if scope["method"] in READS or "cookie" not in headers:
            return True
        if site := headers.get("sec-fetch-site"):
            return site in {"same-origin", "none"}
        origin = headers.get("origin", "null")
        return origin == "null" or urlsplit(origin).netloc in {headers.get("host", ""), self._site}

    def _hardened(self, path: str, send: Send) -> Send:
        wanted = dict(HARDENED)
        if self._encrypted:
            wanted["strict-transport-security"] = "max-age=31536000"
        if not path.startswith(CACHED):
            wanted["cache-control"] = "no-store"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                known = {name.decode("latin-1").lower() for name, _ in given}
                more = [(k.encode(), v.encode()) for k, v in wanted.items() if k not in known]
                message = {**message, "headers": given + more}
            await send(message)

        return with_headers


def _told(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else 0


def _too_large(most: int) -> JSONResponse:
    words = f"the body is larger than {most} bytes; send less at once"
    return JSONResponse({"error": "TooLarge", "message": words}, 413, {"Connection": "close"})
