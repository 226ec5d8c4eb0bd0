"""Parameters of a write as a customer system needs them: typed, or refused in a rep's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from crm_bridge.errors import OutsideContract, WriteRefused
from crm_bridge.vocabulary import LONGEST_TERM, STAGES, TIERS, WRITABLE

SHANGHAI = ZoneInfo("Asia/Shanghai")
Params = Mapping[str, Any]


def text(params: Params, name: str, label: str, longest: int = 500) -> str:
    value = str(params.get(name) or "").strip()
    if not value:
        raise WriteRefused(f"缺少{label}")
    return value[:longest]


def whole(params: Params, name: str) -> int | None:
    value = params.get(name)
    if value in (None, ""):
        return None
    try:
        number = int(str(value))
    except ValueError as error:
        raise WriteRefused(f"“{value}”不是整数") from error
    if number < 0:
        raise WriteRefused(f"数量不能是负数:{number}")
    return number


def money(params: Params, name: str) -> Decimal | None:
    value = params.get(name)
    return None if value in (None, "") else decimal(value)


def decimal(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise WriteRefused(f"“{value}”不是金额") from error
    if not amount.is_finite() or amount < 0:
        raise WriteRefused(f"金额不对:{value}")
    return amount


def day(params: Params, name: str) -> date | None:
    value = params.get(name)
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise WriteRefused(f"“{value}”不是日期,要写成 2026-12-31 这样") from error


def moment(params: Params, name: str, label: str) -> datetime:
    value = str(params.get(name) or "")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise WriteRefused(f"缺少{label}" if not value else f"{label}“{value}”不是时间") from error
    if moment.tzinfo is None:
        raise WriteRefused(f"{label}没有时区")
    return moment.astimezone(UTC)


def local(at: datetime) -> str:
    there = at.astimezone(SHANGHAI)
    return f"{there.month}月{there.day}日 {there:%H:%M}"


def line(line: Mapping[str, Any]) -> dict[str, str]:
    quantity, price = decimal(line.get("quantity") or 0), decimal(line.get("unit_price") or 0)
    discount = decimal(line.get("discount_percent") or 0)
    if quantity <= 0 or not line.get("product"):
        raise WriteRefused("报价行要有产品和大于 0 的数量")
    if discount >= 100:
        raise WriteRefused(f"折扣 {discount}% 太大")
    amount = (quantity * price * (100 - discount) / 100).quantize(Decimal("0.01"))
    return {
        "product": str(line["product"]),
        "quantity": format(quantity, "f"),
        "unit_price": format(price, "f"),
        "discount_percent": format(discount, "f"),
        "amount": format(amount, "f"),
    }


def stage(params: Params, name: str, otherwise: str = "") -> str:
    value = str(params.get(name) or otherwise)
    if value not in STAGES:
        raise WriteRefused(f"没有“{value}”这个阶段;可选:{'、'.join(STAGES)}")
    return value


def writable(params: Params) -> tuple[str, str | int]:
    """The field of the account that is to change, and its new value."""
    name = str(params.get("field") or "")
    if name not in WRITABLE:
        raise OutsideContract(f"字段“{name}”不允许在这里修改;可改:{'、'.join(WRITABLE.values())}")
    if name == "payment_days":
        days = whole(params, "value")
        if days is None or days > LONGEST_TERM:
            raise WriteRefused(
                f"账期要写成 0 到 {LONGEST_TERM} 之间的天数,现在是“{params.get('value') or '空'}”"
            )
        return name, days
    value = str(params.get("value") or "").strip()
    if name == "tier" and value not in TIERS:
        raise WriteRefused(f"没有“{value}”这个客户等级;可选:{'、'.join(TIERS)}")
    return name, value[:500]
