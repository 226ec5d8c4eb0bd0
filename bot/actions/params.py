"""Parameters of an action: a pydantic model whose field titles are what a rep reads, and its form in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from bot.actions import shown
from bot.errors import InvalidInput

HIDDEN = "hidden"
INPUTS = {"names": "text", "full_date": "date"}
"""Kinds that are read their own way and typed like another."""
_ELLIPSIS: Any = ...
Choices = tuple[tuple[str, str], ...]


def _local(value: datetime) -> datetime:
    """Times without a zone were typed by somebody here."""
    return value.replace(tzinfo=shown.SHANGHAI) if value.tzinfo is None else value.astimezone(shown.SHANGHAI)


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Story = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Moment = Annotated[datetime, AfterValidator(_local)]


class ActionParams(BaseModel):
    """Base of all parameters. What is stored is `plain()`: strings, numbers, lists and mappings only."""

    model_config = ConfigDict(extra="forbid")

    def plain(self) -> dict[str, Any]:
        found = self.model_dump(mode="json", exclude_none=True)
        return {name: value for name, value in found.items() if value not in ("", [], {})}


@dataclass(frozen=True)
class FormField:
    """One input of the decision page. `kind`: text, number, money, date, datetime, choice or textarea."""

    name: str
    label: str
    kind: str
    value: str = ""
    choices: Choices = ()
    """(value, what is read) pairs of a choice."""
    required: bool = False


@dataclass(frozen=True)
class Ask:
    """A field as it is declared: its kind in forms (`names` is a text of several), and what may be chosen."""

    name: str
    label: str
    kind: str
    choices: Choices
    required: bool


def ask(
    title: str, kind: str = "text", default: Any = _ELLIPSIS, choices: Choices = (), **limits: Any
) -> Any:
    """Declare a field that a rep sees. Without a default it is required."""
    return Field(
        default,
        title=title,
        json_schema_extra={"kind": kind, "choices": [list(one) for one in choices]},
        **limits,
    )


def carried(title: str, default: Any = None, **more: Any) -> Any:
    """Declare a field that travels with the proposal (a price list, a choice of records) and no form can change."""
    return Field(default, title=title, json_schema_extra={"kind": HIDDEN}, **more)


def asks(model: type[BaseModel]) -> Iterator[Ask]:
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        declared: dict[str, Any] = dict(extra) if isinstance(extra, dict) else {}
        choices = tuple((str(value), str(label)) for value, label in declared.get("choices", ()))
        yield Ask(name, field.title or name, str(declared.get("kind", "text")), choices, field.is_required())


def visible(model: type[BaseModel]) -> Iterator[Ask]:
    return (one for one in asks(model) if one.kind != HIDDEN)


def hidden(model: type[BaseModel], params: Mapping[str, Any]) -> dict[str, Any]:
    return {one.name: params[one.name] for one in asks(model) if one.kind == HIDDEN and one.name in params}


def missing(model: type[BaseModel], params: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        one.label for one in asks(model) if one.required and params.get(one.name) in (None, "", [], {})
    )


def validate(model: type[ActionParams], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Raises `InvalidInput`, in a rep's words, field by field."""
    try:
        return model.model_validate(dict(raw)).plain()
    except ValidationError as error:
        raise InvalidInput(why(model, error)) from error


def unfit(model: type[BaseModel], params: Mapping[str, Any]) -> tuple[str, ...]:
    """Labels of the fields whose values are not usable as they stand."""
    try:
        model.model_validate(dict(params))
    except ValidationError as error:
        labels = {one.name: one.label for one in asks(model)}
        found = [str(one["loc"][0]) if one["loc"] else "" for one in error.errors()]
        return tuple(dict.fromkeys(labels.get(name, next(iter(labels.values()))) for name in found))
    return ()


def why(model: type[BaseModel], error: ValidationError) -> str:
    labels = {one.name: one for one in asks(model)}
    return ";".join(dict.fromkeys(_sentence(labels, one) for one in error.errors()))


def _sentence(labels: Mapping[str, Ask], error: ErrorDetails) -> str:
    name, *inside = [str(part) for part in error["loc"]] or [""]
    field = labels.get(name)
    label = _place(field, inside) if field else name
    if error["type"] == "value_error":
        words = str(error["ctx"]["error"])
        return f"{label}:{words}" if label else words
    if field and field.choices and not inside:
        return f"{label}:请选 {'、'.join(read for _, read in field.choices)}"
    return f"{label}:{_explained(error)}"


def _place(field: Ask, inside: list[str]) -> str:
    """第 1 行 数量 for a value inside a list of lines."""
    if len(inside) < 2 or inside[1] not in dict(field.choices):
        return field.label
    return f"第 {int(inside[0]) + 1} 行 {dict(field.choices)[inside[1]]}"


def _explained(error: ErrorDetails) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "missing" | "string_too_short" | "too_short" | "none_required":
            return "请填写"
        case "string_too_long" | "too_long":
            return f"太长了,最多 {limits['max_length']} 字"
        case "greater_than":
            return f"要大于 {limits['gt']}"
        case "greater_than_equal":
            return f"不能小于 {limits['ge']}"
        case "less_than":
            return f"要小于 {limits['lt']}"
        case "less_than_equal":
            return f"不能大于 {limits['le']}"
        case "extra_forbidden":
            return "没有这一项"
        case kind if kind.startswith(("int_", "decimal_")):
            return f"“{error['input']}”不是可用的数字"
        case kind if kind.startswith("date"):
            return f"“{error['input']}”不是日期或时间,例如 2026-12-01 14:00"
        case _:
            return f"“{error['input']}”不能用"
