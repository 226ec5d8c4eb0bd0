"""The light package of a proactive card: products side by side, a case like theirs, what to send. All of it from documents."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from bot.actions import CatalogItem
from bot.comparing import lookups, side_by_side
from bot.copilot import KnowledgeBase
from crm_bridge import Account, Record
from knowledge import EVERYONE, DocumentKind, Evidence
from prompts import phrase

MOST_MATERIALS = 5
_FOR_CUSTOMERS = frozenset({DocumentKind.MANUAL, DocumentKind.POLICY})
"""What a customer may be sent unasked: no price list, no paper of ours."""
_CASE = re.compile(r"案例|应用实例|客户故事|用户故事|客户现场")
_NUMBER = re.compile(r"^[\d.]+\s+")
_ACTIVE = ("opportunity", "quote", "order")
INDUSTRIES = {"medical": "医疗", "manufacturing": "制造", "saas": "软件", "ecommerce": "电商"}


@dataclass(frozen=True)
class Package:
    """`compared`, which has a table, is empty where there is nothing to compare; `case` None where no document tells of one
    in their industry or region."""

    product: str = ""
    other: str = ""
    compared: str = ""
    case: Evidence | None = None
    materials: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    """What it rests on, for the card's reasons."""


async def pack(
    knowledge: KnowledgeBase,
    catalog: Mapping[str, CatalogItem],
    account: Account,
    today: date,
    product: str = "",
) -> Package:
    """For a product that was asked for, else for what the customer last had on the table."""

    async def find(question: str) -> tuple[Evidence, ...]:
        found = await asyncio.to_thread(
            knowledge.search, question, customer=account.id, k=12, earlier=(), today=today
        )
        return tuple(one for one in found.evidence if _sendable(one))

    about = product or interest(account, catalog)
    other = neighbour(about, catalog)
    asked = phrase("package_question", product=about, other=other) if about and other else ""
    sides = [one for question in lookups(asked) for one in await find(question)] if asked else []
    compared = side_by_side(asked, sides)
    cases = await find(_case_question(account, about))
    more = await find(phrase("package_materials_question", product=about)) if about else ()
    case = _likest(cases, account, about)
    side = [one for one in sides if _names(one, about)][:1]
    telling = [*side, *([case] if case else []), *(one for one in more if _names(one, about))]
    return Package(
        product=about,
        other=other,
        compared=compared.plain if compared else "",
        case=case,
        materials=tuple(_titles(one for one in (*sides, *more) if _names(one, about)))[:MOST_MATERIALS],
        evidence=tuple(_of_different_passages(telling))[:3],
    )


def interest(account: Account, catalog: Mapping[str, CatalogItem]) -> str:
    """The product of the open deal, the quote or the last order, in that order; empty where none names one."""
    named = (_product(record, catalog) for kind in _ACTIVE for record in account.of(kind))
    return next((one for one in named if one), "")


def neighbour(product: str, catalog: Mapping[str, CatalogItem]) -> str:
    """The product that is considered beside it: of the same series, nearest in price."""
    item = catalog.get(product)
    if item is None:
        return ""
    others = [one for one in catalog.values() if one.name != product]
    stem, letters = _stem(product, r"[A-Za-z]+\d*"), _stem(product, r"[A-Za-z]+|[\u4e00-\u9fff]{2}")
    near = (
        [one for one in others if stem and one.name.startswith(stem)]
        or [one for one in others if one.line == item.line]
        or [one for one in others if letters and _stem(one.name, r"[A-Za-z]+") == letters]
    )
    return min(near, key=lambda one: abs(one.list_price - item.list_price)).name if near else ""


def _stem(product: str, pattern: str) -> str:
    found = re.match(pattern, product)
    return found[0] if found else ""


def _product(record: Record, catalog: Mapping[str, CatalogItem]) -> str:
    field = record.get("product")
    told = f"{field.value if field else ''} {record.title}"
    known = sorted(catalog, key=len, reverse=True)  # X200R before X200
    return next((name for name in known if name.lower() in told.lower()), "")


def _case_question(account: Account, product: str) -> str:
    industry, region = _surroundings(account)
    return phrase("package_case_question", industry=industry, region=region, product=product)


def _surroundings(account: Account) -> tuple[str, str]:
    """Industry and region as documents write them; empty where the CRM says nothing."""
    region = account.get("region")
    where = str(region.value) if region and region.value else ""
    return INDUSTRIES.get(account.industry, account.industry), where


def _likest(cases: Iterable[Evidence], account: Account, product: str) -> Evidence | None:
    """Of equals the better found; a case of neither their industry nor their region is none of theirs."""
    alike = [(_likeness(one, account, product), one) for one in cases if _is_case(one)]
    most, case = max(alike, key=lambda pair: pair[0], default=(0, None))
    return case if most else None


def _likeness(case: Evidence, account: Account, product: str) -> int:
    told = f"{case.passage.citation.heading} {case.passage.text}"
    around = sum(1 for word in _surroundings(account) if word and word in told)
    return around + int(bool(product) and _names(case, product)) if around else 0


def _sendable(found: Evidence) -> bool:
    passage = found.passage
    return (
        passage.kind in _FOR_CUSTOMERS
        and not passage.for_reps
        and passage.customer is None
        and passage.visibility == EVERYONE
        and not passage.superseded
    )


def headline(case: Evidence) -> str:
    """What a case is about: the heading over it, without its number."""
    return _NUMBER.sub("", case.passage.citation.heading.rpartition("›")[2].strip())


def _is_case(found: Evidence) -> bool:
    citation = found.passage.citation
    return bool(_CASE.search(f"{citation.title} {citation.heading} {found.excerpt}"))


def _names(found: Evidence, product: str) -> bool:
    return product in found.passage.products or product in f"{found.passage.citation.title} {found.excerpt}"


def _of_different_passages(found: Iterable[Evidence]) -> Iterator[Evidence]:
    """Each passage as it was found first: with the words that are quoted of it."""
    seen = set()
    for one in found:
        if one.passage.id not in seen:
            seen.add(one.passage.id)
            yield one


def _titles(found: Iterable[Evidence]) -> Iterator[str]:
    seen = set()
    for one in found:
        citation = one.passage.citation
        if citation.document_id not in seen:
            seen.add(citation.document_id)
            yield f"《{citation.title}》{citation.version}"
