"""Just enough SOQL for a strict fake: what is not understood is MALFORMED_QUERY, what is not known INVALID_FIELD."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
_QUERY = re.compile(
    r"SELECT (?P<fields>[\w., ]+) FROM (?P<of>\w+)(?: WHERE (?P<where>.+?))?(?: ORDER BY (?P<order>[\w., ]+?))?"
    r"(?: LIMIT (?P<limit>\d+))?$"
)
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<word>AND|OR|IN)\b|(?P<op>>=|<=|!=|=|>|<)|(?P<comma>,)"
    r"|(?P<text>'(?:[^'\\]|\\.)*')|(?P<bare>[\w.:+-]+))"
)


class Malformed(Exception):
    """MALFORMED_QUERY."""


@dataclass(frozen=True)
class Query:
    fields: tuple[str, ...]
    of: str
    where: Callable[[Callable[[str], Any]], bool]
    filtered: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    limit: int | None


def parsed(text: str) -> Query:
    found = _QUERY.match(text)
    if found is None:
        raise Malformed(f"unexpected token: {text[:80]}")
    fields = tuple(one.strip() for one in found["fields"].split(","))
    order = []
    for one in (found["order"] or "").split(","):
        name, _, way = one.strip().partition(" ")
        if name:
            order.append((name, way.upper() == "DESC"))
    reader = _Reader(found["where"] or "")
    where = reader.all() if found["where"] else lambda value: True
    return Query(
        fields,
        found["of"],
        where,
        tuple(reader.filtered),
        tuple(order),
        int(found["limit"]) if found["limit"] else None,
    )


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKEN.match(text, at)
            if found is None:
                raise Malformed(f"unexpected character at {at} of {text}")
            kind = str(found.lastgroup)
            self.tokens.append((kind, found[kind]))
            at = found.end()
        self.filtered: list[str] = []

    def all(self) -> Callable[[Callable[[str], Any]], bool]:
        whole = self._either()
        if self.tokens:
            raise Malformed(f"unexpected token: {self.tokens[0][1]}")
        return whole

    def _either(self) -> Any:
        parts, word = [self._one()], ""
        while self.tokens and self.tokens[0][0] == "word":
            _, said = self.tokens.pop(0)
            if word and said != word:
                raise Malformed("AND and OR mixed without brackets")
            word = said
            parts.append(self._one())
        joined = any if word == "OR" else all
        return lambda value: joined(part(value) for part in parts)

    def _take(self, kind: str) -> str:
        if not self.tokens or self.tokens[0][0] != kind:
            raise Malformed(f"expected {kind}, found {self.tokens[:1]}")
        return self.tokens.pop(0)[1]

    def _one(self) -> Any:
        if self.tokens and self.tokens[0][0] == "open":
            self.tokens.pop(0)
            inside = self._either()
            self._take("close")
            return inside
        name = self._take("bare")
        self.filtered.append(name)
        if self.tokens and self.tokens[0] == ("word", "IN"):
            self.tokens.pop(0)
            self._take("open")
            wanted = [_literal(*self.tokens.pop(0))]
            while self.tokens and self.tokens[0][0] == "comma":
                self.tokens.pop(0)
                wanted.append(_literal(*self.tokens.pop(0)))
            self._take("close")
            return lambda value: value(name) in wanted
        operator, wanted_one = self._take("op"), _literal(*self.tokens.pop(0))
        return lambda value: _compare(value(name), operator, wanted_one)


def _literal(kind: str, text: str) -> Any:
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if kind == "bare" and text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    if kind == "bare" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        return text.replace("Z", ".000+0000")
    if kind == "bare" and re.fullmatch(r"\d{4}-\d\d-\d\d|-?\d+(\.\d+)?", text):
        return text
    raise Malformed(f"no value: {text}")


def _compare(found: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "=":
            return bool(found == wanted)
        case "!=":
            return bool(found != wanted)
        case _ if found is None or type(found) is not type(wanted):
            return False
        case ">=":
            return bool(found >= wanted)
        case "<=":
            return bool(found <= wanted)
        case ">":
            return bool(found > wanted)
        case _:
            return bool(found < wanted)
