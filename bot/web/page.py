"""The decision page `/d/{token}`: everything a card says with its sources, and the form that corrects it.

Server-rendered, phone-sized; its one script copies the draft, and everything else works without. A link names the decision; who may decide is the person signed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlmodel import Session

from bot import decisions, people
from bot.cards import CardMaker
from bot.channels import ChannelError, ScansIn, SignsIn
from bot.confirmation import Applied
from bot.decision import ReasonKind
from bot.errors import NotAllowed, NotFound
from bot.events.tracing import local_time, trace
from bot.markdown_table import blocks
from bot.outbox import Outbox
from bot.people import Person, Role
from bot.reading_rights import may_show, reader_of
from bot.security import Link, Links
from bot.store import Store
from bot.web.card_form import CardForm, Opened, Returned
from bot.web.roundtrip import RoundTrip
from bot.web.signin import IN_APP, SignIn
from knowledge import Library, Passage
from prompts import phrase

log = structlog.get_logger()
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(default=True, default_for_string=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["blocks"] = blocks
SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every page here: it runs no script, loads only its style sheet, is kept and framed nowhere."""
WITH_SCRIPT = SAFE | {"Content-Security-Policy": f"{SAFE['Content-Security-Policy']}; script-src 'self'"}
"""Of the decision itself, whose draft can be copied."""
VERIFIED = frozenset({"wecom", "dingtalk"})
"""Channels whose people can be asked who they are. Elsewhere the signed, user-bound, expiring link has to do."""
CONTEXT = 2
"""Passages shown before and after the one that was quoted."""
READ_ON = 20
"""Passages shown at a time to who reads on: a page stays under 100 KB."""


