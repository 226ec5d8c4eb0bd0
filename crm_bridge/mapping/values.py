"""Canonical values → what is written into a source record, with the write key in it."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from typing import Any

from crm_bridge.mapping.convert import is_nothing, write_value
from crm_bridge.mapping.model import Mapping, ObjectMap
from crm_bridge.model import WriteKey

_KEY = re.compile(r"\[依据 ([^\]\s]+)\]")


def source_values(
    mapping: Mapping,
    kind: str,
    values: Dict[str, Any],
    *,
    account: Any = None,
    key: WriteKey | None = None,
) -> dict[str, Any]:
    """The fields of a new record, or those that change. Dots in a place make nested objects.

    What the mapping has no place for goes into the record's text field, so that nothing a rep confirmed is lost;
    where there is no such field it is left out. Raises `WriteRefused`.
    """
    mapped = mapping.of(kind)
    assert mapped is not None
    made: dict[str, Any] = {}
    homeless: list[str] = []
    if account is not None:
        for place, fixed in mapped.fixed.items():
            put(made, place, fixed)
        if mapped.account:
            put(made, mapped.options.get("account_write", mapped.account), account)
    for name, value in values.items():
        how = mapped.fields.get(name)
        if how is not None and how.place:
            put(made, how.place, write_value(value, how, mapping))
        elif name == "lines" and mapped.lines is not None:
            put(made, mapped.lines.source, [_line(mapping, mapped, line) for line in value])
        elif not is_nothing(value):
            homeless.append(f"{mapping.label(kind, name)}:{_words(value)}")
    if homeless and mapped.remainder and account is not None:
        _append(made, mapped.remainder, "\n".join(homeless))
    if key is not None and mapped.key:
        if mapped.key_within:
            _append(made, mapped.key_field, key_words(key))
        else:
            put(made, mapped.key_field, str(key))
    return {name: value for name, value in made.items() if value is not None}


def line_of(text: Any, label: str) -> str | None:
    """What an appended line says: 产品:X200 → X200. The last one, should several begin so."""
    found = re.findall(rf"(?m)^{re.escape(label)}[::]\s*(.+?)\s*$", str(text or ""))
    return str(found[-1]) if found else None


def key_words(key: WriteKey) -> str:
    """How a key stands inside a text that people read."""
    return f"[依据 {key}]"


def key_in(text: Any, key: WriteKey) -> bool:
    """Whether a text carries exactly this key: d-1 is not in a text that carries d-12."""
    return str(key) in _KEY.findall(str(text or ""))


def without_key(text: Any) -> str:
    """What people wrote, without our key behind it."""
    return _KEY.sub("", str(text or "")).rstrip()


def put(made: dict[str, Any], place: str, value: Any) -> None:
    head, _, rest = place.partition(".")
    if rest:
        put(made.setdefault(head, {}), rest, value)
    else:
        made[head] = value


def _append(made: dict[str, Any], place: str, words: str) -> None:
    before = made.get(place)
    made[place] = f"{before}\n{words}" if before else words


def _line(mapping: Mapping, mapped: ObjectMap, line: Dict[str, Any]) -> dict[str, Any]:
    assert mapped.lines is not None
    made: dict[str, Any] = {}
    for place, fixed in mapped.lines.fixed.items():
        put(made, place, fixed)
    for name, how in mapped.lines.fields.items():
        if how.place and not is_nothing(line.get(name)):
            put(made, how.place, write_value(line[name], how, mapping))
    return made


def _words(value: Any) -> str:
    return "、".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
