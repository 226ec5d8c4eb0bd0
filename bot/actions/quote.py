"""Quote drafts: lines at list price less what the quantity earns. More than that is a manager's to grant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.actions import deals, said, shown
from bot.actions.catalog import CatalogItem, allowed
from bot.actions.model import Action, Case, Sketch
from bot.actions.params import ActionParams, FormField, Words, ask, carried, hidden, validate
from bot.decision import Proposal
from bot.errors import InvalidInput

VALID_FOR = timedelta(days=30)
MOST_LINES = 20
MOST_PRICES = 60
_CENT = Decimal("0.01")
_COLUMNS = (
    ("product", "产品", "text"), ("quantity", "数量", "number"), ("unit_price", "单价", "money"), ("discount_percent", "优惠(%)", "number"),
)  # fmt: skip

_LABELS = tuple((name, label) for name, label, _ in _COLUMNS)


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    product: Words = Field(title="产品")
    quantity: int = Field(title="数量", gt=0, le=1_000_000)
    unit_price: Decimal = Field(title="单价", ge=0, max_digits=14, decimal_places=2)
    discount_percent: Decimal = Field(Decimal(0), title="优惠(%)", ge=0, lt=100)

    @property
    def offered(self) -> Decimal:
        return self.unit_price * (100 - self.discount_percent) / 100

    @property
    def amount(self) -> Decimal:
        return (self.quantity * self.offered).quantize(_CENT)


class Price(BaseModel):
    """A product's terms as they stood when the quote was proposed."""

    model_config = ConfigDict(extra="forbid")
    list_price: Decimal
    discounts: tuple[tuple[int, Decimal], ...] = ()


class QuoteParams(ActionParams):
    title: Words = ask("报价单名称")
    lines: list[Line] = ask("产品明细", "lines", choices=_LABELS, min_length=1, max_length=MOST_LINES)
    valid_until: date | None = ask("有效期至", "date", None)
    prices: dict[str, Price] = carried("价目", {})
    """The price list it was drawn from; a decision replayed later finds the same."""

    @model_validator(mode="after")
    def _within_authority(self) -> QuoteParams:
        for number, line in enumerate(self.lines, 1):
            if excess := self._excess(line):
                raise ValueError(f"第 {number} 行 {excess}")
        return self

    def _excess(self, line: Line) -> str | None:
        price = self.prices.get(line.product)
        if price is None:
            return f"{line.product} 不在价目表里,优惠要主管批准" if line.discount_percent else None
        grant = self.grant(line.product)
        floor = (price.list_price * (100 - grant) / 100).quantize(_CENT, ROUND_DOWN)
        if line.offered >= floor:
            return None
        off = (100 - line.offered * 100 / price.list_price).quantize(Decimal("0.1"))
        most = f"最多可优惠 {shown.percent(grant)}(每件不低于 {shown.money(floor)})"
        return f"{line.product} 按这个数量{most},现在等于优惠 {shown.percent(off)};更多的优惠要主管批准"

    def grant(self, product: str) -> Decimal:
        """Steps go by the quantity of one order, over all products that have steps."""
        stepped = [
            line.quantity
            for line in self.lines
            if (price := self.prices.get(line.product)) and price.discounts
        ]
        price = self.prices.get(product)
        return allowed(price.discounts, sum(stepped)) if price else Decimal(0)


