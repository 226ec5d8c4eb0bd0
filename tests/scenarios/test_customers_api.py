"""What other systems may ask of a customer, and what they may ask for: scores with reasons, fields, offers, inquiries."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from bot import security
from bot.decision import ReasonKind
from bot.tables import ActionRow, DecisionRow
from bot.web.examples import DECISION, EVENT, FACTS, QUALITY
from tests.events import made
from tests.fakes.product import ASKED, Product
from tests.scenarios.test_signals import CUSTOMER, look, warm

FORM = {
    "id": "form-1",
    "company": "华东仁和",
    "contact": {"name": "刘工", "phone": "13900001002"},
    "product": "X200R",
    "precision": "±0.5 ℃",
    "quantity": "6台",
    "budget": "20万",
    "delivery": "下月底",
    "message": "分院要用,能不能给个含税报价",
}


def key(product: Product, *scopes: str) -> dict[str, str]:
    with product.parts.store.begin() as session:
        return {"Authorization": f"Bearer {security.new_key(session, '官网', scopes, product.clock())[1]}"}


async def account(product: Product) -> str:
    directory = await product.parts.crm.directory()
    return str(next(one.id for one in directory if one.short_name == CUSTOMER))


async def ask(product: Product, path: str, **more: Any) -> httpx.Response:
    return await product.web.get(f"/api/v1/customers/{path}", headers=key(product, "read"), **more)


async def test_the_window_says_what_it_adds_up_from_and_each_part_can_be_looked_up(product: Product) -> None:
    taken = await product.parts.intake.accept(warm())
    await look(product)
    found = (await ask(product, f"{await account(product)}/intent-window")).json()
    assert found["open"] is True
    assert found["told_at"]
    assert found["score"] == pytest.approx(sum(one["points"] for one in found["contributions"]), abs=0.02)
    refs = {share["ref"] for one in found["contributions"] for share in one["because"]}
    assert refs <= {f"event:{one.uid}" for one in taken}
    for one in found["contributions"]:
        assert one["points"] == pytest.approx(sum(share["points"] for share in one["because"]), abs=0.02)
    risk = (await ask(product, f"{await account(product)}/risk-score")).json()
    assert risk["score"] == 0
    assert risk["contributions"] == []


async def test_facts_carry_their_lineage_and_no_number_of_a_person(product: Product) -> None:
    response = await ask(product, f"{await account(product)}/facts")
    found = response.json()
    tier = next(one for one in found["fields"] if one["field"] == "tier")
    assert tier["value"] == "VIP"
    assert tier["lineage"]["system"]
    assert tier["lineage"]["read_at"]
    assert tier["told"].endswith("VIP")
    assert "1390000100" not in response.text


@pytest.mark.parametrize("route", ["facts", "risk-score", "intent-window"])
async def test_an_id_of_another_kind_is_told_apart(product: Product, route: str) -> None:
    await product.hears("zhangsan", "客户华东仁和说:X200 50台什么价")
    (decision,) = product.rows(DecisionRow)
    found = await ask(product, f"{decision.id}/{route}")
    assert found.status_code == 404
    assert f"GET /api/v1/decisions/{decision.id}" in found.json()["message"]
    assert "yiju crm show" in (await ask(product, f"nobody/{route}")).json()["message"]
    assert "rep" in (await ask(product, f"zhangsan/{route}")).json()["message"]


async def test_an_offer_becomes_one_card_and_fires_nothing(product: Product) -> None:
    path, body = f"/api/v1/customers/{await account(product)}/offers", {"id": "mkt-1", "product": "X200"}
    headers = key(product, "offers")
    first = await product.web.post(path, json=body | {"note": "展会上问过交期"}, headers=headers)
    again = await product.web.post(path, json=body | {"note": "展会上问过交期"}, headers=headers)
    assert (first.status_code, again.status_code) == (202, 200)
    await product.settle()
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert "展会上问过交期" in decision.words
    assert "官网" in decision.rationale.reasons[0].text
    assert "X200R" in decision.draft.text  # beside its neighbour
    assert product.count(ActionRow) == 0


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [("GET", "facts", "events"), ("GET", "intent-window", "offers"), ("POST", "offers", "read")],
)
async def test_each_route_asks_for_its_own_scope(
    product: Product, method: str, path: str, scope: str
) -> None:
    url = f"/api/v1/customers/{await account(product)}/{path}"
    body = {"product": "X200"} if method == "POST" else None
    assert (await product.web.request(method, url, json=body, headers=key(product, scope))).status_code == 403
    assert (await product.web.request(method, url, json=body)).status_code == 401


async def send(on: Product, **changes: Any) -> httpx.Response:
    body = FORM | changes
    found = await on.web.post("/api/v1/inquiries", json=body, headers=key(on, "inquiries"))
    await on.settle()
    return found


async def test_a_customers_inquiry_is_read_and_goes_to_the_owner(product: Product) -> None:
    assert (await send(product)).status_code == 202
    assert (await send(product)).status_code == 200
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert decision.customer_name == "华东仁和"
    assert decision.intent == "quote_request"
    kinds = {one.type for one in decision.reading.entities}
    assert {"product", "quantity"} <= kinds
    told = decision.rationale.reasons[0]
    assert told.kind is ReasonKind.RULE
    assert "有效询盘" in told.text
    assert "X200R" in told.text
    assert "是现有客户" in told.text
    assert "20万" in told.text
    assert "13900001002" in told.source
    assert "13900001002" not in decision.draft.text
    assert "20万" not in decision.draft.text
    assert {one.kind for one in decision.draft.actions} >= {"quote.draft"}
    assert product.count(ActionRow) == 0


async def test_a_new_lead_goes_to_a_manager_and_writes_nothing_before_it_is_a_customer(
    product: Product,
) -> None:
    await send(product, company="北境生物制药有限公司")
    assert product.cards("zhangsan") == []
    (card,) = product.open_cards("chenjing")
    decision = product.decision(card)
    assert decision.customer is None
    assert decision.draft.actions == ()
    assert "北境生物制药有限公司" in str(decision.rationale.unknowns)


async def test_noise_is_shown_with_its_reason_and_answers_nobody(product: Product) -> None:
    await send(
        product,
        company="",
        product="",
        precision="",
        quantity="",
        budget="",
        delivery="",
        message="专业SEO优化排名,加微信详聊 https://spam.example",
    )
    (card,) = product.open_cards("chenjing")
    decision = product.decision(card)
    assert "疑似无效" in decision.rationale.reasons[0].text
    assert decision.draft.text == ""
    assert decision.draft.actions == ()
    assert decision.rationale.warnings


async def test_an_empty_form_is_refused(product: Product) -> None:
    found = await product.web.post("/api/v1/inquiries", json={"id": "x"}, headers=key(product, "inquiries"))
    assert (found.status_code, "empty" in found.json()["message"]) == (422, True)


async def test_the_description_has_an_example_for_every_answer(product: Product) -> None:
    described = (await product.web.get("/api/openapi.json")).json()
    paths = described["paths"]
    for route in ("risk-score", "intent-window", "facts", "offers"):
        assert f"/api/v1/customers/{{customer}}/{route}" in paths
    assert "/api/v1/inquiries" in paths
    schemas = described["components"]["schemas"]
    assert all(schemas[name]["examples"] for name in ("ScoreOut", "WindowOut", "OfferIn", "InquiryIn"))
    assert orjson.dumps(described)
    for path in ("/api/v1/customers/{customer}/facts", "/api/v1/events/{event}", "/api/v1/quality"):
        assert paths[path]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert schemas["EventAnswers"]["examples"]
    assert all(one["examples"] for name, one in schemas.items() if name.endswith("Accepted"))


async def test_the_examples_have_the_form_of_real_answers(product: Product) -> None:
    event = made.ours("order.updated", "SO-1", id_="e1", account="华东仁和", fields={"status": "执行中"})
    (taken,) = await product.parts.intake.accept([event])
    await product.hears("zhangsan", ASKED)
    decision = product.decisions()[-1].id
    headers = key(product, "read")
    customer = (await product.parts.crm.directory())[0].id
    for path, example in (
        (f"customers/{customer}/facts", FACTS),
        (f"events/{taken.uid}", EVENT),
        ("quality", QUALITY),
        (f"decisions/{decision}", DECISION),
    ):
        found = (await product.web.get(f"/api/v1/{path}", headers=headers)).json()
        assert set(found) == set(example), path
        for name, lines in example.items():
            if isinstance(lines, list) and lines and found[name]:
                assert not isinstance(lines[0], dict) or set(lines[0]) == set(found[name][0]), (path, name)
            if path.startswith("decisions/") and isinstance(lines, dict):
                assert set(lines) == set(found[name]), name
