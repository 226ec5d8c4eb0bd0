"""`/api/v1/customers/{id}`: scores with their reasons, fields with their lineage, and a way to ask for an offer card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, SQLModel

from bot.channels import Signalled
from bot.errors import NotFound
from bot.signals.watch import INTENT, RISK, Scored, SignalWatch, plain
from bot.store import Store
from bot.tables import ApiKeyRow, DecisionRow, TurnRow, UserRow
from bot.web.api_door import ApiDoor
from bot.web.examples import FACTS, answers
from bot.web.gateway import Gateway
from crm_bridge import Account, AccountId, CrmAdapter, UnknownAccount
from crm_bridge import Field as CrmField
from crm_bridge.events.tables import EventRow
from crm_bridge.lineage import shown_time, system_name

FEED = "feed"
Customer = Annotated[
    str,
    Path(max_length=120, description="the account's id in the customer system", examples=["ACC-dfa40b6b"]),
]
_SCORE: dict[str, Any] = {
    "customer": "ACC-dfa40b6b",
    "score": 46.2,
    "at": "2026-11-26T07:04:00+00:00",
    "contributions": [
        {
            "dimension": "quote_request",
            "label": "询价",
            "points": 16.0,
            "because": [
                {
                    "ref": "decision:2f1c",
                    "at": "2026-11-26T06:50:00+00:00",
                    "points": 16.0,
                    "what": "said:quote_request",
                }
            ],
        }
    ],
}
WRONG_KIND = {404: {"description": "no such customer; says where an id of another kind belongs"}}


class Because(BaseModel):
    """One occurrence behind a contribution: `event:<address>` (GET /api/v1/events/…) or `decision:<id>`."""

    ref: str
    at: datetime
    points: float
    what: str


class ContributionOut(BaseModel):
    """What one dimension adds (+) or takes (−) now."""

    dimension: str
    label: str
    points: float
    because: list[Because]


class ScoreOut(BaseModel):
    """0 to 100, with everything that adds up to it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SCORE]})
    customer: str
    score: float
    at: datetime
    contributions: list[ContributionOut]


class WindowOut(ScoreOut):
    """The score of intent, whether its window is open, and between which thresholds it moves."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _SCORE
                | {
                    "open": True,
                    "since": "2026-11-26T06:51:00+00:00",
                    "told_at": "2026-11-26T06:51:04+00:00",
                    "opens_at": 40,
                    "closes_below": 22,
                }
            ]
        }
    )
    open: bool
    since: datetime | None
    told_at: datetime | None
    opens_at: float
    closes_below: float


class OfferIn(BaseModel):
    """Why an offer is wanted. The owner gets a card; nothing is sent or written before they confirm."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"id": "mkt-17", "product": "X200R", "note": "展会上问过交期"}]},
    )
    id: str = Field(
        "",
        max_length=120,
        pattern=r"^[\w.:@-]*$",
        description="the source's own id; sent twice, it is one card",
    )
    product: str = Field("", max_length=60, description="a product to compare; the open deal's where empty")
    note: str = Field("", max_length=500, description="in a rep's words, shown on the card")


