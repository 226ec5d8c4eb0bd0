"""Events by HTTP: a key, a signature, limits; each event is answered for, and can be asked after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from bot import security
from bot.events.signing import sign
from crm_bridge.events.tables import EventRow
from tests.events import made
from tests.fakes.clock import Clock
from tests.fakes.product import DemoCompany, Product, start
from tests.fakes.wecom_platform import WeComPlatform

STRUCTURED = "application/cloudevents+json"
CANCELLED = made.ours(
    "order.cancelled",
    "SO-9",
    id_="oms-1",
    time="2026-11-26T15:02:00.441+08:00",
    account="华东仁和",
    fields={"status": "已取消"},
)


def key(product: Product, *scopes: str) -> str:
    with product.parts.store.begin() as session:
        return security.new_key(session, "erp", scopes, product.clock())[1]


async def post(
    product: Product, body: Any, media: str = STRUCTURED, given: str | None = None, **headers: str
) -> httpx.Response:
    sent = {
        "Authorization": f"Bearer {key(product, 'events') if given is None else given}",
        "Content-Type": media,
    }
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    response = await product.web.post("/api/v1/events", content=raw, headers=sent | headers)
    await product.settle()
    return response


async def test_each_event_of_a_batch_is_answered_for_and_kept(product: Product) -> None:
    batch = [CANCELLED, CANCELLED, {"specversion": "1.0", "id": "?", "source": "/x", "type": "nobody.knows"}]
    response = await post(product, batch, "application/cloudevents-batch+json")
    assert response.status_code == 202
    answers = response.json()["events"]
    assert [one["status"] for one in answers] == ["accepted", "duplicate", "dead"]
    assert "no map knows" in answers[2]["reason"]
    assert product.count(EventRow) == 2
    assert len(product.open_cards("zhangsan")) == 1


async def test_binary_mode_brings_the_same_event(product: Product) -> None:
    headers = {f"ce-{name}": str(CANCELLED[name]) for name in ("specversion", "id", "source", "type", "time")}
    first = await post(product, CANCELLED["data"], "application/json", **headers)
    again = await post(product, CANCELLED)
    assert [one.json()["events"][0]["status"] for one in (first, again)] == ["accepted", "duplicate"]


async def test_one_can_ask_what_became_of_an_event(product: Product) -> None:
    address = (await post(product, CANCELLED)).json()["events"][0]["event"]
    (card,) = product.open_cards("zhangsan")
    await product.taps(card, "确认")
    caused = made.ours(
        "order.updated", "SO-9", id_="oms-2", time="2026-11-26T15:03:00+08:00", fields={"total": 1}
    ) | {"causationid": "oms-1"}
    await post(product, caused)
    reader = {"Authorization": f"Bearer {key(product, 'read')}"}
    found = (await product.web.get(f"/api/v1/events/{address}", headers=reader)).json()
    assert found["state"] == "applied"
    assert found["precision"] == "ms"
    assert found["changed"] == [
        {"field": "account", "value": "华东仁和", "counts": True},
        {"field": "status", "value": "已取消", "counts": True},
    ]
    (decision,) = found["caused"]["decisions"]
    assert (decision["decision"], decision["state"]) == (product.decision(card).id, "carried_out")
    assert [one["kind"] for one in decision["actions"]] == ["task.create"]
    assert [one["id"] for one in found["caused"]["events"]] == ["oms-2"]
    by_id = (await product.web.get("/api/v1/events/oms-2", headers=reader)).json()
    assert [one["id"] for one in by_id["because_of"]] == ["oms-1"]
    assert (await product.web.get("/api/v1/events/none", headers=reader)).status_code == 404


@pytest.mark.parametrize(("given", "status"), [("", 401), ("yk_guessed", 401)])
async def test_without_a_good_key_nothing_is_taken(product: Product, given: str, status: int) -> None:
    assert (await post(product, CANCELLED, given=given)).status_code == status
    assert (await post(product, CANCELLED, given=key(product, "utterances"))).status_code == 403
    assert product.count(EventRow) == 0


@pytest.mark.parametrize(("body", "media"), [(b"{", STRUCTURED), (b"[]", STRUCTURED), (b"hi", "text/plain")])
async def test_what_is_no_event_at_all_is_refused_with_a_reason(
    product: Product, body: bytes, media: str
) -> None:
    response = await post(product, body, media)
    assert response.status_code == 422
    assert response.json()["message"]
    assert product.count(EventRow) == 0


async def test_more_bytes_than_allowed_are_not_read(product: Product) -> None:
    assert (await post(product, b" " * (1024 * 1024 + 1))).status_code == 413


@pytest.fixture
async def strict(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform
) -> AsyncIterator[Product]:
    """Signed requests only, and few of them."""
    running = start(demo, data_dir, clock, wecom, events={"signing_secret": "shared", "per_second": 1})
    yield running
    await running.close()


def signed(product: Product, body: bytes, secret: str = "shared", late: int = 0) -> dict[str, str]:
    at = str(int(product.clock().timestamp()) - late)
    return {"webhook-id": "m1", "webhook-timestamp": at, "webhook-signature": sign(secret, "m1", at, body)}


async def test_a_signature_must_fit_and_be_of_now(strict: Product) -> None:
    body = orjson.dumps(CANCELLED)
    assert (await post(strict, body)).status_code == 401
    assert (await post(strict, body, **signed(strict, body, "guessed"))).status_code == 401
    assert (await post(strict, body, **signed(strict, body, late=301))).status_code == 401
    assert (await post(strict, body + b" ", **signed(strict, body))).status_code == 401
    assert strict.count(EventRow) == 0
    assert (await post(strict, body, **signed(strict, body))).status_code == 202


async def test_too_many_events_of_one_key_are_told_to_wait_and_another_key_is_not(strict: Product) -> None:
    given, body = key(strict, "events"), orjson.dumps(CANCELLED)
    for _ in range(4):
        assert (await post(strict, body, given=given, **signed(strict, body))).status_code == 202
    slowed = await post(strict, body, given=given, **signed(strict, body))
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "1")
    assert (await post(strict, body, **signed(strict, body))).status_code == 202
    strict.pass_by(seconds=1)
    assert (await post(strict, body, given=given, **signed(strict, body))).status_code == 202
