"""One value between the source's form and ours."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from crm_bridge.errors import WriteRefused
from crm_bridge.mapping.model import FieldMap, Mapping
from crm_bridge.mapping.times import instant

SHANGHAI = ZoneInfo("Asia/Shanghai")
_NOTHING: tuple[Any, ...] = (None, "", [], ())
_NO = frozenset({"", "0", "false", "no", "n", "否", "b"})


class Unreadable(ValueError):
    """The source holds something that is not what the mapping says."""


def read_value(raw: Any, how: FieldMap, mapping: Mapping) -> Any:
    """Raises `Unreadable`. None where the source has nothing and there is no default."""
    if isinstance(raw, list | tuple) and how.type != "names":
        raw = _first(raw, how)
    if isinstance(raw, bool) and not raw and how.type != "boolean":
        raw = None  # some systems write nothing as false
    if raw in _NOTHING:
        return how.default
    try:
        return _read(raw, how, mapping)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise Unreadable(f"{how.source}: {raw!r} is no {how.type}") from error


def _read(raw: Any, how: FieldMap, mapping: Mapping) -> Any:
    match how.type:
        case "integer":
            return int(_scaled(raw, how))
        case "days":
            return _days(raw)
        case "decimal" | "money":
            return _scaled(raw, how)
        case "date":
            return _day(raw, mapping)
        case "datetime":
            return instant(raw, mapping.time)
        case "boolean":
            return raw if isinstance(raw, bool) else str(raw).strip().lower() not in _NO
        case "enum":
            return how.map.get(str(raw), str(raw))
        case "names":
            many = raw if isinstance(raw, list | tuple) else re.split(r"[,;，、；]", str(raw))
            return [str(one).strip() for one in many if str(one).strip()]
        case "owner":
            return mapping.owners.ours(raw)
        case _:
            return str(raw).strip()


def write_value(value: Any, how: FieldMap, mapping: Mapping) -> Any:
    """Ours in the source's form; dates and amounts stay typed for the adapter to spell. Raises `WriteRefused`."""
    if value in _NOTHING:
        return None
    match how.type:
        case "enum":
            theirs = next((one for one, ours in how.map.items() if ours == str(value)), None)
            if theirs is None:
                raise WriteRefused(
                    f"{mapping.name} 里没有“{value}”;可选:{'、'.join(dict.fromkeys(how.map.values()))}"
                )
            return theirs
        case "owner":
            theirs = mapping.owners.theirs(str(value))
            if theirs is None:
                raise WriteRefused(f"{mapping.name} 里没有与“{value}”对应的用户;请管理员补上对应关系")
            return theirs
        case "integer" | "days":
            return int(Decimal(str(value)) / how.scale)
        case "decimal" | "money":
            return Decimal(str(value)) / how.scale
        case "date":
            return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
        case "datetime":
            return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        case _:
            return value


def shown(value: Any, how: FieldMap) -> str:
    """For a card."""
    if value in _NOTHING:
        return "未填"
    if how.type == "money":
        return f"¥{value:,.2f}"
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        return "、".join(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        value = format(value.normalize(), "f")
    return f"{value} {how.unit}".strip()


def plain(value: Any) -> Any:
    """As a field's value: what JSON can hold."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _scaled(raw: Any, how: FieldMap) -> Decimal:
    amount = Decimal(str(raw).replace(",", "")) * how.scale
    if not amount.is_finite():
        raise InvalidOperation
    return amount


def _days(raw: Any) -> int:
    """月结60天 is 60."""
    found = re.search(r"\d+", str(raw))
    if found is None:
        raise ValueError("no number")
    return int(found[0])


def _day(raw: Any, mapping: Mapping) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    text = str(raw)
    if isinstance(raw, datetime) or text.isdecimal() or "T" in text and not text.endswith("T00:00:00"):
        return (
            instant(raw, mapping.time)
            .astimezone(mapping.time.tz if mapping.time.zone != "UTC" else SHANGHAI)
            .date()
        )
    return date.fromisoformat(text[:10])


def _first(many: Any, how: FieldMap) -> Any:
    """Of several values the first that the enum knows, otherwise the first."""
    known = [one for one in many if str(one) in how.map]
    return next(iter(known or many), None)


def is_nothing(value: Any) -> bool:
    return value in _NOTHING