class DraftQuote(Action):
    kind = "quote.draft"
    label = "报价单草稿"
    Params = QuoteParams

    def fill(self, case: Case, so_far: tuple[Proposal, ...]) -> Sketch | None:
        wants = deals.wanted_or_known(case)
        if len(wants) == 1 and wants[0].quantity is None:
            wants = (said.Wanted(wants[0].product, said.quantity(case)),)
        total = sum(
            one.quantity or 0
            for one in wants
            if one.product in case.catalog and case.catalog[one.product].discounts
        )
        lines = [
            _line(one.product, one.quantity, case.catalog.get(one.product), total)
            for one in wants[:MOST_LINES]
        ]
        count = said.quantity(case)
        return {
            "title": f"{case.known.short_name} {'、'.join(one.product for one in wants)[:80]}报价".replace(
                " 报价", "报价"
            ),
            "lines": lines or ([{"quantity": count}] if count else []),
            "valid_until": (case.today + VALID_FOR).isoformat(),
            "prices": _price_list(case, [one.product for one in wants]),
        }

    def missing(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        lines = params.get("lines") or [{}]
        lacking = [
            label for name, label, _ in _COLUMNS[:2] if any(line.get(name) in (None, "") for line in lines)
        ]
        if any(line.get("product") and not line.get("unit_price") for line in lines):
            lacking.append("单价")
        return (*super().missing({**params, "lines": lines}), *lacking)

    def describe(self, params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        lines = [line for line in params.get("lines", ()) if line]
        shown_lines = [(str(line.get("product", "产品未定")), _reads(line)) for line in lines]
        if lines and not self.missing(params):
            total = sum((Line.model_validate(line).amount for line in lines), Decimal(0))
            shown_lines.append(("合计", shown.money(total)))
        until = params.get("valid_until")
        return (*shown_lines, *((("有效期至", shown.day(until)),) if until else ()))

    def form(self, params: Mapping[str, Any]) -> tuple[FormField, ...]:
        """Four inputs a line, and an empty line more. A line without a product is left out."""
        lines = [*params.get("lines", ()), {}][:MOST_LINES]
        prices = tuple(
            (name, f"{name} {shown.money(price['list_price'])}")
            for name, price in params.get("prices", {}).items()
        )
        title, until = (
            next(one for one in super(DraftQuote, self).form(params) if one.name == name)
            for name in ("title", "valid_until")
        )
        inputs = [
            one for number, line in enumerate(lines, 1) for one in _inputs(number, line, prices, number == 1)
        ]
        return (title, *inputs, until)

    def parse(self, form: Mapping[str, str], shown_params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        kept = hidden(QuoteParams, shown_params or {})
        raw: dict[str, Any] = {"lines": list(_typed_lines(form)), **kept}
        if not raw["lines"]:
            raise InvalidInput("产品明细:至少要有一行产品")
        for name in ("title", "valid_until"):
            if words := form.get(name, "").strip():
                raw[name] = words
        _complete(raw["lines"], kept.get("prices", {}))
        return validate(QuoteParams, raw)


def _line(product: str, quantity: int | None, item: CatalogItem | None, total: int) -> dict[str, Any]:
    line: dict[str, Any] = {"product": product}
    if quantity:
        line["quantity"] = quantity
    if item:
        percent = item.allowed(total) if quantity else Decimal(0)
        line |= {"unit_price": str(item.list_price), "discount_percent": shown.plain(percent)}
    return line


def _price_list(case: Case, first: list[str]) -> dict[str, Any]:
    names = [*dict.fromkeys([*(name for name in first if name in case.catalog), *case.catalog])][:MOST_PRICES]
    items = [case.catalog[name] for name in names]
    return {
        item.name: {
            "list_price": str(item.list_price),
            "discounts": [[least, str(percent)] for least, percent in item.discounts],
        }
        for item in items
    }


def _reads(line: Mapping[str, Any]) -> str:
    count = str(line["quantity"]) if line.get("quantity") else "数量未定"
    price = f" × {shown.money(line['unit_price'])}" if line.get("unit_price") else ""
    off = Decimal(str(line.get("discount_percent") or 0))
    return f"{count}{price}" + (f",优惠 {shown.percent(off)}" if off else "")


def _inputs(
    number: int, line: Mapping[str, Any], prices: tuple[tuple[str, str], ...], required: bool
) -> Iterator[FormField]:
    known = prices
    if (product := line.get("product")) and prices and product not in dict(prices):
        known = (*prices, (str(product), str(product)))
    for name, label, kind in _COLUMNS:
        choose = name == "product" and bool(prices)
        needed = required and name in {"product", "quantity"}
        value = shown.typed(kind, line.get(name))
        yield FormField(
            f"{name}_{number}",
            f"第 {number} 行 {label}",
            "choice" if choose else kind,
            value,
            known if choose else (),
            needed,
        )


def _typed_lines(form: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for number in range(1, MOST_LINES + 1):
        read = {name: shown.read(kind, form.get(f"{name}_{number}", "")) for name, _, kind in _COLUMNS}
        if read["product"]:
            yield {name: value for name, value in read.items() if value is not None}


def _complete(lines: list[dict[str, Any]], prices: Mapping[str, Any]) -> None:
    """An empty price is the list price, an empty discount what the quantity earns."""
    stepped = [line for line in lines if prices.get(line["product"], {}).get("discounts")]
    total = sum(int(line["quantity"]) for line in stepped if str(line.get("quantity", "")).isdecimal())
    for line in lines:
        if price := prices.get(line["product"]):
            line.setdefault("unit_price", price["list_price"])
            steps = tuple((least, Decimal(percent)) for least, percent in price["discounts"])
            line.setdefault("discount_percent", shown.plain(allowed(steps, total)))
