"""HubSpot says that something changed: doubled, late, out of order and forged, and what follows is told once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
import structlog

import bot.logs
from bot.app import assemble
from bot.channels.wecom import WeCom
from bot.errors import NotFound
from bot.events.polled import Polling
from bot.events.tracing import dead_letters
from bot.security import new_key
from bot.tables import DeliveryRow
from crm_bridge.adapters import Access, Host
from crm_bridge.adapters.hubspot import connect
from crm_bridge.adapters.hubspot.webhooks import sign
from crm_bridge.contracts import ContractedCrm, load_contract
from crm_bridge.events.tables import EventRow
from tests.fakes import wecom_platform
from tests.fakes.clock import Clock
from tests.fakes.product import PUBLIC_URL, UNHURRIED, DemoCompany, Product, settings_for
from tests.fakes.systems.hubspot import FakeHubSpot
from tests.fakes.systems.line import Line
from tests.fakes.wecom_platform import WeComPlatform

AT, SECRET = "/hubspot/events", "app-secret"


IN_CRM = "13777771234"


@pytest.fixture(autouse=True)
def _logged() -> Iterator[None]:
    """Lines as they are written in production."""
    before = structlog.get_config()
    bot.logs.configure("json")
    structlog.configure(cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
def portal(clock: Clock) -> FakeHubSpot:
    return FakeHubSpot(clock)


@pytest.fixture
def line(portal: FakeHubSpot) -> Line:
    return Line(portal.app)


@pytest.fixture
def company(portal: FakeHubSpot) -> str:
    return portal.add(
        "companies", name="华东仁和医疗科技有限公司", short_name="华东仁和", hubspot_owner_id="41"
    )


@pytest.fixture
async def product(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform, line: Line, company: str
) -> AsyncIterator[Product]:
    of_the_app = wecom_platform.settings()
    settings = settings_for(data_dir, wecom=of_the_app, crm={"client_secret": SECRET})
    first = assemble(settings, clock, {}, library=demo.library)  # for its store alone
    crm = connect(Access(token="pat-1"), Host(None, first.store.begin, clock), line)  # type: ignore[arg-type]
    behind = ContractedCrm(crm, load_contract("hubspot"), first.store.engine, first.store.begin, clock)
    channel = WeCom(of_the_app, wecom.http(), clock, UNHURRIED)
    running = Product(assemble(settings, clock, {"wecom": channel}, behind, demo.library), clock, wecom)
    yield running
    await behind.close()
    await running.close()
    first.store.close()


async def hint(
    product: Product, *events: dict[str, Any], secret: str = SECRET, **headers: str
) -> httpx.Response:
    body, at = json.dumps(events).encode(), str(int(product.clock().timestamp() * 1000))
    signed = {
        "X-HubSpot-Signature-v3": sign(secret, PUBLIC_URL + AT, body, at),
        "X-HubSpot-Request-Timestamp": at,
    }
    return await product.web.post(AT, content=body, headers=signed | headers)


def event(product: Product, what: str, number: str, **more: Any) -> dict[str, Any]:
    at = int(product.clock().timestamp() * 1000)
    return {
        "subscriptionType": what,
        "objectId": int(number),
        "occurredAt": at,
        "portalId": 1,
        "subscriptionId": 2,
    } | more


def kept(product: Product) -> list[tuple[str, str]]:
    return sorted((row.means or row.type, row.state) for row in product.rows(EventRow))


async def test_a_deal_that_is_deleted_is_known_at_once_and_told_once(
    product: Product, portal: FakeHubSpot, company: str
) -> None:
    number = portal.add("deals", company=company, dealname="X350", dealstage="9002")
    made = event(product, "deal.creation", number)
    assert (await hint(product, made, made)).status_code == 204
    assert (await hint(product, made)).status_code == 204
    await product.settle()
    assert kept(product) == [("opportunity.updated", "applied")]
    product.pass_by(seconds=5)
    gone = event(product, "deal.deletion", number)
    del portal.rows["deals"][number]
    assert (
        await hint(product, gone, event(product, "deal.propertyChange", number, propertyName="amount"))
    ).status_code == 204
    await product.settle()
    assert kept(product) == [("opportunity.closed", "applied"), ("opportunity.updated", "applied")]


async def test_the_poll_finds_what_was_hinted_at_and_tells_it_no_second_time(
    product: Product, portal: FakeHubSpot, company: str
) -> None:
    crm: Any = product.parts.crm
    polling = Polling(product.parts.intake, "hubspot", crm, product.clock() - product.clock())
    await polling.poll_changes()
    number = portal.add("deals", company=company, dealname="X350", dealstage="9002")
    before = len(kept(product))
    await hint(product, event(product, "deal.creation", number))
    await product.settle()
    assert len(kept(product)) == before + 1
    await polling.poll_changes()
    assert len(kept(product)) == before + 1


async def test_a_hint_waits_while_hubspot_sleeps(
    product: Product, portal: FakeHubSpot, company: str, line: Line
) -> None:
    number = portal.add("deals", company=company, dealname="X350", dealstage="9002")
    line.down = True
    await hint(product, event(product, "deal.creation", number))
    await product.settle()
    assert kept(product) == []
    line.down = False
    product.pass_by(minutes=10)
    await product.settle()
    assert kept(product) == [("opportunity.updated", "applied")]


async def test_nobody_else_can_hint(product: Product) -> None:
    made = event(product, "deal.creation", "512")
    for refused in (
        await hint(product, made, secret="another"),
        await hint(product, made, **{"X-HubSpot-Request-Timestamp": "1760000000000"}),
        await product.web.post(AT, json=[made]),
    ):
        assert (refused.status_code, refused.json()["error"]) == (401, "NotAuthenticated")
    assert (await hint(product, *[made] * 101)).status_code == 422
    assert product.count(DeliveryRow) == 0


async def test_a_broken_event_is_a_dead_letter_and_the_others_of_its_batch_count(
    product: Product, portal: FakeHubSpot, company: str
) -> None:
    number = portal.add("deals", company=company, dealname="X350", dealstage="9002")
    broken = event(product, "deal.propertyChange", number) | {"objectId": "D-512", "attemptNumber": 0}
    for attempt in range(2):  # the same again is the same letter
        sent = await hint(
            product, broken | {"attemptNumber": attempt}, event(product, "deal.creation", number)
        )
        assert sent.status_code == 204
    await product.settle()
    assert kept(product) == [("deal.propertyChange", "dead"), ("opportunity.updated", "applied")]
    with product.parts.store.look() as session:
        (letter,) = dead_letters(session)
    assert "objectId" in letter["reason"]
    assert (letter["source"], letter["seen"]) == ("/crm/hubspot/webhook", 2)


async def test_a_broken_event_is_tried_again_by_what_can_be_read_now(
    product: Product, portal: FakeHubSpot, company: str
) -> None:
    """As after an update that knows more kinds of events."""
    number = portal.add("deals", company=company, dealname="X350", dealstage="9002")
    broken = event(product, "deal.propertyChange", number) | {"objectId": f"D-{number}"}
    await hint(product, broken)
    (row,) = product.rows(EventRow)
    refused = await product.parts.intake.replay(row.uid)
    assert (refused.status, "objectId" in refused.reason) == ("dead", True)
    reads = product.parts.intake.hints
    assert reads is not None

    def knows_more(one: Any) -> Any:
        return reads(one | {"objectId": one["objectId"].removeprefix("D-")})

    assert (await replace(product.parts.intake, hints=knows_more).replay(row.uid)).status == "accepted"
    await product.settle()
    assert kept(product) == [("deal.propertyChange", "applied"), ("opportunity.updated", "applied")]
    with pytest.raises(NotFound):
        await product.parts.intake.replay(row.uid)


async def test_a_number_in_a_hint_leaves_by_no_door(
    product: Product, portal: FakeHubSpot, company: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a webhook claims is kept with the dead letter; whoever looks at it sees the number's ends."""
    number = portal.add("deals", company=company, dealname=f"回电 {IN_CRM}", dealstage="9002")
    told = event(product, "deal.propertyChange", number, propertyName="phone", propertyValue=IN_CRM)
    answers = [
        await hint(product, told, told | {"objectId": f"打 {IN_CRM}"}),
        await hint(product, *[told] * 101),
        await hint(product, told, secret="another"),
    ]
    assert [one.status_code for one in answers] == [204, 422, 401]
    await product.settle()
    with product.parts.store.begin() as session:
        key = new_key(session, "reader", ("read",), product.clock())[1]
    headers = {"Authorization": f"Bearer {key}"}
    rows = product.rows(EventRow)
    assert sorted(row.state for row in rows) == ["applied", "dead"]
    answers += [await product.web.get(f"/api/v1/events/{row.uid}", headers=headers) for row in rows]
    answers.append(await product.web.get("/metrics"))
    assert "137****1234" in answers[3].text + answers[4].text
    logged = capsys.readouterr().err
    assert "hints_dead" in logged
    for text in (logged, *(one.text for one in answers)):
        assert IN_CRM not in text
