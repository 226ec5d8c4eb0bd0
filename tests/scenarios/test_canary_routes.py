"""Every route of the application, walked by somebody who may: the number that nobody may see is in no answer.

Routes come from the application itself: a new one is walked by itself, and fails until it is given its ids and what it
is sent here. Backups are no way out that is walked: they are the company's own copy of the whole store and hold what
it holds (docs/operations.md). Pages of the console are walked in a browser (tests/browser/test_stored_scripts.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from bot import security
from bot.channels.simulator import Simulator
from bot.decision import ReasonKind
from bot.store import Store
from bot.web.signin import COOKIE, SignIn
from crm_bridge.adapters.embedded.tables import ContactRow
from tests.fakes.clock import Clock
from tests.fakes.product import PUBLIC_URL, DemoCompany, Product, settings_for, start
from tests.fakes.wecom_platform import WeComPlatform
from tests.fakes.wecom_toolbar import INSIDE, WANG, Toolbar, account_of
from tests.scenarios.test_canary import IN_CRM, SAID, WORDS
from tests.scenarios.test_events_cards import FAULT, happens
from tests.security.test_foreign_ids import every_route

TO_THEIR_REP = {"/d/{token}", "/d/{token}/event/{event}", "/wecom/sidebar", "/sim/messages"}
"""Where a customer's words are shown as they were said, numbers in them too: to their own rep."""
REFUSED = {
    "/readyz": "503 where no worker runs, which is so here",
    "/wecom/callback": "an envelope without a signature; true ones are answered with nothing",
    "/wecom/bot": "as the callback",
    "/dingtalk/robot": "as the callback",
    "/dingtalk/card": "as the callback",
    "/d/{token}/code": "a wrong code",
    "/d/{token}/signed-in": "a wrong state",
    "/wecom/sidebar/signed-in": "a wrong state",
    "/d/{token}": "POST without the form's mark; GET is walked with success",
    "/wecom/sidebar": "POST without the form's mark; GET is walked with success",
    "/wecom/sidebar/may-place": "409: nobody has confirmed the card",
    "/wecom/sidebar/link": "without the form's mark",
    "/wecom/sidebar/words": "without the form's mark",
    "/wecom/sidebar/placed": "without the form's mark",
    "/d/{token}/page-image/{passage}": "404: the demo's documents have no pictures of pages here",
}
"""What answers with a refusal, which is an output too, and why it is one."""
SENT: dict[str, dict[str, Any]] = {
    "/api/v1/utterances": {"json": {"customer": "华东仁和", "text": f"请回电 {SAID}", "id": "u-1"}},
    "/api/v1/inquiries": {"json": {"product": "X200", "message": f"请回电 {SAID}"}},
    "/api/v1/customers/{customer}/offers": {"json": {"product": "X200R", "note": f"打 {SAID}"}},
    "/api/v1/events": {"json": {"phone": SAID}, "headers": {"ce-id": "1", "ce-source": "/x", "ce-type": "x"}},
    "/sim/as": {"json": {"person": "zhangsan"}},
    "/sim/say": {"json": {"key": "walked-once-1", "text": f"查一下华东仁和的联系人电话,有人打 {SAID}"}},
    "/sim/tap": {
        "json": {
            "key": "walked-once-2",
            "decision": "d1",
            "button": "confirm",
            "version": 0,
            "content_hash": "x",
        }
    },
    "/d/{token}": {"data": {"move": "confirm", "mark": "x"}},
    "/d/{token}/code": {"data": {"user": "zhangsan", "code": "000000"}},
    "/wecom/sidebar": {"params": {"contact": WANG}},
    "/wecom/sidebar/may-place": {"params": {"contact": WANG, "card": "{decision}"}},
    "/wecom/sidebar/link": {"data": {"contact": WANG}},
    "/wecom/sidebar/words": {"data": {"contact": WANG, "words": f"请回电 {SAID}"}},
    "/wecom/sidebar/placed": {"data": {"contact": WANG}},
    "/wecom/callback": {"content": b"<xml/>"},
    "/dingtalk/robot": {"json": {}},
    "/dingtalk/card": {"json": {}},
    "/wecom/bot": {"content": b"<xml/>"},
}


