"""The account's open opportunities as the CRM gave them, and which one a case is about."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from bot.actions.model import Case
from bot.actions.said import Wanted, fits_unit, quantity, wanted
from crm_bridge import CLOSED_STAGES, Account, Record

AGAIN = "renewal_expansion"
_AGAIN = re.compile(r"续|增购|扩容|加购")


def open_deals(account: Account) -> tuple[Record, ...]:
    return tuple(
        record for record in account.of("opportunity") if value(record, "stage") not in CLOSED_STAGES
    )


def value(record: Record, name: str) -> str:
    field = record.get(name)
    return "" if field is None or field.value is None else str(field.value)


def deals_meant(case: Case) -> tuple[Record, ...]:
    """Open opportunities the case may be about: those of a product that was named, otherwise all."""
    deals, named = open_deals(case.known), {one.product for one in wanted(case)}
    deals = tuple(deal for deal in deals if fits_unit(case, value(deal, "product")))
    cited = tuple(deal for deal in deals if deal.id.lower() in case.words.lower() or deal.title in case.words)
    if cited:
        return cited
    if case.intent == AGAIN:
        named |= {one.product for one in bought_last(case)}
        return tuple(deal for deal in deals if value(deal, "product") in named or _AGAIN.search(deal.title))
    return tuple(deal for deal in deals if value(deal, "product") in named) if named else deals


def bought_last(case: Case) -> tuple[Wanted, ...]:
    """The product of the newest order that tells which: what somebody means who wants the same again."""
    for order in case.known.of("order"):
        names = [name for name in case.catalog if name in order.title and fits_unit(case, name)]
        if names:
            return (Wanted(max(names, key=len), quantity(case)),)
    return ()


def wanted_or_known(case: Case) -> tuple[Wanted, ...]:
    """What was named, otherwise the product of the only opportunity it can be about."""
    if named := wanted(case) or (bought_last(case) if case.intent == AGAIN else ()):
        return named
    deals = [deal for deal in deals_meant(case) if value(deal, "product")]
    if len(deals) != 1:
        return ()
    known = value(deals[0], "quantity")
    return (Wanted(value(deals[0], "product"), quantity(case) or (int(known) if known.isdigit() else None)),)


def worth(case: Case, wants: tuple[Wanted, ...]) -> Decimal | None:
    """List price less what the quantity earns, where product and quantity are known."""
    priced = [
        (case.catalog[one.product], one.quantity)
        for one in wants
        if one.product in case.catalog and one.quantity
    ]
    if not priced or len(priced) < len(wants):
        return None
    try:
        total = sum(item.list_price * count * (100 - item.allowed(count)) / 100 for item, count in priced)
        return Decimal(total).quantize(Decimal("0.01"))
    except InvalidOperation:  # more digits than money has
        return None
