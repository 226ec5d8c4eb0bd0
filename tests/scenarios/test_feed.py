"""An authorised feed brings a customer's words: with a key of the right scope, each once, to the account's owner."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot import security
from bot.tables import DeliveryRow
from tests.fakes.product import Product

WORDS = {
    "customer": "华东仁和",
    "text": "你们X200多少钱一台,我们要50台",
    "said_by": "刘慧敏",
    "id": "call-17",
}


def key(product: Product, *scopes: str) -> str:
    with product.parts.store.begin() as session:
        return security.new_key(session, "telephone", scopes, product.clock())[1]


async def feed(product: Product, given: str = "", **changes: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {given}"} if given else {}
    body = {name: value for name, value in (WORDS | changes).items() if value is not None}
    response = await product.web.post("/api/v1/utterances", json=body, headers=headers)
    await product.settle()
    return response


async def test_words_of_a_customer_become_a_card_of_the_accounts_owner(product: Product) -> None:
    response = await feed(product, key(product, "utterances"))
    assert (response.status_code, response.json()) == (202, {"key": "feed:call-17", "new": True})
    (card,) = product.open_cards("zhangsan")
    decision = product.decision(card)
    assert (decision.customer_name, decision.words) == ("华东仁和", WORDS["text"])
    assert product.cards("lisi") == []


async def test_the_same_id_again_is_acknowledged_and_makes_no_second_card(product: Product) -> None:
    given = key(product, "utterances")
    await feed(product, given)
    response = await feed(product, given)
    assert (response.status_code, response.json()["new"]) == (200, False)
    assert len(product.cards("zhangsan")) == 1


@pytest.mark.parametrize("given", ["", "yk_guessed", "revoked", "read"])
async def test_without_a_good_key_nothing_is_taken(product: Product, given: str) -> None:
    lacks = given == "read"
    if lacks:
        given = key(product, "read")
    elif given == "revoked":
        with product.parts.store.begin() as session:
            number, given = security.new_key(session, "old", ("utterances",), product.clock())
            security.revoke_key(session, number, product.clock())
    response = await feed(product, given)
    expected = (403, "NotAllowed") if lacks else (401, "NotAuthenticated")
    assert (response.status_code, response.json()["error"]) == expected
    assert product.count(DeliveryRow) == 0


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"customer": "北方宏远公司"}, 404),
        ({"customer": ""}, 422),
        ({"text": ""}, 422),
        ({"text": "😀"}, 422),
        ({"text": None}, 422),
        ({"text": "长" * 4001}, 422),
        ({"at": "2026-12-01T09:00:00"}, 422),
        ({"at": "yesterday"}, 422),
        ({"id": "a b/../c"}, 422),
        ({"surprise": 1}, 422),
    ],
)
async def test_words_that_cannot_be_used_are_refused_with_the_reason(
    product: Product, changes: dict[str, Any], status: int
) -> None:
    response = await feed(product, key(product, "utterances"), **changes)
    assert response.status_code == status
    assert response.json()
    assert product.count(DeliveryRow) == 0


async def test_more_words_of_the_same_thread_extend_the_card(product: Product) -> None:
    given = key(product, "utterances")
    await feed(product, given, conversation="call-9", id="1")
    product.pass_by(seconds=20)
    await feed(product, given, conversation="call-9", id="2", text="质保几年")
    (card,) = product.open_cards("zhangsan")
    assert product.decision(card).words.splitlines() == [WORDS["text"], "质保几年"]
    assert len(product.cards("zhangsan")) == 2


async def test_a_decision_can_be_read_with_a_key_that_may_read(product: Product) -> None:
    await feed(product, key(product, "utterances"))
    decision = product.decision(product.cards("zhangsan")[0])
    url, allowed = f"/api/v1/decisions/{decision.id}", key(product, "read")
    response = await product.web.get(url, headers={"Authorization": f"Bearer {allowed}"})
    assert (response.status_code, response.json()["state"]) == (200, "proposed")
    assert (await product.web.get(url)).status_code == 401
    missing = await product.web.get(f"{url}x", headers={"Authorization": f"Bearer {allowed}"})
    assert missing.status_code == 404