@pytest.fixture
async def product(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform
) -> AsyncIterator[Product]:
    """WeCom with its toolbar and the simulator are on; every contact of the CRM has the canary for a number."""
    store = Store(settings_for(data_dir).database)
    running = start(demo, data_dir, clock, wecom, more={"sim": Simulator(store, clock)}, simulator=True)
    with running.parts.store.begin() as session:
        session.execute(update(ContactRow).values(phone=IN_CRM).where(col(ContactRow.phone) != ""))
    yield running
    await running.close()
    store.close()


@pytest.fixture
async def ids(product: Product) -> dict[str, str]:
    """What stands in paths: a card out of a customer's words, one out of an event, their customer, a passage."""
    told = FAULT["data"] | {"value": {"ErrorCode": "E07", "Message": f"请打 {SAID}"}}
    (event,) = await happens(product, FAULT | {"data": told})
    of_event = product.decisions()[-1]
    await product.hears("zhangsan", WORDS)
    decision = next(one for one in product.decisions() if SAID in one.words and one.id != of_event.id)
    passage = next(one.ref for one in decision.rationale.reasons if one.kind is ReasonKind.PASSAGE)
    toolbar = Toolbar(product, "zhangsan")
    await toolbar.send(
        await toolbar.open(), "/wecom/sidebar/link", account=await account_of(product, "华东仁和")
    )
    await toolbar.close()
    return {
        "token": product.parts.cards.path(decision).removeprefix("/d/"),
        "token_of_event": product.parts.cards.path(of_event).removeprefix("/d/"),
        "decision": decision.id,
        "event": event.uid,
        "passage": passage,
        "customer": str(decision.customer),
    }


@pytest.fixture
async def entitled(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    """张三 in WeCom's browser and in the simulator, with a key for every interface."""
    signed = SignIn(product.parts.secret, False, product.clock)._signer().dumps("zhangsan")
    with product.parts.store.begin() as session:
        _, key = security.new_key(session, "walker", security.KEY_SCOPES, product.clock())
    headers = INSIDE | {"Authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(product.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers) as web:
        web.cookies.set(COOKIE, signed)
        yield web


async def test_no_route_gives_a_number_out_of_the_crm(
    product: Product, ids: dict[str, str], entitled: httpx.AsyncClient
) -> None:
    doors = sorted(
        {(method, one.path) for one in every_route(product.app.routes) for method in one.methods},
        key=lambda door: (door[0] == "GET", door),  # what is written first is read afterwards
    )
    assert len(doors) > 25
    walked, shown = set(), set()
    for method, template in [*doors, ("GET", "/api/openapi.json")]:
        path = template.replace(":path}", "}")
        url = path.replace("{token}/event", "{token_of_event}/event").format_map(
            ids
        )  # KeyError: a new kind of id
        assert method == "GET" or path in SENT, f"say what {method} {path} is sent"
        sent = SENT.get(path, {})
        params = {name: value.format_map(ids) for name, value in sent.get("params", {}).items()}
        sent = sent | {"params": params} if method != "GET" else {"params": params}
        answer = await entitled.request(method, url, **sent)
        where = (method, url, answer.status_code, answer.text[:300])
        assert IN_CRM not in answer.text, where
        assert SAID not in answer.text or path in TO_THEIR_REP, where
        if answer.status_code < 400:
            walked.add(path)
        else:
            assert path in REFUSED, where
        if SAID in answer.text:
            shown.add(path)
        await product.settle()
    assert shown == TO_THEIR_REP, "else the walk proves nothing about what is masked elsewhere"


async def test_the_number_is_masked_where_it_is_asked_for(
    product: Product, ids: dict[str, str], entitled: httpx.AsyncClient
) -> None:
    """Else the walk above would prove nothing: the number is there, and its ends are told."""
    facts = await entitled.get(f"/api/v1/customers/{ids['customer']}/facts")
    assert facts.json()["records"]
    assert IN_CRM not in facts.text
    await product.hears("zhangsan", "查一下华东仁和的联系人电话")
    assert "137****1234" in product.words("zhangsan")[-1]