class Accepted(BaseModel):
    """The request is kept and its card is on the way."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "offer:k1:mkt-17", "new": True}]})
    key: str
    new: bool


def routes(
    door: ApiDoor,
    store: Store,
    gateway: Gateway,
    crm: CrmAdapter,
    watch: SignalWatch,
    visible: Callable[[Account], Account],
    clock: Callable[[], datetime],
) -> APIRouter:
    """`visible`: the account as the field policy lets an integrator see it."""
    router = APIRouter(prefix="/api/v1/customers/{customer}", tags=["customers"], responses=WRONG_KIND)  # type: ignore[arg-type]

    reads, offerer = [Depends(door.needs("read"))], Depends(door.needs("offers"))

    async def account_of(customer: str) -> Account:
        try:
            return await crm.account(AccountId(customer))
        except UnknownAccount:
            other = await store.read(lambda session: _of_another_kind(session, customer))
            raise NotFound(f"{crm.name} knows no customer {customer!r}{other}") from None

    @router.get("/intent-window", dependencies=reads)
    async def intent_window(customer: Customer) -> WindowOut:
        """How warm the customer is just now, and why."""
        await account_of(customer)
        found = await store.read(lambda session: watch.scored(session, INTENT, customer))
        sheet = watch.sheets[INTENT]
        return WindowOut(
            **_score(customer, found),
            open=found.window.is_open,
            since=found.window.since,
            told_at=found.window.told_at,
            opens_at=sheet.open,
            closes_below=sheet.close,
        )

    @router.get("/risk-score", dependencies=reads)
    async def risk_score(customer: Customer) -> ScoreOut:
        """How likely the customer is to leave or not to pay, and why."""
        await account_of(customer)
        return ScoreOut(
            **_score(customer, await store.read(lambda session: watch.scored(session, RISK, customer)))
        )

    @router.get("/facts", dependencies=reads, responses=answers(FACTS))
    async def facts(customer: Customer) -> dict[str, Any]:
        """The customer's fields and records that an integrator may read, each with where and when it came from."""
        return _facts(visible(await account_of(customer)))

    @router.post("/offers", status_code=status.HTTP_202_ACCEPTED)
    async def offers(
        customer: Customer,
        body: OfferIn,
        response: Response,
        key: ApiKeyRow = offerer,
    ) -> Accepted:
        """Propose an offer to the customer's owner: a card with a package, which fires nothing by itself."""
        account, now = await account_of(customer), clock()
        found = await store.read(lambda session: watch.scored(session, INTENT, account.id))
        told = (
            body.id
            or hashlib.sha256(f"{account.id}\0{body.product}\0{body.note}\0{now}".encode()).hexdigest()
        )
        asked = Signalled(
            key=f"offer:{key.id}:{told[:120]}",
            conversation=f"signal:offer:{account.id}",
            customer=account.id,
            sheet=INTENT,
            score=found.score.value,
            reasons=tuple(plain(found.score)),
            at=now,
            product=body.product.strip(),
            note=body.note.strip(),
            asked_by=key.name,
        )
        new = await gateway.accept(FEED, asked)
        response.status_code = status.HTTP_202_ACCEPTED if new else status.HTTP_200_OK
        return Accepted(key=asked.key, new=new)

    return router


def _score(customer: str, found: Scored) -> dict[str, Any]:
    return {
        "customer": customer,
        "score": found.score.value,
        "at": found.score.at,
        "contributions": plain(found.score),
    }


def _of_another_kind(session: Session, name: str) -> str:
    """What else has that id, and where to ask for it."""
    places: dict[str, tuple[type[SQLModel], str]] = {
        "decision": (DecisionRow, f"GET /api/v1/decisions/{name}"),
        "event": (EventRow, f"GET /api/v1/events/{name}"),
        "user": (UserRow, "a rep is no customer"),
        "turn": (TurnRow, "ask for its decision"),
    }
    for kind, (table, hint) in places.items():
        if session.get(table, name) is not None:
            return f"; it is the id of a {kind}: {hint}"
    return "; send the account's id, as `yiju crm show NAME` prints it"


def _facts(account: Account) -> dict[str, Any]:
    return {
        "customer": account.id,
        "name": account.name,
        "owner": account.owner,
        "fields": [_fact(one) for one in account.fields],
        "contacts": [asdict(one) for one in account.contacts],
        "records": [
            {
                "kind": one.kind,
                "id": one.id,
                "title": one.title,
                "fields": [_fact(field) for field in one.fields],
            }
            for one in account.records
        ],
        "missing": list(account.missing),
    }


def _fact(field: CrmField) -> dict[str, Any]:
    of = field.lineage
    at = shown_time(of.at, of.precision)
    return {
        "field": field.name,
        "label": field.label,
        "value": field.value,
        "shown": field.shown,
        "lineage": {name: getattr(of, name) for name in of.__dataclass_fields__},
        "told": f"{at} {system_name(of.system)} 更新{field.label}为 {field.shown}",
        "others": [asdict(one) for one in field.others],
    }
