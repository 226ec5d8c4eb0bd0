"""How a system wants times and amounts written, as `options` of its mapping says."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from crm_bridge.adapters.rest.endpoints import RestOptions
from crm_bridge.adapters.tryton.rpc import spell


def spelled(value: Any, options: RestOptions, zone: tzinfo) -> Any:
    """With everything inside it. `zone` is the system's own."""
    if options.instants == "typed" and isinstance(value, Decimal | date):
        return spell(value)
    match value:
        case dict():
            return {name: spelled(one, options, zone) for name, one in value.items()}
        case list() | tuple():
            return [spelled(one, options, zone) for one in value]
        case Decimal():
            return format(value, "f") if options.amounts == "text" else _number(value)
        case datetime():
            return _instant(value, options, zone)
        case date():
            return value.isoformat()
        case _:
            return value


def _instant(at: datetime, options: RestOptions, zone: tzinfo) -> str | int:
    match options.instants:
        case "epoch_ms":
            return int(at.timestamp() * 1000)
        case "epoch_s":
            return int(at.timestamp())
        case "local":
            return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        case _:
            return at.astimezone(UTC).isoformat()


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
