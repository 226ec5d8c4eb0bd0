"""The company's products: list prices, and the discounts that a rep may grant by quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError

from bot.errors import InvalidInput

Discounts = tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True)
class CatalogItem:
    """One product. `discounts`: (from quantity, percent) steps that a rep may grant, smallest quantity first."""

    name: str
    line: str
    list_price: Decimal
    discounts: Discounts = ()
    lead_days: int | None = None
    warranty_months: int | None = None
    unit: str = ""

    def allowed(self, quantity: int) -> Decimal:
        """The percentage a rep may take off at that quantity."""
        return allowed(self.discounts, quantity)


def allowed(discounts: Discounts, quantity: int) -> Decimal:
    return max((percent for least, percent in discounts if quantity >= least), default=Decimal(0))


class _Step(BaseModel):
    from_quantity: int = Field(ge=1)
    percent: Decimal = Field(ge=0, lt=100)


class _Product(BaseModel):
    model: str = Field(min_length=1)
    line: str = ""
    list_price: Decimal = Field(ge=0)
    lead_days: int | None = Field(None, ge=0)
    warranty_months: int | None = Field(None, ge=0)
    unit: str = ""
    discounts: tuple[_Step, ...] | None = None


class _File(BaseModel):
    products: tuple[_Product, ...]
    discounts: tuple[_Step, ...] = ()


def load_catalog(path: Path) -> Mapping[str, CatalogItem]:
    """Read `products` and `discounts` of a YAML file, whatever else stands in it.

    The file's discounts hold for goods sold by the piece; a product with a `unit` (an account for a year) has none
    unless it lists its own. Raises `InvalidInput` naming what does not fit.
    """
    try:
        found = _File.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(f"the catalog {path} cannot be used: {error}") from error
    return {product.model: _item(product, found.discounts) for product in found.products}


def _item(product: _Product, common: tuple[_Step, ...]) -> CatalogItem:
    own = product.discounts if product.discounts is not None else (() if product.unit else common)
    steps = tuple(sorted((step.from_quantity, step.percent) for step in own))
    plain = product.model_dump(include={"line", "list_price", "lead_days", "warranty_months", "unit"})
    return CatalogItem(name=product.model, discounts=steps, **plain)
