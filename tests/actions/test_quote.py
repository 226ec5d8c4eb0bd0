"""A quote stays within what a rep may grant; how the rest is taken off makes no difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import by_name, propose
from bot.errors import InvalidInput
from crm_bridge import WriteRefused
from intents import Intent
from tests.actions.conftest import CATALOG, Office, a_case
from tests.actions.test_forms import filled

QUOTE = by_name("quote.draft")
STEPS = [[10, "5"], [30, "8"], [50, "12"]]
SHOWN: dict[str, Any] = {
    "title": "X200报价",
    "lines": [{"product": "X200", "quantity": 20, "unit_price": "18800", "discount_percent": "5"}],
    "prices": {
        "X200": {"list_price": "18800", "discounts": STEPS},
        "P60": {"list_price": "9600", "discounts": STEPS},
        "禾云标准版": {"list_price": "1200", "discounts": []},
    },
}


def typed(**changes: str) -> dict[str, Any]:
    return QUOTE.parse(filled(QUOTE.form(SHOWN), **changes), SHOWN)


@pytest.mark.parametrize(
    "changes",
    [
        {"discount_percent_1": "6"},
        {"unit_price_1": "17000", "discount_percent_1": "0"},
        {"unit_price_1": "18000"},
        {"quantity_1": "9"},
        {"quantity_1": "9", "discount_percent_1": "0.01"},
    ],
)
def test_more_than_a_rep_may_grant_is_the_managers(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="X200 按这个数量最多可优惠 .*更多的优惠要主管批准"):
        typed(**changes)


def test_the_refusal_says_what_is_allowed_and_what_it_is_now() -> None:
    with pytest.raises(InvalidInput) as refusal:
        typed(unit_price_1="16000", discount_percent_1="0")
    assert "最多可优惠 5%(每件不低于 ¥17,860),现在等于优惠 14.9%" in str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"discount_percent_1": "3"},
        {"unit_price_1": "17860", "discount_percent_1": "0"},
        {"quantity_1": "50", "discount_percent_1": "12"},
        {"product_2": "P60", "quantity_2": "30", "discount_percent_1": "12", "discount_percent_2": "12"},
    ],
)
def test_what_the_quantity_of_the_order_earns_is_granted(changes: dict[str, str]) -> None:
    assert typed(**changes)["lines"][0]["product"] == "X200"


def test_an_added_line_fills_price_and_discount_from_the_list() -> None:
    lines = typed(product_2="P60", quantity_2="10")["lines"]
    assert lines[1] == {"product": "P60", "quantity": 10, "unit_price": "9600", "discount_percent": "8"}


def test_licences_earn_nothing_and_count_for_nothing() -> None:
    with pytest.raises(InvalidInput, match="禾云标准版 按这个数量最多可优惠 0%"):
        typed(product_1="禾云标准版", quantity_1="500", unit_price_1="1200", discount_percent_1="5")
    with pytest.raises(InvalidInput, match="X200 按这个数量最多可优惠 5%"):
        typed(product_2="禾云标准版", quantity_2="500", discount_percent_1="12")


def test_a_form_brings_no_price_list_of_its_own() -> None:
    form = filled(QUOTE.form(SHOWN), discount_percent_1="40", prices="{}")
    with pytest.raises(InvalidInput, match="主管批准"):
        QUOTE.parse(form, SHOWN)
    with pytest.raises(InvalidInput, match="X200 不在价目表里,优惠要主管批准"):
        QUOTE.parse(form)


async def test_a_confirmed_quote_beyond_authority_is_not_written(office: Office) -> None:
    line = SHOWN["lines"][0] | {"discount_percent": "30"}
    with pytest.raises(WriteRefused, match="更多的优惠要主管批准"):
        await QUOTE.carry_out(SHOWN | {"lines": [line]}, await office.site())
    assert (await office.account()).of("quote") == ()


async def test_the_form_offers_the_price_list(office: Office) -> None:
    [quote, _] = propose(
        Intent("quote_request"), a_case("50台什么价", "quote_request", await office.account("苏州精模"))
    )
    form = {field.name: field for field in QUOTE.form(quote.params)}
    assert form["product_1"].required
    assert form["quantity_1"].value == "50"
    assert ("X200", "X200 ¥18,800") in form["product_1"].choices
    done = QUOTE.parse(filled(QUOTE.form(quote.params), product_1="P60"), quote.params)
    assert done["lines"] == [
        {"product": "P60", "quantity": 50, "unit_price": "9600", "discount_percent": "12"}
    ]


@given(
    product=st.sampled_from(sorted(CATALOG)),
    quantity=st.integers(1, 500),
    off=st.decimals(0, 99, places=2),
)
def test_no_line_gets_more_off_than_its_quantity_earns(product: str, quantity: int, off: Any) -> None:
    item = CATALOG[product]
    prices = {
        product: {
            "list_price": str(item.list_price),
            "discounts": [[least, str(most)] for least, most in item.discounts],
        }
    }
    line = {
        "product": product,
        "quantity": quantity,
        "unit_price": str(item.list_price),
        "discount_percent": str(off),
    }
    params = {"title": "报价", "lines": [line], "prices": prices}
    if off <= item.allowed(quantity):
        assert QUOTE.Params.model_validate(params).plain()["lines"][0]["quantity"] == quantity
    else:
        with pytest.raises(ValueError, match="要主管批准"):
            QUOTE.Params.model_validate(params)
