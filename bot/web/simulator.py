"""`/sim`: a chat as a phone would show it, for trying the product without a tenant. Clearly marked; off unless asked for.

Whoever reaches the page may act as any demo user: it must never be on where strangers can reach it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from bot import people
from bot.channels import CardReply, Entered, Heard
from bot.channels.simulator import Simulator
from bot.customers import sight
from bot.errors import InvalidInput
from bot.markdown_table import Table, blocks
from bot.people import Person
from bot.store import Store
from bot.tables import SimMessageRow
from bot.web.gateway import Gateway
from bot.web.page import SAFE, TEMPLATES
from bot.web.signin import SignIn
from crm_bridge import CrmAdapter
from prompts import phrase

Key = Annotated[str, Field(pattern=r"^[\w-]{8,64}$")]


class As(BaseModel):
    person: str


class Say(BaseModel):
    """`key` is made by the page, so that a repeated request is one message."""

    model_config = ConfigDict(extra="forbid")
    key: Key
    text: str = Field(max_length=20_000)


class TapIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: Key
    decision: str
    button: str = Field(pattern=r"^(confirm|correct|decline|retry|undo|pick:\w+)$")
    version: int
    content_hash: str
    choice: str = ""


class SimMessage(BaseModel):
    """One bubble. `changed` grows with every change anywhere, so that the page asks only for what is new."""

    seq: int
    kind: Literal["me", "bot", "card", "notice"]
    body: dict[str, Any]
    blocks: tuple[str | Table, ...]
    """What the bot says, text and tables apart: of a card, what it sets side by side."""
    at: datetime
    changed: int


OWN_SCRIPT = {"Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"}
"""This page alone runs a script, our own."""
EXAMPLES = (
    "客户{first}说:你们X200带制冷吗,质保几年,50台什么价",
    "{first}什么等级",
    "E03 报警什么意思",
    "客户{second}说:再比比吧,不着急",
    "帮助",
)


def routes(
    store: Store,
    gateway: Gateway,
    simulator: Simulator,
    signin: SignIn,
    crm: CrmAdapter,
    clock: Callable[[], datetime],
) -> APIRouter:
    router = APIRouter(prefix="/sim", include_in_schema=False)

    async def person_of(request: Request) -> Person:
        user = signin.who(request)
        everyone = await store.read(people.everyone)
        found = next((one for one in everyone if one.id == user), None)
        if found is None:
            raise InvalidInput("choose a person first: reload /sim")
        return found

    @router.get("")
    async def page(request: Request) -> HTMLResponse:
        """Starts as whoever was chosen before, else as the owner of the CRM's first customer."""
        everyone = await store.read(people.everyone)
        owners = [account.owner for account in await crm.directory()]
        known = {str(one.id) for one in everyone}
        chosen = next((one for one in (signin.who(request), *owners) if one in known), None)
        shown = _ordered(list(everyone))
        text = TEMPLATES.get_template("sim.html").render(people=shown, chosen=chosen, phrase=phrase)
        return HTMLResponse(text, headers=SAFE | OWN_SCRIPT)

    @router.post("/as")
    async def become(body: As, response: Response) -> dict[str, Any]:
        """From now on this browser is that person; returns sentences to try with their own customers."""
        person = await store.read(lambda session: people.by_id(session, body.person))
        may_see = await store.read(lambda session: sight(session, person))
        signin.remember(response, person.id)
        key = f"sim:enter:{person.id}:{clock().date()}"
        await gateway.accept("sim", Entered(key, person.id, f"sim:{person.id}", clock()))
        accounts = [account for account in await crm.directory() if may_see(account.owner)]
        names = [account.short_name for account in accounts[:2]]
        examples = _examples(names) if len(names) == len({"first", "second"}) else []
        return {"person": person.id, "examples": examples}

    @router.post("/say")
    async def say(body: Say, request: Request) -> dict[str, bool]:
        person = await person_of(request)
        await store.write(lambda session: simulator.heard(session, person.id, body.text, f"me:{body.key}"))
        heard = Heard(
            f"sim:{body.key}", person.id, f"sim:{person.id}", body.text, clock(), sender_name=person.name
        )
        return {"new": await gateway.accept("sim", heard)}

    @router.post("/tap")
    async def tap(body: TapIn, request: Request) -> dict[str, bool]:
        person = await person_of(request)
        selected = {"choice": body.choice} if body.choice else {}
        reply = CardReply(
            f"sim:{body.key}",
            person.id,
            f"sim:{person.id}",
            body.decision,
            body.button,
            clock(),
            body.version,
            body.content_hash,
            selected,
        )
        return {"new": await gateway.accept("sim", reply)}

    @router.get("/messages")
    async def messages(
        request: Request, since: Annotated[int, Query(ge=0, lt=2**63)] = 0
    ) -> list[SimMessage]:
        person = await person_of(request)
        rows = await store.read(lambda session: _since(session, simulator, person.id, since))
        return [_message(row) for row in rows]

    return router


def _examples(names: list[str]) -> list[str]:
    first, second = names
    return [example.format(first=first, second=second) for example in EXAMPLES]


def _message(row: SimMessageRow) -> SimMessage:
    told = {"bot": "words", "card": "compared"}.get(row.kind, "")
    return SimMessage(
        seq=row.seq,
        kind=row.kind,
        body=row.body,
        blocks=tuple(blocks(row.body.get(told, ""))),
        at=row.at,
        changed=row.changed,
    )


def _since(session: Session, simulator: Simulator, person: str, since: int) -> list[SimMessageRow]:
    return simulator.since(session, person, since)


def _ordered(everyone: list[Person]) -> list[Person]:
    """Reps first, as they are whom the product is for."""
    order = {"rep": 0, "manager": 1}
    return sorted(everyone, key=lambda one: (order.get(one.role.value, 2), one.id))
