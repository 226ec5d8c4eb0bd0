"""The six short rows of a card: what would be written, what was, what is not known, where reasons can be opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.card import Card, CardAction
from bot.channels.wecom import labels
from bot.channels.wecom.fit import Fit, usable

MOST, NAME, VALUE = 6, 5, 30
ROOMY = 4
"""Rows that the fields of actions may take, one each; where they are more, an action is squeezed into one."""
Row = tuple[str, str, str]
"""Name, value and the address it opens (or nothing)."""


@dataclass(frozen=True)
class Rows:
    wanted: tuple[Row, ...]
    lost: bool
    """Whether something of the card stands nowhere on it."""

    def shown(self, url: str, without_page: str) -> list[dict[str, Any]]:
        """The rows as WeCom takes them; where something was lost, the last one says so and opens the page."""
        if not self.lost:
            return [_drawn(*row) for row in self.wanted]
        more = (labels.MORE, labels.OPEN_ALL if url else without_page, url)
        return [_drawn(*row) for row in (*self.wanted[: MOST - 1], more)]


def rows(card: Card, fit: Fit) -> Rows:
    """`fit` brings what was lost before, and cuts what is too long here."""
    listed = [
        (fit.line(name, NAME), fit.line(value, VALUE), url)
        for name, value, url in _all(card)
        if name.strip() and value.strip()
    ]
    return Rows(tuple(listed), fit.lost or len(listed) > MOST)


def _all(card: Card) -> Iterator[Row]:
    for receipt in card.receipts:
        yield labels.RECEIPT, receipt, ""
    yield from _actions(card)
    if card.unknowns:
        yield labels.UNKNOWN, "；".join(card.unknowns), ""
    for reason in card.reasons:
        if usable(reason.url):
            yield labels.PASSAGE, reason.source or reason.text, usable(reason.url)


def _actions(card: Card) -> Iterator[Row]:
    roomy = sum(1 + len(action.fields) for action in card.actions) <= ROOMY
    for action in card.actions:
        if roomy:
            yield labels.ACTION, action.label, ""
            yield from ((name, value, "") for name, value in action.fields)
        else:
            yield labels.ACTION, _squeezed(action), ""


def _squeezed(action: CardAction) -> str:
    fields = "；".join(f"{name} {value}" for name, value in action.fields)
    return f"{action.label}：{fields}" if fields else action.label


def _drawn(name: str, value: str, url: str) -> dict[str, Any]:
    row = {"keyname": name, "value": value}
    return {"type": 1, **row, "url": url} if url else row
