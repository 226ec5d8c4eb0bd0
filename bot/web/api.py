"""`/api/v1`: what other systems send in and read. Bearer keys with scopes; errors say what to do next."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Response, status
from pydantic import BaseModel, ConfigDict, Field

from bot import decisions
from bot.channels import Fed
from bot.errors import InvalidInput, NotFound
from bot.outward import as_told, outward, without_hidden
from bot.reading_rights import may_read
from bot.store import Store
from bot.web.api_door import ApiDoor
from bot.web.examples import DECISION, answers
from bot.web.gateway import Gateway
from bot.words import has_words
from crm_bridge import CrmAdapter, accounts_named
from crm_bridge.contracts import FieldPolicy
from knowledge import ANYONE, Library

FEED = "feed"


class UtteranceIn(BaseModel):
    """Words of a customer from an authorised source (a call transcript, a mailbox, a web chat)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "customer": "华东仁和",
                    "text": "X200要50台,什么价",
                    "said_by": "王建国",
                    "at": "2026-11-26T15:02:03+08:00",
                    "id": "call-1",
                    "conversation": "hotline-7",
                }
            ]
        },
    )
    customer: str = Field(min_length=1, max_length=120, description="account id, name, short name or alias")
    text: str = Field(min_length=1, max_length=4000, description="what the customer said")
    said_by: str = Field("", max_length=60, description="who of them said it")
    at: datetime | None = Field(None, description="when it was said, with zone; now where it is left out")
    id: str = Field(
        "",
        max_length=120,
        description="the source's own id; sent twice, it is worked once",
        pattern=r"^[\w.:@-]*$",
    )
    conversation: str = Field(
        "", max_length=120, description="the source's thread; words of one thread extend one card"
    )


class Accepted(BaseModel):
    """The delivery is kept; its card is on the way."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "feed:call-1", "new": True}]})
    key: str
    new: bool


def routes(
    door: ApiDoor,
    store: Store,
    gateway: Gateway,
    crm: CrmAdapter,
    library: Library,
    clock: Callable[[], datetime],
    policy: FieldPolicy,
) -> APIRouter:
    router = APIRouter(prefix="/api/v1")

    @router.post(
        "/utterances", status_code=status.HTTP_202_ACCEPTED, dependencies=[Depends(door.needs("utterances"))]
    )
    async def utterances(body: UtteranceIn, response: Response) -> Accepted:
        """A customer said something: the account's owner gets a card."""
        account = await _account(crm, body.customer)
        at = body.at or clock()
        if at.tzinfo is None:
            raise InvalidInput("`at` needs a zone: 2026-12-01T09:00:00+08:00")
        if not has_words(body.text):
            raise InvalidInput("`text` holds no words to read")
        told = f"{account}\0{body.text}\0{at.isoformat() if body.at else clock().isoformat()}"
        key = f"feed:{body.id or hashlib.sha256(told.encode()).hexdigest()[:24]}"
        thread = body.conversation or account
        fed = Fed(key, f"feed:{thread}", account, body.text, at, body.said_by)
        new = await gateway.accept(FEED, fed)
        response.status_code = status.HTTP_202_ACCEPTED if new else status.HTTP_200_OK
        return Accepted(key=key, new=new)

    @router.get(
        "/decisions/{decision}", dependencies=[Depends(door.needs("read"))], responses=answers(DECISION)
    )
    async def decision(decision: str) -> dict[str, Any]:
        """One decision with its reading, rationale, draft and state."""
        found = await store.read(lambda session: decisions.load(session, decision))
        told = decisions.as_json(as_told(found, policy, "integrator", "api"))
        seen = await asyncio.to_thread(without_hidden, told, lambda ref: may_read(library, ref, ANYONE))
        answer: dict[str, Any] = outward(seen, policy, "integrator", "api")
        return answer

    return router


async def _account(crm: CrmAdapter, customer: str) -> str:
    directory = await crm.directory()
    found = accounts_named(directory, customer)
    if len(found) == 1:
        return found[0].id
    if found:
        named = ", ".join(f"{account.id} {account.name}" for account in found)
        raise InvalidInput(f"customer {customer!r} fits several accounts ({named}); send the id")
    raise NotFound(f"the CRM knows no customer {customer!r}; send the account id or its full name")
