"""`/wecom/sidebar`: the page in WeCom's chat toolbar. It knows the customer of the chat, shows their card, takes their words.

WeCom's JS-SDK tells the page with whom the rep talks (`static/sidebar.js`); everything else is server-rendered. Whoever
asks for another contact's page sees only what is theirs: a contact is a customer, and customers have their reps.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from bot import contacts, decisions, people, turns
from bot.cards import when
from bot.channels import ChannelError, Heard
from bot.channels.wecom import WeCom
from bot.channels.wecom.contacts import ExternalContact
from bot.contacts import Whose
from bot.customers import Directory, sight
from bot.desk import Desk
from bot.errors import InvalidInput, NotAllowed, NotFound
from bot.people import Person
from bot.security import Links
from bot.web import sidebar_cards
from bot.web.card_form import CardForm, Opened, Returned
from bot.web.gateway import Gateway
from bot.web.page import message
from bot.web.sidebar_cards import PLACEABLE
from bot.web.sidebar_door import AT, Door
from bot.web.sidebar_page import SidebarPage, address
from bot.words import LONGEST, has_words, take_apart
from crm_bridge import AccountName, CrmUnavailable
from prompts import phrase

log = structlog.get_logger()
READ_WITHIN_S = 3.5
"""How long a rep waits for the card of the words they gave; then the page looks again by itself."""
MOST_LOOKS = 8
DONE_WITHIN_S = 1.5
_KEY = re.compile(r"[\w-]{8,64}", re.ASCII)


@dataclass(frozen=True)
class Visit:
    """Who looks at whose page: the contact, which customer that is, and the customers the person may see."""

    person: Person
    contact: str
    directory: Directory
    whose: Whose

    @property
    def account(self) -> AccountName:
        """Raises `NotAllowed` where the contact is nobody's customer, or another rep's."""
        if self.whose.account is None:
            raise NotAllowed(phrase("contact_not_your_customer"))
        return self.whose.account


class Sidebar:
    def __init__(
        self,
        desk: Desk,
        wecom: WeCom,
        gateway: Gateway,
        form: CardForm,
        links: Links,
        door: Door,
        page: SidebarPage,
    ) -> None:
        self._desk = desk
        self._store = desk.store
        self._wecom = wecom
        self._gateway = gateway
        self._form = form
        self._links = links
        self.door = door
        self._page = page

    async def show(self, request: Request, query: Mapping[str, str]) -> Response:
        """`contact` is missing at first: then the page asks WeCom, and comes back with it."""
        if not query.get("contact"):
            person = await self.door.enter(request)
            if isinstance(person, Response):
                return person
            return await self._page.draw(request, person, "", view="looking")
        visit = await self._enter(request)
        if isinstance(visit, Response):
            return visit
        if owner := visit.whose.owner:
            said = phrase("contact_theirs", owner=owner)
            return await self._page.draw(request, visit.person, visit.contact, 403, view="theirs", said=said)
        if visit.whose.account is None or query.get("choose"):
            return await self._choosing(request, visit, query.get("q", "")[:60])
        return await self._customer(request, visit, query.get("card", ""))

    async def reply(self, request: Request) -> Response:
        """To the card, by its form."""
        visit = await self._enter(request)
        if isinstance(visit, Response):
            return visit
        opened, form = await self._opened(request, visit), await _form(request)
        applied = await self._form.apply(_place(opened), opened, form)
        if isinstance(applied, Returned):
            return await self._customer(request, visit, opened.decision.id, applied)
        shown: str = opened.decision.id
        if applied.propose_as:
            after = await self._store.read(lambda session: decisions.following(session, shown))
            shown = after.id if after else shown
        await self._until_done(shown, visit.person)
        return _to(visit, card=shown)

    async def link(self, request: Request) -> Response:
        """The rep says which customer the contact is."""
        visit = await self._enter(request)
        if isinstance(visit, Response):
            return visit
        form = await self._signed_form(request, visit)
        known = await self._known(visit.contact)
        if known and known.followers and (visit.person.wecom or "").lower() not in known.followers:
            raise NotAllowed(phrase("contact_not_followed"))
        now, chosen = self._desk.clock(), form.get("account", "")
        await self._store.write(
            lambda session: contacts.say_whose(
                session, visit.contact, chosen, visit.directory, visit.person, now
            )
        )
        return _to(visit)

    async def words(self, request: Request) -> Response:
        """What the customer said, pasted or typed: a turn of the rep's, about this customer."""
        visit = await self._enter(request)
        if isinstance(visit, Response):
            return visit
        form = await self._signed_form(request, visit)
        words = form.get("words", "")[:LONGEST]
        if not has_words(words):
            return await self._customer(request, visit, "", said=phrase("sidebar_no_words"), status=422)
        key = await self._accept(visit, words, form.get("key", ""))
        await self._gateway.worked(key, READ_WITHIN_S)
        return _to(visit, after=key)

    async def may_place(self, request: Request) -> Response:
        """Asked by the page before the draft goes into the chat: it may have stood open for hours. 204 or 409."""
        visit = await self._enter(request)
        if isinstance(visit, Response):
            return visit
        return Response(status_code=204 if _placeable(await self._opened(request, visit)) else 409)

    async def placed(self, request: Request) -> Response:
        """The page says that WeCom took the draft into the chat."""
        visit = await self._enter(request)
        if isinstance(visit, Response):
            return visit
        await self._signed_form(request, visit)
        opened = await self._opened(request, visit)
        if opened.decision.state not in PLACEABLE:
            raise InvalidInput(phrase("sidebar_not_decided"))
        decision, now = opened.decision, self._desk.clock()
        await self._store.write(lambda session: sidebar_cards.place(session, decision, visit.person, now))
        return Response(status_code=204)

    async def _until_done(self, decision: str, person: Person) -> None:
        """A moment for what was confirmed to be carried out, so that the page shows its receipts."""
        until = asyncio.get_running_loop().time() + DONE_WITHIN_S
        while asyncio.get_running_loop().time() < until:
            if not (await self._form.open(decision, person.id)).card.in_hand:
                return
            await asyncio.sleep(0.05)

    async def _enter(self, request: Request) -> Visit | Response:
        """Raises `InvalidInput` for what can be no contact's id."""
        person = await self.door.enter(request)
        if isinstance(person, Response):
            return person
        contact = contacts.checked(request.query_params.get("contact", ""))
        may_see = await self._store.read(lambda session: sight(session, person))
        try:
            directory = await self._desk.customers.of(person, may_see)
        except CrmUnavailable as asleep:
            log.warning("directory_unavailable", reason=str(asleep))
            return message(phrase("sidebar_no_directory"), 503)
        whose = await self._store.read(lambda session: contacts.whose(session, contact, directory))
        return Visit(person, contact, directory, whose)

    async def _signed_form(self, request: Request, visit: Visit) -> dict[str, str]:
        """Raises `NotAllowed` for a form that no page of this person's about this contact held."""
        form = await _form(request)
        if not hmac.compare_digest(form.get("mark", "").encode(), self._mark(visit).encode()):
            raise NotAllowed(phrase("sidebar_form_old"))
        return form

    def _mark(self, visit: Visit) -> str:
        return self._links.form_mark(f"sidebar:{visit.person.id}:{visit.contact}", 0)

    async def _opened(self, request: Request, visit: Visit) -> Opened:
        """The card that the address names. Raises `NotFound`, `NotAllowed`."""
        opened = await self._form.open(request.query_params.get("card", ""), visit.person.id)
        if opened.decision.customer != visit.account.id:
            raise NotFound(f"decision {opened.decision.id} is not about the customer of this page")
        return opened

    async def _known(self, contact: str) -> ExternalContact | None:
        """What WeCom says of the contact, where it does."""
        try:
            return await self._wecom.contact(contact)
        except ChannelError as error:
            log.warning("contact_unknown", reason=str(error))
            return None

    async def _accept(self, visit: Visit, words: str, key: str) -> str:
        """Keep the words as if they came from WeCom, in a conversation of their own; the same form twice is one turn."""
        if not _KEY.fullmatch(key):
            raise InvalidInput(phrase("sidebar_form_old"))
        sender, account, now = visit.person.wecom or "", visit.account, self._desk.clock()
        thread = f"wecom:{sender.lower()}:{visit.contact}"
        ours = frozenset(one.name for one in await self._store.read(people.everyone))
        theirs = "\n".join(take_apart(words, ours).customer_words) or words
        heard = Heard(
            f"sidebar:{visit.person.id}:{key}", sender, thread, "", now, theirs, sender_name=visit.person.name
        )
        await self._store.write(
            lambda session: turns.keep(
                session,
                turns.conversation(session, thread, "wecom", visit.person.id, now),
                now,
                customer=account.id,
                customer_name=account.short_name,
                pending={},
            )
        )
        await self._gateway.accept("wecom", heard)
        return heard.key

    async def _choosing(self, request: Request, visit: Visit, wanted: str) -> Response:
        known = await self._known(visit.contact)
        companies, called = (known.companies, known.name) if known else ((), "")
        return await self._page.draw(
            request,
            visit.person,
            visit.contact,
            view="choosing",
            called=called,
            companies=companies,
            wanted=wanted,
            offered=contacts.offered(visit.directory, wanted, (*companies, called)),
            before=visit.whose.account,
            mark=self._mark(visit),
        )

    async def _customer(
        self,
        request: Request,
        visit: Visit,
        chosen: str,
        returned: Returned | None = None,
        said: str = "",
        status: int = 200,
    ) -> Response:
        account, now = visit.account, self._desk.clock()
        found = await self._store.read(
            lambda session: sidebar_cards.find(session, visit.person, account.id, chosen, now)
        )
        opened = returned.opened if returned else None
        if opened is None and found.shown:
            opened = await self._form.open(found.shown.id, visit.person.id)
        read = await self._read(visit, request.query_params)
        return await self._page.draw(
            request,
            visit.person,
            visit.contact,
            returned.status if returned else status,
            view="customer",
            account=account,
            waiting=[one for one in found.waiting if opened is None or one.id != opened.decision.id],
            said=(returned.said if returned else said) or read.get("said", ""),
            again=read.get("again", ""),
            form_mark=self._mark(visit),
            key=secrets.token_hex(8),
            longest=LONGEST,
            **(await self._shown(opened, returned) if opened else {}),
        )

    async def _shown(self, opened: Opened, returned: Returned | None) -> dict[str, Any]:
        decision = opened.decision
        placed = await self._store.read(lambda session: sidebar_cards.placed_at(session, decision))
        shown = self._form.shown(_place(opened), opened, returned.typed if returned else None)
        return shown | {"placeable": _placeable(opened), "placed": when(placed) if placed else ""}

    async def _read(self, visit: Visit, query: Mapping[str, str]) -> dict[str, str]:
        """What became of the words that were just given: nothing to say, not read, or where to look again."""
        key = query.get("after", "")
        state = await self._gateway.state_of(key) if key.startswith(f"sidebar:{visit.person.id}:") else ""
        looks = int(query["looks"]) if query.get("looks", "").isdecimal() else 0
        if state == "dead":
            return {"said": phrase("sidebar_not_read")}
        if state != "waiting" or looks >= MOST_LOOKS:
            return {}
        return {"again": address(contact=visit.contact, after=key, looks=str(looks + 1))}


def routes(sidebar: Sidebar) -> APIRouter:
    router = APIRouter(prefix=AT, include_in_schema=False)

    @router.get("")
    async def show(request: Request) -> Response:
        return await sidebar.show(request, request.query_params)

    @router.get("/signed-in")
    async def signed_in(request: Request, code: str = "", state: str = "") -> Response:
        return await sidebar.door.came_back(request, code, state)

    router.get("/may-place")(sidebar.may_place)
    router.post("")(sidebar.reply)
    router.post("/link")(sidebar.link)
    router.post("/words")(sidebar.words)
    router.post("/placed")(sidebar.placed)
    return router


async def _form(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


def _place(opened: Opened) -> str:
    """What a card's form is tied to here, beside its version."""
    return f"sidebar:{opened.decision.id}:{opened.viewer.id}"


def _placeable(opened: Opened) -> bool:
    """Whether its draft may go into the chat: somebody said yes to these words, and their sources still carry them."""
    return opened.decision.state in PLACEABLE and not opened.lapsed


def _to(visit: Visit, **query: str) -> Response:
    return RedirectResponse(address(contact=visit.contact, **query), 303)
