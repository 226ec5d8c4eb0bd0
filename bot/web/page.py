"""The decision page `/d/{token}`: everything a card says with its sources, and the form that corrects it.

Server-rendered, phone-sized, no script needed. A link names the decision; who may decide is the person signed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlmodel import Session

from bot import actions, decisions, people
from bot.card import Card, Choice
from bot.cards import CardMaker
from bot.channels import SignsIn
from bot.confirmation import Applied, Move, Reply
from bot.conversation import UserId
from bot.decision import Decision, Draft, Proposal
from bot.errors import InvalidInput, NotAllowed, NotFound
from bot.outbox import Outbox
from bot.people import Person, Role
from bot.security import Link, Links
from bot.store import Store
from bot.tapping import Taps
from bot.web.signin import SignIn
from intents import Intent
from knowledge import Library, Passage
from prompts import phrase

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(default=True, default_for_string=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every page here: it runs no script, loads only its style sheet, is kept and framed nowhere."""
VERIFIED = frozenset({"wecom", "dingtalk"})
"""Channels whose people can be asked who they are. Elsewhere the signed, user-bound, expiring link has to do."""
IN_WECOM = "wxwork"
"""In the user agent of WeCom's in-app browser, where signing in costs no tap."""
ALL_CHOICES = 100
"""A page, unlike a card, has room for every intent."""
CONTEXT = 2
"""Passages shown before and after the one that was quoted."""


@dataclass(frozen=True)
class Opened:
    """A page that may be shown: the decision and its card, who looks, and whose card it is."""

    decision: Decision
    card: Card
    viewer: Person
    rep: Person


