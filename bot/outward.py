"""What leaves by files, interfaces and logs: numbers of people only for whom the field policy lets read them.

What a customer said stays as it was said on the card of their own rep (bot/cards.py): it came by that chat, and a number
in it is often why they wrote. Everywhere else it is masked like the same number out of the CRM.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.decision import Decision, ReasonKind
from intents import mask
from prompts import phrase

if TYPE_CHECKING:
    from crm_bridge.contracts import FieldPolicy

PLAIN = frozenset(
    ["id", "key", "turn", "decision", "conversation", "rep", "customer", "model", "index", "prompts", "content_hash", "instead_of", "hash", "previous", "event", "uid", "at", "seq", "who", "subject", "delivery"]
)  # fmt: skip
"""Names whose values are ids, hashes or fixed words, never what people said; masking could break them."""


_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:(?:\+|00)?86[ -]?)?(1[3-9]\d)\d{4}(\d{4})(?![0-9])")


def numberless(text: str) -> str:
    """`mask`, and every mobile number that stands alone: "row 13800138000" is a thing's to readers of chats, but what
    leaves the house is rather masked once too often."""
    return _MOBILE.sub(r"\1****\2", mask(text))


def outward(value: Any, policy: FieldPolicy, role: str, purpose: str) -> Any:
    """Plain data as this role may have it for this purpose."""
    return value if policy.allows(role, purpose, "contact.phone") else without_numbers(value)


def as_told(decision: Decision, policy: FieldPolicy, role: str, purpose: str) -> Decision:
    """Without the reasons, unknowns and warnings that tell what this role may not read for this purpose."""
    why, customer = decision.rationale, decision.customer

    def may(fields: Iterable[str]) -> bool:
        return all(policy.allows(role, purpose, one) for one in fields)

    def lines(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one for one in words if may(why.quotes.get(one, ())))

    reasons = (
        one for one in why.reasons if one.kind is not ReasonKind.CRM or may(_fields_of(one.ref, customer))
    )
    unknowns, warnings = lines(why.unknowns), lines(why.warnings)
    quotes = {one: fields for one, fields in why.quotes.items() if one in {*unknowns, *warnings}}
    told = replace(why, reasons=tuple(reasons), unknowns=unknowns, warnings=warnings, quotes=quotes)
    return replace(decision, rationale=told)


def without_hidden(told: Mapping[str, Any], may_read: Callable[[str], bool]) -> dict[str, Any]:
    """A decision as plain data, without what rests on passages that this reader may not see: neither the reasons that
    quote them nor the draft that was written from them. `may_read` is asked by passage id."""
    rationale, draft = told["rationale"], told["draft"]
    reasons = [
        one for one in rationale["reasons"] if one["kind"] != ReasonKind.PASSAGE or may_read(one["ref"])
    ]
    if len(reasons) == len(rationale["reasons"]):
        return dict(told)
    withheld = {"text": phrase("draft_withheld"), "removed": []} if draft["text"] else {}
    rationale = {**rationale, "reasons": reasons, "compared": ""}
    return {**told, "rationale": rationale, "draft": {**draft, **withheld}}


def _fields_of(ref: str, customer: str | None) -> tuple[str, ...]:
    """The fields a reason of the CRM tells: one of the account, or else the title of a deal or an order (bot/rationale.py)."""
    if customer and ref.startswith(f"{customer}."):
        return (f"account.{ref.removeprefix(f'{customer}.')}",)
    return ("opportunity.title", "order.title")


def without_numbers(value: Any, plain: frozenset[str] = PLAIN) -> Any:
    """Numbers of people masked in every text of the data, however deep."""
    match value:
        case str():
            return numberless(value)
        case Mapping():
            return {
                name: one if name in plain and isinstance(one, str) else without_numbers(one, plain)
                for name, one in value.items()
            }
        case list() | tuple():
            return [without_numbers(one, plain) for one in value]
    return value
