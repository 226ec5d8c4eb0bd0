"""The catalogue is read from the form that a company writes, and says what a rep may grant."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.actions import load_catalog
from bot.errors import InvalidInput
from tests.actions.conftest import CATALOG


def test_the_demo_catalogue_has_prices_and_steps() -> None:
    item = CATALOG["X200"]
    assert (item.list_price, item.lead_days, item.warranty_months) == (Decimal(18800), 15, 24)
    assert item.discounts == ((1, Decimal(0)), (10, Decimal(5)), (30, Decimal(8)), (50, Decimal(12)))


@pytest.mark.parametrize(
    ("count", "percent"), [(1, 0), (9, 0), (10, 5), (29, 5), (30, 8), (50, 12), (5000, 12)]
)
def test_a_quantity_earns_the_highest_step_it_reaches(count: int, percent: int) -> None:
    assert CATALOG["X200"].allowed(count) == percent


def test_what_is_sold_by_the_account_earns_no_hardware_discount() -> None:
    assert CATALOG["禾云专业版"].allowed(1000) == 0


def test_a_product_may_have_steps_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(
        "products:\n- {model: A1, list_price: 10.5, unit: 账号·年, discounts: [{from_quantity: 5, percent: 2.5}]}\n",
        encoding="utf-8",
    )
    item = load_catalog(file)["A1"]
    assert (item.list_price, item.allowed(4), item.allowed(5)) == (Decimal("10.5"), 0, Decimal("2.5"))


@pytest.mark.parametrize(
    "text",
    [
        "products: [{model: A1}]",
        "products: [{model: A1, list_price: -1}]",
        "- nothing",
        "products: [",
        "discounts: []",
    ],
)
def test_a_catalogue_that_does_not_fit_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match="catalog.yaml"):
        load_catalog(file)
    with pytest.raises(InvalidInput, match="missing.yaml"):
        load_catalog(tmp_path / "missing.yaml")