class DecisionPage:
    """Loads, shows and applies; `routes` binds it to paths."""

    def __init__(
        self,
        store: Store,
        cards: CardMaker,
        links: Links,
        taps: Taps,
        library: Library,
        outbox: Outbox,
        signin: SignIn,
        sign_ins: Mapping[str, SignsIn],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._cards = cards
        self._links = links
        self._taps = taps
        self._library = library
        self._outbox = outbox
        self.signin = signin
        self._sign_ins = sign_ins
        self._clock = clock

    async def show(self, request: Request, token: str, said: str = "", status: int = 200) -> Response:
        link = self._links.read(token, self._clock())
        viewer = await self._viewer(request, link)
        if viewer is None:
            return await self._ask_who(request, token, link)
        opened = await self._store.read(lambda session: self._open(session, link, viewer))
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
        return _html("signin.html", token=token, people=who, chosen=user, said=phrase("signin_sent"))

    async def check_code(self, token: str, user: str, code: str) -> Response:
        link = self._links.read(token, self._clock())
        who = await self._store.read(lambda session: _may_sign_in(session, link))
        if user not in {one.id for one in who} or not self.signin.check(user, code):
            said = phrase("signin_wrong")
            return _html("signin.html", 403, token=token, people=who, chosen=user, said=said)
        response = RedirectResponse(f"/d/{token}", 303)
        self.signin.remember(response, user)
        return response

    async def apply(self, request: Request, token: str) -> Response:
        """One reply by form. What cannot be used comes back with the reason, and the form as it was filled in."""
        link = self._links.read(token, self._clock())
        viewer = await self._viewer(request, link)
        if viewer is None:
            return await self._ask_who(request, token, link)
        opened = await self._store.read(lambda session: self._open(session, link, viewer))
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get("mark") != self._links.form_mark(token, opened.decision.version):
            return self._page(token, opened, phrase("card_changed"), 409)
        try:
            reply = _reply(opened, self._cards.choices(opened.decision, ALL_CHOICES), form)
        except (InvalidInput, NotFound) as wrong:
            return self._page(token, opened, str(wrong), 422, form)
        applied = await self._taps.reply(reply, opened.viewer, lambda session, applied: None)
        if applied.refused:
            fresh = await self._store.read(lambda session: self._open(session, link, viewer))
            return self._page(token, fresh, self._taps.refusal(applied), 409)
        return RedirectResponse(self._next(token, applied), 303)

    async def source(self, request: Request, token: str, passage: str) -> Response:
        """The quoted passage in its document, for whoever may see the decision."""
        link = self._links.read(token, self._clock())
        viewer = await self._viewer(request, link)
        if viewer is None:
            return await self._ask_who(request, token, link)
        opened = await self._store.read(lambda session: self._open(session, link, viewer))
        found = self._library.passage(passage)
        if found is None or found.customer not in {None, opened.decision.customer}:
            raise NotFound(f"passage {passage} is none of {link.decision}'s sources, or its document is gone")
        around = _around(self._library.passages_of(found.citation.document_id), found)
        return _html("source.html", token=token, passage=found, around=around)

    def _open(self, session: Session, link: Link, viewer: str) -> Opened:
        decision, card = self._cards.load(session, link.decision)
        person, rep = people.by_id(session, viewer), people.by_id(session, decision.rep)
        if not person.may_decide_for(rep):
            raise NotAllowed(phrase("page_not_yours", rep=rep.name, you=person.name))
        return Opened(decision, card, person, rep)

    async def _viewer(self, request: Request, link: Link) -> str | None:
        """Who looks. Where a platform can tell us, a link alone says nothing: it may have been forwarded."""
        if signed_in := self.signin.who(request):
            return signed_in
        decision = await self._store.read(lambda session: decisions.load(session, link.decision))
        return None if decision.channel in VERIFIED else link.user

    async def came_back(self, request: Request, token: str, code: str, state: str) -> Response:
        """From the platform's own sign-in, with a code that names the member."""
        link = self._links.read(token, self._clock())
        decision = await self._store.read(lambda session: decisions.load(session, link.decision))
        channel = self._sign_ins.get(decision.channel)
        address = await channel.who(code) if channel and state == self.signin.state(token) else None
        if address is None or channel is None:
            raise NotAllowed(phrase("signin_failed"))
        name = channel.name
        person = await self._store.read(lambda session: people.by_address(session, name, address))
        if person is None:
            raise NotAllowed(phrase("signin_failed"))
        response = RedirectResponse(f"/d/{token}", 303)
        self.signin.remember(response, person.id)
        return response

    async def _ask_who(self, request: Request, token: str, link: Link) -> Response:
        decision = await self._store.read(lambda session: decisions.load(session, link.decision))
        channel = self._sign_ins.get(decision.channel)
        if channel and IN_WECOM in request.headers.get("user-agent", "").lower():
            back = f"{self._links.public_url}/d/{token}/signed-in"
            return RedirectResponse(channel.sign_in_url(back, self.signin.state(token)), 303)
        who = await self._store.read(lambda session: _may_sign_in(session, link))
        return _html("signin.html", 401, token=token, people=who, chosen=link.user, said="")

    def _page(
        self, token: str, opened: Opened, said: str, status: int, typed: Mapping[str, str] | None = None
    ) -> Response:
        """`typed`: a form that was refused, so that a mistake in one field costs nothing in the others."""
        decision = opened.decision
        return _html(
            "decision.html",
            status,
            token=token,
            mark=self._links.form_mark(token, decision.version),
            decision=decision,
            card=opened.card,
            choices=self._cards.choices(decision, ALL_CHOICES),
            viewer=opened.viewer,
            rep=opened.rep,
            draft=(typed or {}).get("draft", decision.draft.text),
            forms=[_form(number, action, typed) for number, action in enumerate(decision.draft.actions)],
            said=said,
        )

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

    @router.get("/signed-in")
    async def signed_in(request: Request, token: str, code: str = "", state: str = "") -> Response:
        return await page.came_back(request, token, code, state)

    @router.get("/next")
    async def follow(request: Request, token: str) -> Response:
        return await page.follow(request, token)

    @router.get("/source/{passage:path}")
    async def source(request: Request, token: str, passage: str) -> Response:
        return await page.source(request, token, passage)

    return router


def message(words: str, status: int) -> HTMLResponse:
    """A page that only says something: a link that ran out, a decision of somebody else."""
    return _html("message.html", status, words=words)


def _html(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    text = TEMPLATES.get_template(template).render(**values)
    return HTMLResponse(text, status, headers=SAFE)


def _may_sign_in(session: Session, link: Link) -> list[Person]:
    """The rep of the decision and their manager."""
    rep = people.by_id(session, decisions.load(session, link.decision).rep)
    manager = people.by_id(session, rep.manager) if rep.manager else None
    return [rep, manager] if manager and manager.role is Role.MANAGER else [rep]


def _reply(opened: Opened, choices: Sequence[Choice], form: Mapping[str, str]) -> Reply:
    decision = opened.decision
    base = Reply(
        decision.id,
        UserId(opened.viewer.id),
        Move.CONFIRM,
        decision.version,
        decision.content_hash,
        note=form.get("note", "")[:300],
    )
    match form.get("move"):
        case "intent":
            return replace(base, move=Move.CORRECT, intent=_intent(choices, form.get("intent", "")))
        case "confirm":
            draft = _draft(decision, form)
            same = draft == decision.draft
            return base if same else replace(base, move=Move.CORRECT, draft=draft)
        case "decline" | "retry" | "undo" as move:
            return replace(base, move=Move(move))
        case other:
            raise InvalidInput(f"“{other}”不是这个页面的操作")


def _intent(choices: Sequence[Choice], chosen: str) -> Intent:
    """One of the intents that the page offers. Raises `InvalidInput`."""
    if chosen not in {choice.id for choice in choices}:
        raise InvalidInput(f"“{chosen}”不是可以选的意图,请从列表里选一个")
    return Intent(chosen)


def _draft(decision: Decision, form: Mapping[str, str]) -> Draft:
    """The draft and the actions as the form has them. Raises `InvalidInput` naming every field that is wrong."""
    kept, wrong = [], []
    for number, action in enumerate(decision.draft.actions):
        if f"a{number}.keep" not in form:
            continue
        prefix = f"a{number}."
        values = {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}
        values.pop("keep")
        try:
            params = actions.by_name(action.kind).parse(values, action.params)
            kept.append(Proposal(action.kind, params))
        except InvalidInput as error:
            wrong.append(str(error))
    if wrong:
        raise InvalidInput("\n".join(wrong))
    text = form.get("draft", decision.draft.text).replace("\r\n", "\n").strip()
    return replace(decision.draft, text=text, actions=tuple(kept))


def _form(number: int, action: Proposal, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """An action's part of the form: filled as proposed, or as it was typed."""
    kind, prefix = actions.by_name(action.kind), f"a{number}."
    fields = [
        replace(one, value=(typed or {}).get(prefix + one.name, one.value))
        for one in kind.form(action.params)
    ]
    keep = typed is None or f"{prefix}keep" in typed
    return {"label": kind.label, "fields": fields, "missing": action.missing, "keep": keep}


def _around(whole: tuple[Passage, ...], found: Passage) -> list[Passage]:
    at = next((number for number, one in enumerate(whole) if one.id == found.id), None)
    if at is None:
        return [found]  # of a version that was replaced: shown by itself
    return list(whole[max(0, at - CONTEXT) : at + CONTEXT + 1])
