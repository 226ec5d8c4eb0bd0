"""Stands before everything below `/console`: pages and their live connections alike are for people who are signed in."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.console import astray
from bot.console.access import home, may_open, place_of
from bot.console.sessions import Sessions, token_of
from prompts import phrase

AT = "/console"
OPEN = (f"{AT}/sign-in", f"{AT}/_nicegui/")
"""What needs no sign-in: the sign-in itself, and scripts and fonts that everybody gets alike."""
LIVE = f"{AT}/_nicegui_ws/"
SAFE = {
    b"content-security-policy": (
        # Pages are drawn by templates that the browser compiles: without 'unsafe-eval' there is no console.
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
        b"form-action 'self'; frame-ancestors 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
}


class Gate:
    """ASGI middleware. Puts the person into `scope["state"]["person"]`."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or not _is_ours(scope["path"]):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(OPEN):
            await self._app(scope, receive, _hardened(send))
            return
        headers = Headers(scope=scope)
        person = await self._sessions.who(token_of(headers.get("cookie", "")))
        if person is None:
            await self._turn_away(scope, receive, send, path)
        elif not _same_origin(scope, headers):
            await _refuse(scope, receive, send, 403, phrase("console_other_site"))
        elif not path.startswith(f"{AT}/_nicegui") and not may_open(
            person.role, path.removeprefix(AT) or "/"
        ):
            if path.rstrip("/") == AT:
                await RedirectResponse(AT + home(person.role), 303)(scope, receive, send)
            elif place_of(path.removeprefix(AT)) is None:
                await _refuse(scope, receive, send, 404, phrase("console_no_page"))
            else:
                await _refuse(
                    scope, receive, send, 403, phrase("console_not_yours", role=phrase(f"role_{person.role}"))
                )
        else:
            scope.setdefault("state", {})["person"] = person
            await self._app(scope, receive, _hardened(send))

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and not path.startswith(LIVE):
            query = scope["query_string"].decode()
            back = quote(path + (f"?{query}" if query else ""))
            await RedirectResponse(f"{AT}/sign-in?back={back}", 303)(scope, receive, send)
        else:
            await _refuse(scope, receive, send, 401, phrase("console_signed_out"))


def _is_ours(path: str) -> bool:
    return path == AT or path.startswith(f"{AT}/")


def _same_origin(scope: Scope, headers: Headers) -> bool:
    """Of what changes something or stays open: a browser names the page it comes from, and it must be ours."""
    if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
        return True
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, words: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4401 if status == 401 else 4403})
        return
    looks = scope["method"] == "GET"  # with a browser: there is a page, and a way back
    told = astray.answer(words, status) if looks else PlainTextResponse(words, status)
    await told(scope, receive, send)


def _hardened(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", [])}
            more = [(name, value) for name, value in SAFE.items() if name not in known]
            message = {**message, "headers": [*message.get("headers", []), *more]}
        await send(message)

    return with_headers
