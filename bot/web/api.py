"""`/api/v1`: what other systems send in and read. Bearer keys with scopes; errors say what to do next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from bot import decisions
from bot.channels import Fed
from bot.errors import InvalidInput, NotAllowed, NotFound
from bot.security import check_key
from bot.store import Store
from bot.web.gateway import Gateway
from bot.words import has_words
from crm_bridge import CrmAdapter, accounts_named

FEED = "feed"


class UtteranceIn(BaseModel):
    """Words of a customer from an authorised source (a call transcript, a mailbox, a web chat)."""

    model_config = ConfigDict(extra="forbid")
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

    key: str
    new: bool


def routes(store: Store, gateway: Gateway, crm: CrmAdapter, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1")

    def needs(scope: str) -> Any:
        async def check(authorization: Annotated[str, Header()] = "") -> None:
            kind, _, key = authorization.partition(" ")
            if kind.lower() != "bearer" or not key:
                raise NotAllowed("send `Authorization: Bearer <key>`; create a key with `yiju keys add`")
            await store.read(lambda session: check_key(session, key.strip(), scope))

        return Depends(check)

    @router.post("/utterances", status_code=status.HTTP_202_ACCEPTED, dependencies=[needs("utterances")])
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

    @router.get("/decisions/{decision}", dependencies=[needs("read")])
    async def decision(decision: str) -> dict[str, Any]:
        """One decision with its reading, rationale, draft and state."""
        return await store.read(lambda session: _decision(session, decision))

    return router


def _decision(session: Session, decision: str) -> dict[str, Any]:
    return decisions.as_json(decisions.load(session, decision))


async def _account(crm: CrmAdapter, customer: str) -> str:
    directory = await crm.directory()
    found = accounts_named(directory, customer)
    if len(found) == 1:
        return found[0].id
    if found:
        named = ", ".join(f"{account.id} {account.name}" for account in found)
        raise InvalidInput(f"customer {customer!r} fits several accounts ({named}); send the id")
    raise NotFound(f"the CRM knows no customer {customer!r}; send the account id or its full name")
