"""Who opens WeCom's sidebar: its own browser knows, and nobody taps anything. Only reps and managers have something to do here."""

from __future__ import annotations

import structlog
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from bot import people
from bot.channels import ChannelError
from bot.channels.wecom import WeCom
from bot.listening import MAY_DECIDE
from bot.people import Person
from bot.store import Store
from bot.web.page import message
from bot.web.roundtrip import RoundTrip
from bot.web.signin import SignIn, is_in_wecom
from prompts import phrase

log = structlog.get_logger()
AT = "/wecom/sidebar"
BACK = f"{AT}/signed-in"


class Door:
    """Lets in, asks WeCom who it is, or says why not."""

    def __init__(self, store: Store, wecom: WeCom, signin: SignIn, trips: RoundTrip, public_url: str) -> None:
        self._store = store
        self._wecom = wecom
        self._signin = signin
        self._trips = trips
        self._back = f"{public_url.rstrip('/')}{BACK}"

    async def enter(self, request: Request) -> Person | Response:
        """The person, or what they see instead."""
        person = await self._person(self._signin.who(request))
        if person is None or not person.active or not person.wecom:
            return self._ask(request)
        if person.role not in MAY_DECIDE:
            role = phrase(f"role_{person.role.value}")
            return message(phrase("sidebar_not_a_rep", role=role), 403)
        return person

    async def came_back(self, request: Request, code: str, state: str) -> Response:
        """From WeCom, with a code that names the member."""
        wanted = self._trips.end(request, state)
        if wanted is None:
            return message(phrase("signin_failed"), 403)
        try:
            address = await self._wecom.who(code)
        except ChannelError as error:
            log.warning("sidebar_sign_in_failed", reason=str(error))
            return message(phrase("sidebar_away"), 502)
        if address is None:
            return message(phrase("signin_failed"), 403)
        person = await self._store.read(lambda session: people.by_address(session, "wecom", address))
        if person is None:
            admins = "、".join(one.name for one in await self._store.read(people.admins)) or "管理员"
            return message(phrase("sidebar_stranger", admins=admins, address=address), 403)
        response = RedirectResponse(wanted, 303)
        self._signin.remember(response, person.id)
        self._trips.forget(response)
        return response

    def _ask(self, request: Request) -> Response:
        if not is_in_wecom(request):
            return message(phrase("sidebar_outside"), 401)
        if request.method != "GET":  # what was typed could not come along
            return message(phrase("sidebar_form_old"), 401)
        wanted = f"{AT}?{request.url.query}" if request.url.query else AT
        return self._trips.begin(lambda state: self._wecom.sign_in_url(self._back, state), wanted)

    async def _person(self, user: str | None) -> Person | None:
        return await self._store.read(lambda session: people.find(session, user)) if user else None
