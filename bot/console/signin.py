"""Signing in to the console: with a password, or by the platform that knows who somebody is.

A form is tied to its browser by a signed mark in a cookie (no other site can post it), tries are limited by account and
by address, and every sign-in and refusal is a line in the journal.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlmodel import Session

from bot import journal, people
from bot.channels import ChannelError, ScansIn, SignsIn
from bot.console import passwords
from bot.console.gate import AT
from bot.console.sessions import COOKIE, LASTS, Sessions
from bot.people import Person
from bot.sharing import TryCount
from bot.store import Store
from bot.web.page import SAFE, TEMPLATES
from bot.web.roundtrip import RoundTrip
from bot.web.signin import is_in_wecom
from prompts import phrase

log = structlog.get_logger()
MARK = "yiju_console_form"
TRIP = "yiju_console_trip"
MARK_LASTS = 3600
TRIES, WINDOW_S = 6, 600.0
TRIES_FROM_ONE_ADDRESS = 40
NAMES = {"wecom": "企业微信", "dingtalk": "钉钉"}


class ConsoleSignIn:
    """Routes below `/console/sign-in`."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        tries: TryCount,
        channels: Mapping[str, SignsIn],
        secret: str,
        public_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._tries = tries
        self._channels = channels
        self._marks = URLSafeTimedSerializer(secret, salt="console-sign-in")
        self._trips = RoundTrip(secret, TRIP, f"{AT}/sign-in", public_url.startswith("https:"))
        self._public_url = public_url.rstrip("/")
        self._secure = public_url.startswith("https:")
        self._clock = clock

    def routes(self) -> APIRouter:
        router = APIRouter(prefix=f"{AT}/sign-in", include_in_schema=False)
        router.get("")(self.form)
        router.post("")(self.with_password)
        router.get("/{channel}")(self.go_to_platform)
        router.get("/{channel}/back")(self.from_platform)
        router.post("/out")(self.out)
        return router

    async def form(self, request: Request, back: str = AT) -> Response:
        return self._form(request, back)

    async def with_password(
        self,
        request: Request,
        user: Annotated[str, Form(max_length=120)] = "",
        password: Annotated[str, Form(max_length=500)] = "",
        mark: Annotated[str, Form(max_length=300)] = "",
        back: Annotated[str, Form(max_length=500)] = AT,
    ) -> Response:
        if not self._is_marked(request, mark):
            return self._form(request, back, phrase("console_form_old"), 400, user)
        address = request.client.host if request.client else "?"
        if wait := await self._too_many(user, address):
            return self._form(
                request, back, phrase("console_too_many", minutes=max(1, round(wait / 60))), 429, user
            )
        person = await self._store.write(lambda session: self._checked(session, user, password, address))
        if person is None:
            return self._form(request, back, phrase("console_wrong"), 401, user)
        for name in _counted(user, address):
            await self._tries.give_back(name, 1)
        return await self._signed_in(person, "password", back)

    async def go_to_platform(self, request: Request, channel: str, back: str = AT) -> Response:
        signs_in = self._channels.get(channel)
        if signs_in is None:
            return self._form(request, back, phrase("console_no_platform"), 404)
        way = signs_in.sign_in_url
        if isinstance(signs_in, ScansIn) and not is_in_wecom(request):
            way = signs_in.scan_url
        return self._trips.begin(lambda state: way(self._back(channel), state), _safe(back))

    async def from_platform(
        self,
        request: Request,
        channel: str,
        code: str = "",
        auth_code: Annotated[str, Query(alias="authCode")] = "",
        state: str = "",
    ) -> Response:
        """With a code that names the member; the state must be the one this browser took along."""
        signs_in, back = self._channels.get(channel), self._trips.end(request, state)
        if signs_in is None or back is None:
            return self._form(request, AT, phrase("signin_failed"), 403)
        try:
            address = await signs_in.who(code or auth_code)
        except ChannelError as error:
            log.warning("console_sign_in_failed", channel=channel, reason=str(error))
            words = phrase("console_platform_away", platform=NAMES.get(channel, channel))
            return self._form(request, back, words, 502)
        name = signs_in.name
        person = await self._store.read(lambda session: people.by_address(session, name, address or ""))
        if person is None:
            return self._form(request, AT, phrase("signin_failed"), 403)
        response = await self._signed_in(person, channel, back)
        self._trips.forget(response)
        return response

    async def out(self, request: Request) -> Response:
        token = request.cookies.get(COOKIE, "")
        person = await self._sessions.who(token, visits=False)
        await self._sessions.end(token)
        if person:
            await self._store.write(lambda session: self._note(session, "ConsoleSignedOut", person, {}))
        response = RedirectResponse(f"{AT}/sign-in", 303)
        response.delete_cookie(COOKIE, path=AT)
        return response

    def _checked(self, session: Session, user: str, password: str, address: str) -> Person | None:
        """By id or name. The refusal is written down without the name that was tried: it may be a mistyped password."""
        found = [one for one in people.everyone(session) if one.active and user.strip() in {one.id, one.name}]
        person = found[0] if len(found) == 1 else None
        right = passwords.is_right(session, person.id if person else "", password)
        if person is None or not right:
            known = {"person": person.id} if person else {}
            self._note(session, "ConsoleSignInRefused", person, {"from": address, **known})
            return None
        return person

    async def _signed_in(self, person: Person, by: str, back: str) -> Response:
        token = await self._sessions.start(person.id, by)
        await self._store.write(lambda session: self._note(session, "ConsoleSignedIn", person, {"by": by}))
        response = RedirectResponse(_safe(back), 303)
        self._cookie(response, COOKIE, token, int(LASTS.total_seconds()))
        response.delete_cookie(MARK, path=f"{AT}/sign-in")
        return response

    async def _too_many(self, user: str, address: str) -> float:
        """Seconds to wait where this account or this address has tried too often."""
        account, place = _counted(user, address)
        wait = await self._tries.take(account, 1, TRIES, WINDOW_S)
        return wait or await self._tries.take(place, 1, TRIES_FROM_ONE_ADDRESS, WINDOW_S)

    def _form(
        self, request: Request, back: str, said: str = "", status: int = 200, user: str = ""
    ) -> Response:
        mark = secrets.token_hex(16)
        platforms = {name: way for name in self._channels if (way := self._way_in(request, name))}
        text = TEMPLATES.get_template("console_signin.html").render(
            mark=self._marks.dumps(mark), back=_safe(back), said=said, platforms=platforms, user=user
        )
        response = HTMLResponse(text, status, headers=SAFE)
        self._cookie(response, MARK, self._marks.dumps(mark), MARK_LASTS)
        return response

    def _way_in(self, request: Request, channel: str) -> str:
        """What a platform's sign-in is called here; empty where it cannot be had in this browser."""
        if channel == "wecom" and not is_in_wecom(request):
            return f"{NAMES[channel]}扫码" if isinstance(self._channels[channel], ScansIn) else ""
        return NAMES.get(channel, "")

    def _is_marked(self, request: Request, mark: str) -> bool:
        try:
            shown = self._marks.loads(mark, max_age=MARK_LASTS)
            kept = self._marks.loads(request.cookies.get(MARK, ""), max_age=MARK_LASTS)
        except BadSignature:
            return False
        return isinstance(shown, str) and shown == kept

    def _cookie(self, response: Response, name: str, value: str, lasts: int) -> None:
        path = AT if name == COOKIE else f"{AT}/sign-in"
        response.set_cookie(
            name, value, max_age=lasts, path=path, httponly=True, samesite="lax", secure=self._secure
        )

    def _back(self, channel: str) -> str:
        return f"{self._public_url}{AT}/sign-in/{channel}/back"

    def _note(self, session: Session, what: str, person: Person | None, body: dict[str, str]) -> None:
        who = person.id if person else "?"
        journal.append(session, who=who, what=what, subject="console", at=self._clock(), body=body)


def _counted(user: str, address: str) -> tuple[str, str]:
    """Under which names tries are counted: the account's and the address's."""
    return f"sign-in:{user.strip().lower()[:60]}", f"sign-in-from:{address}"


def _safe(back: str) -> str:
    """A path of the console's own: nobody is sent to another site after signing in."""
    ours = back == AT or back.startswith(f"{AT}/")
    return back if ours and not back.startswith(f"{AT}/sign-in") and "\\" not in back else AT
