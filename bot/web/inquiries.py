"""`POST /api/v1/inquiries`: a web form's inquiry becomes a card of the account's owner, or of who assigns new leads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Response, status
from pydantic import BaseModel, ConfigDict, Field

from bot.channels import Inquired
from bot.errors import InvalidInput
from bot.web.api_door import ApiDoor
from bot.web.customers_api import FEED, Accepted
from bot.web.gateway import Gateway
from bot.words import has_words
from prompts import phrase

EXAMPLE: dict[str, Any] = {
    "id": "form-2041",
    "company": "华东仁和",
    "contact": {"name": "刘工", "phone": "13900001002"},
    "product": "X200R",
    "precision": "±0.5 ℃",
    "quantity": "6台",
    "budget": "20万",
    "delivery": "下月底",
    "message": "分院要用,能不能给个含税报价",
}


class ContactIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field("", max_length=60)
    phone: str = Field("", max_length=40)
    email: str = Field("", max_length=120)


class InquiryIn(BaseModel):
    """A form as the visitor filled it in: free text in every field, read as words are."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})
    id: str = Field(
        "",
        max_length=120,
        pattern=r"^[\w.:@-]*$",
        description="the form's own id; sent twice, it is one card",
    )
    company: str = Field("", max_length=120, description="as the visitor wrote it")
    contact: ContactIn = ContactIn()
    product: str = Field("", max_length=200, description="product model")
    precision: str = Field("", max_length=200, description="precision or another specification")
    quantity: str = Field("", max_length=60)
    budget: str = Field("", max_length=60)
    delivery: str = Field("", max_length=120, description="when or where it is wanted")
    message: str = Field("", max_length=4000)
    at: datetime | None = Field(None, description="when it was sent, with zone; now where it is left out")


def routes(door: ApiDoor, gateway: Gateway, clock: Callable[[], datetime]) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["inquiries"])

    @router.post(
        "/inquiries", status_code=status.HTTP_202_ACCEPTED, dependencies=[Depends(door.needs("inquiries"))]
    )
    async def inquiries(body: InquiryIn, response: Response) -> Accepted:
        """Kept once and shown to a person, with the judgement whether it is serious; nothing is sent to the visitor."""
        at, text = body.at or clock(), whole(body)
        if at.tzinfo is None:
            raise InvalidInput("`at` needs a zone: 2026-12-01T09:00:00+08:00")
        if not has_words(text):
            raise InvalidInput("the form is empty: fill in product or message")
        named = body.id or hashlib.sha256(f"{text}\0{at.date()}".encode()).hexdigest()[:24]
        asked = Inquired(
            key=f"inquiry:{named}",
            conversation=f"inquiry:{named}",
            company=body.company.strip(),
            text=text,
            at=at,
            contact=" ".join(one for one in vars(body.contact).values() if one),
            budget=body.budget.strip(),
        )
        new = await gateway.accept(FEED, asked)
        response.status_code = status.HTTP_202_ACCEPTED if new else status.HTTP_200_OK
        return Accepted(key=asked.key, new=new)

    return router


def whole(form: InquiryIn) -> str:
    """What the form asks, in one text, under the names that a rep reads."""
    parts = {
        "product": form.product,
        "precision": form.precision,
        "quantity": form.quantity,
        "delivery": form.delivery,
    }
    told = ",".join(
        phrase(f"inquiry_{name}", value=" ".join(value.split()))
        for name, value in parts.items()
        if value.strip()
    )
    return "。".join(one for one in (form.message.strip(), told) if one)
