"""`/api/v1/events`: CloudEvents in, structured, batch or binary; and what became of one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from bot.errors import InvalidInput, TooMany
from bot.events.intake import Intake
from bot.events.signing import check_signature
from bot.events.tracing import trace
from bot.outward import outward
from bot.settings import EventsSettings
from bot.store import Store
from bot.tables import ApiKeyRow
from bot.web.api_door import ApiDoor
from bot.web.examples import EVENT, answers
from bot.web.pace import Pace
from crm_bridge.contracts import FieldPolicy
from crm_bridge.events import BATCH, STRUCTURED, EventUnreadable, split

EXAMPLE = {
    "specversion": "1.0",
    "id": "k3-981",
    "source": "/erp/oms",
    "type": "cn.yiju.order.cancelled.v1",
    "time": "2026-11-26T15:02:03.441+08:00",
    "data": {"entity": "SO-1042", "account": "华东仁和", "fields": {"status": "已取消"}},
}
HEADERS = [
    {
        "name": f"ce-{name}",
        "in": "header",
        "required": False,
        "description": "with the data alone as body (binary mode)",
        "schema": {"type": "string"},
        "example": value,
    }
    for name, value in EXAMPLE.items()
    if name != "data"
]
BODY = {
    "parameters": HEADERS,
    "requestBody": {
        "required": True,
        "content": {
            STRUCTURED: {"schema": {"type": "object"}, "example": EXAMPLE},
            BATCH: {"schema": {"type": "array", "items": {"type": "object"}}, "example": [EXAMPLE]},
            "application/json": {"schema": {"type": "object"}, "example": EXAMPLE["data"]},
        },
    },
}


class EventAnswer(BaseModel):
    """What became of one event, in the order they were sent."""

    event: str
    """Its address: GET /api/v1/events/{event}."""
    status: str
    """accepted, duplicate, held (its clock is ahead of ours) or dead (see reason)."""
    reason: str = ""


class EventAnswers(BaseModel):
    """All of them are kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"events": [{"event": "5f0c2a", "status": "accepted", "reason": ""}]}]
        }
    )
    events: list[EventAnswer]


class TooLarge(Exception):
    """More bytes than the settings allow."""


def routes(
    door: ApiDoor,
    store: Store,
    intake: Intake,
    settings: EventsSettings,
    clock: Callable[[], datetime],
    policy: FieldPolicy,
) -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    sender = Depends(door.needs("events"))
    pace, secret = Pace(settings.per_second), settings.signing_secret.get_secret_value()

    @router.post(
        "/events",
        status_code=status.HTTP_202_ACCEPTED,
        response_model=EventAnswers,
        openapi_extra=BODY,
        responses={413: {"description": "too large"}, 429: {"description": "too many; see Retry-After"}},
    )
    async def take(request: Request, key: ApiKeyRow = sender) -> Any:
        """Events of other systems. 202: every one of them is kept, broken ones with their reason."""
        try:
            body = await _body(request, settings.largest_bytes)
        except TooLarge:
            words = f"send at most {settings.largest_bytes} bytes at once"
            return JSONResponse({"error": "TooLarge", "message": words}, 413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if secret:
            check_signature(secret, headers, body, clock())
        try:
            events = split(headers.get("content-type", ""), headers, body)
        except EventUnreadable as error:
            raise InvalidInput(str(error)) from error
        if seconds := pace.wait(key.id, len(events), clock()):
            raise TooMany("events", settings.per_second, seconds)
        taken = await intake.accept(events)
        return EventAnswers(
            events=[EventAnswer(event=one.uid, status=one.status, reason=one.reason) for one in taken]
        )

    @router.get("/events/{event:path}", dependencies=[Depends(door.needs("read"))], responses=answers(EVENT))
    async def show(event: str) -> dict[str, Any]:
        """One event: its state, the events behind it, what it changed, the cards and events it caused."""
        found = await store.read(lambda session: trace(session, event))
        answer: dict[str, Any] = outward(found, policy, "integrator", "api")
        return answer

    return router


async def _body(request: Request, largest: int) -> bytes:
    """Read as it comes and stop at the limit, whatever the header claims."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise TooLarge
    return bytes(body)