class DecisionPage:
    """Loads, shows and applies; `routes` binds it to paths."""

    def __init__(
        self,
        store: Store,
        cards: CardMaker,
        links: Links,
        form: CardForm,
        library: Library,
        outbox: Outbox,
        signin: SignIn,
        trips: RoundTrip,
        sign_ins: Mapping[str, SignsIn],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._cards = cards
        self._links = links
        self._form = form
        self._library = library
        self._outbox = outbox
        self.signin = signin
        self._trips = trips
        self._sign_ins = sign_ins
        self._clock = clock

    async def show(self, request: Request, token: str, said: str = "", status: int = 200) -> Response:
        link = self._links.read(token, self._clock())
        viewer = await self._viewer(request, link)
        if viewer is None:
            return await self._ask_who(request, token, link)
        opened = await self._form.open(link.decision, viewer)
        return self._page(token, opened, said, status)

    async def send_code(self, token: str, user: str) -> Response:
        """Into the chat of the person who wants to sign in: whoever holds the link alone gets nothing."""
        link = self._links.read(token, self._clock())
        who = await self._store.read(lambda session: _may_sign_in(session, link))
        person = next((one for one in who if one.id == user), None)
        if person is None:
            raise NotAllowed(phrase("signin_failed"))
        code = self.signin.code_for(user)

        def send(session: Session) -> bool:
            channel = self._outbox.channel_of(person)
            key = f"signin:{user}:{code}"
            words = phrase("signin_code", code=code)
            return bool(channel) and self._outbox.say(
                session, person, channel or "", words, key, self._clock()
            )

        await self._store.write(send)
        return html("signin.html", token=token, people=who, chosen=user, said=phrase("signin_sent"))

    async def check_code(self, token: str, user: str, code: str) -> Response:
        link = self._links.read(token, self._clock())
        who = await self._store.read(lambda session: _may_sign_in(session, link))
        if user not in {one.id for one in who} or not self.signin.check(user, code):
            said = phrase("signin_wrong")
            return html("signin.html", 403, token=token, people=who, chosen=user, said=said)
        response = RedirectResponse(f"/d/{token}", 303)
        self.signin.remember(response, user)
        return response

    async def apply(self, request: Request, token: str) -> Response:
        """One reply by form. What cannot be used comes back with the reason, and the form as it was filled in."""
        link = self._links.read(token, self._clock())
        viewer = await self._viewer(request, link)
        if viewer is None:
            return await self._ask_who(request, token, link)
        opened = await self._form.open(link.decision, viewer)
        form = {name: str(value) for name, value in (await request.form()).items()}
        applied = await self._form.apply(token, opened, form)
        if isinstance(applied, Returned):
            return self._page(token, applied.opened, applied.said, applied.status, applied.typed)
        return RedirectResponse(self._next(token, applied), 303)

    async def source(self, request: Request, token: str, passage: str, first: int | None) -> Response:
        """The quoted passage in its document, of replaced versions too, for whoever may see the decision.

        `first`: the number of the passage from which a longer piece is read; otherwise the quoted one with its
        neighbours.
        """
        found = await self._quoted(request, token, passage)
        if isinstance(found, Response):
            return found
        at = max(0, found.position - CONTEXT) if first is None else first
        most = found.position + CONTEXT + 1 - at if first is None else READ_ON
        around, total = await asyncio.to_thread(self._library.part, found.version_id, at, most)
        picture = await asyncio.to_thread(self._library.page_image, passage)
        page = html(
            "source.html",
            token=token,
            passage=found,
            around=around,
            has_picture=bool(picture),
            first=at,
            after=at + len(around),
            total=total,
            before=max(0, at - READ_ON),
        )
        page.headers["Content-Security-Policy"] = f"{SAFE['Content-Security-Policy']}; img-src 'self'"
        return page

    async def page_image(self, request: Request, token: str, passage: str) -> Response:
        """The page that the passage stands on, under the same rules as its text."""
        found = await self._quoted(request, token, passage)
        if isinstance(found, Response):
            return found
        picture = await asyncio.to_thread(self._library.page_image, passage)
        if picture is None:
            raise NotFound(f"passage {passage} stands on no page that could be shown")
        return Response(picture, media_type="image/png", headers=SAFE)

    async def _quoted(self, request: Request, token: str, passage: str) -> Passage | Response:
        """The passage, or the page that asks who looks. Raises `NotFound`, `NotAllowed`."""
        link = self._links.read(token, self._clock())
        viewer = await self._viewer(request, link)
        if viewer is None:
            return await self._ask_who(request, token, link)
        opened = await self._form.open(link.decision, viewer)
        found = self._library.passage(passage)
        customer = opened.decision.customer
        if found is None or not may_show(found, customer, reader_of(opened.viewer)):
            raise NotFound(f"passage {passage} is none of {link.decision}'s sources, or its document is gone")
        return found

    async def event(self, request: Request, token: str, event: str) -> Response:
        """One of the events that the card names, with what was behind it, for whoever may see the decision."""
        link = self._links.read(token, self._clock())
        viewer = await self._viewer(request, link)
        if viewer is None:
            return await self._ask_who(request, token, link)
        opened = await self._form.open(link.decision, viewer)
        reasons = opened.decision.rationale.reasons
        told = next((one for one in reasons if one.kind is ReasonKind.EVENT and one.ref == event), None)
        if told is None:
            raise NotFound(f"event {event} is none of {link.decision}'s reasons")
        found = await self._store.read(lambda session: trace(session, event))
        return html("event.html", token=token, event=found, told=told.text, local=local_time)

    async def _viewer(self, request: Request, link: Link) -> str | None:
        """Who looks. Where a platform can tell us, a link alone says nothing: it may have been forwarded."""
        if signed_in := self.signin.who(request):
            return signed_in
        decision = await self._store.read(lambda session: decisions.load(session, link.decision))
        can_tell = decision.channel in VERIFIED or decision.channel in self._sign_ins
        return None if can_tell else link.user

    async def go_to_platform(self, request: Request, token: str) -> Response:
        """To the sign-in of the platform that the card was shown on, from any browser that it lets in."""
        channel = await self._platform(self._links.read(token, self._clock()))
        way = _way(channel, request) if channel else None
        if way is None:
            raise NotAllowed(phrase("console_no_platform"))
        return self._begin(token, way)

    async def came_back(self, request: Request, token: str, code: str, state: str) -> Response:
        """From the platform's own sign-in, with a code that names the member."""
        channel = await self._platform(self._links.read(token, self._clock()))
        if channel is None or self._trips.end(request, state) != f"/d/{token}":
            raise NotAllowed(phrase("signin_failed"))
        try:
            address = await channel.who(code)
        except ChannelError as error:
            log.warning("page_sign_in_failed", channel=channel.name, reason=str(error))
            return message(phrase("signin_away", platform=phrase(f"platform_{channel.name}")), 502)
        if address is None:
            raise NotAllowed(phrase("signin_failed"))
        name = channel.name
        person = await self._store.read(lambda session: people.by_address(session, name, address))
        if person is None:
            raise NotAllowed(phrase("signin_failed"))
        response = RedirectResponse(f"/d/{token}", 303)
        self.signin.remember(response, person.id)
        self._trips.forget(response)
        return response

    async def _ask_who(self, request: Request, token: str, link: Link) -> Response:
        """The platform's own browser knows; any other gets a choice: the platform's sign-in, or a code sent to the chat."""
        channel = await self._platform(link)
        way = _way(channel, request) if channel else None
        if channel and way and IN_APP[channel.name](request):
            return self._begin(token, way)
        who = await self._store.read(lambda session: _may_sign_in(session, link))
        platform = phrase(f"platform_{channel.name}") if channel and way else ""
        return html("signin.html", 401, token=token, people=who, chosen=link.user, said="", platform=platform)

    async def _platform(self, link: Link) -> SignsIn | None:
        """Where the card was shown, if people can sign in there."""
        decision = await self._store.read(lambda session: decisions.load(session, link.decision))
        return self._sign_ins.get(decision.channel)

    def _begin(self, token: str, way: Callable[[str, str], str]) -> Response:
        back = f"{self._links.public_url}/d/{token}/signed-in"
        return self._trips.begin(lambda state: way(back, state), f"/d/{token}")

    def _page(
        self, token: str, opened: Opened, said: str, status: int, typed: Mapping[str, str] | None = None
    ) -> Response:
        page = html("decision.html", status, token=token, said=said, **self._form.shown(token, opened, typed))
        page.headers.update(WITH_SCRIPT)
        return page

    def _next(self, token: str, applied: Applied) -> str:
        """The page of the new proposal where an intent was corrected, otherwise this one."""
        return f"/d/{token}/next" if applied.propose_as else f"/d/{token}"

    async def follow(self, request: Request, token: str) -> Response:
        """On to the decision that took this one's place."""
        link = self._links.read(token, self._clock())
        after = await self._store.read(lambda session: decisions.following(session, link.decision))
        return RedirectResponse(self._cards.path(after) if after else f"/d/{token}", 303)


def routes(page: DecisionPage) -> APIRouter:
    router = APIRouter(prefix="/d/{token}", include_in_schema=False)

    @router.get("")
    async def show(request: Request, token: str) -> Response:
        return await page.show(request, token)

    @router.post("")
    async def apply(request: Request, token: str) -> Response:
        return await page.apply(request, token)

    @router.post("/code")
    async def code(request: Request, token: str) -> Response:
        form = await request.form()
        if form.get("send"):
            return await page.send_code(token, str(form.get("user", "")))
        return await page.check_code(token, str(form.get("user", "")), str(form.get("code", "")))

    @router.get("/sign-in")
    async def sign_in(request: Request, token: str) -> Response:
        return await page.go_to_platform(request, token)

    @router.get("/signed-in")
    async def signed_in(
        request: Request,
        token: str,
        code: str = "",
        auth_code: Annotated[str, Query(alias="authCode")] = "",
        state: str = "",
    ) -> Response:
        return await page.came_back(request, token, code or auth_code, state)

    @router.get("/next")
    async def follow(request: Request, token: str) -> Response:
        return await page.follow(request, token)

    @router.get("/event/{event}")
    async def event(request: Request, token: str, event: str) -> Response:
        return await page.event(request, token, event)

    @router.get("/page-image/{passage:path}")
    async def page_image(request: Request, token: str, passage: str) -> Response:
        return await page.page_image(request, token, passage)

    @router.get("/source/{passage:path}")
    async def source(
        request: Request, token: str, passage: str, first: Annotated[int | None, Query(ge=0, le=10**9)] = None
    ) -> Response:
        return await page.source(request, token, passage, first)

    return router


def message(words: str, status: int) -> HTMLResponse:
    """A page that only says something: a link that ran out, a decision of somebody else."""
    return html("message.html", status, words=words)


def html(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of ours, hardened."""
    text = TEMPLATES.get_template(template).render(**values)
    return HTMLResponse(text, status, headers=SAFE)


def _way(channel: SignsIn, request: Request) -> Callable[[str, str], str] | None:
    """The address of the platform's sign-in for this browser: its own, or one where a code is scanned; None where there is neither."""
    if IN_APP[channel.name](request) or channel.name == "dingtalk":
        return channel.sign_in_url  # DingTalk's page signs in from anywhere
    return channel.scan_url if isinstance(channel, ScansIn) else None


def _may_sign_in(session: Session, link: Link) -> list[Person]:
    """The rep of the decision and their manager."""
    rep = people.by_id(session, decisions.load(session, link.decision).rep)
    manager = people.by_id(session, rep.manager) if rep.manager else None
    return [rep, manager] if manager and manager.role is Role.MANAGER else [rep]
