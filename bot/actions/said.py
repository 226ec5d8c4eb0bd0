"""What the words of a case name, as actions need it: products with quantities, a time, an amount, contacts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from bot.actions.model import Case
from bot.actions.shown import SHANGHAI
from crm_bridge import Contact, called
from intents import Entity

MOST_PIECES = 1_000_000
MOST_MONEY = 10**11
_BUDGET = re.compile(r"预算|总价|总额|金额|合同额|报到|单子")
_ACCOUNTS = re.compile(r"账号|帐号|用户|席位|坐席")
_HALF_DAYS = (("下午", time(14)), ("晚", time(19)), ("中午", time(12)))


@dataclass(frozen=True)
class Wanted:
    """A product of the catalogue and how many of it, as far as was said."""

    product: str
    quantity: int | None = None


@dataclass(frozen=True)
class SaidTime:
    """A moment; `exact` where an hour was said, otherwise the hour is a guess from the half of the day."""

    at: datetime
    exact: bool


def entities(case: Case, kind: str) -> list[Entity]:
    return [entity for entity in case.reading.entities if entity.type == kind and entity.value]


def wanted(case: Case) -> tuple[Wanted, ...]:
    """Products in order of mention, each with the quantity beside it (before or after, as the first pair goes)."""
    products = [
        (entity, name) for entity in entities(case, "product") if (name := _in_catalog(case, entity.value))
    ]
    numbers = _quantities(case)
    before = bool(products and numbers) and numbers[0].start < products[0][0].start
    found: dict[str, Wanted] = {}
    for place, (entity, name) in enumerate(products):
        low = (products[place - 1][0].end if place else 0) if before else entity.end
        following = products[place + 1][0].start if place + 1 < len(products) else len(case.turn.text)
        high = entity.start if before else following
        beside = [number for number in numbers if low <= number.start < high]
        count = int(beside[-1 if before else 0].value) if beside else None
        found.setdefault(name, Wanted(name, count))
    return tuple(found.values())


def quantity(case: Case) -> int | None:
    """The one quantity said, where exactly one was."""
    numbers = {int(entity.value) for entity in _quantities(case)}
    return numbers.pop() if len(numbers) == 1 else None


def fits_unit(case: Case, product: str) -> bool:
    """Whether what was counted can be that product: 30 accounts are not centrifuges."""
    item, numbers = case.catalog.get(product), _quantities(case)
    if item is None or not numbers:
        return True
    return all(
        bool(_ACCOUNTS.search(number.text)) == bool(_ACCOUNTS.search(item.unit)) or number.text[-1:] in "个份"
        for number in numbers
    )


def _quantities(case: Case) -> list[Entity]:
    """Those that can be ordered: neither 一份 nor a number that nobody makes."""
    possible = [one for one in entities(case, "quantity") if 0 < int(one.value) <= MOST_PIECES]
    possible = [one for one in possible if case.turn.text[max(one.start - 1, 0)] != "第"]
    return [one for one in possible if not (one.value == "1" and one.text[-1:] in "个份点条张")]


def _in_catalog(case: Case, name: str) -> str | None:
    """The catalogue's own spelling. Without a catalogue any model number counts."""
    if not case.catalog:
        return name
    return next((known for known in case.catalog if known.lower() == name.lower()), None)


def budget(case: Case) -> Decimal | None:
    """An amount that means the whole deal: a rep's, or one called a budget. Of a range the lower end."""
    said = entities(case, "money")
    if not said or not (case.by_rep or _BUDGET.search(case.words)):
        return None
    amount = Decimal(said[0].value.partition("..")[0])
    return amount.quantize(Decimal("0.01")) if amount <= MOST_MONEY else None


def moment(case: Case) -> SaidTime | None:
    """The first time said that is still to come."""
    for entity in entities(case, "time"):
        found = _read(entity)
        if found and found.at > case.now:
            return found
    return None


def coming_day(case: Case) -> date | None:
    """The first day said that is today or later; a day or quarter without its year is the next one to come."""
    for entity in entities(case, "time"):
        if found := _read(entity):
            day = _next_one(entity.text, found.at.date(), case.today)
            if day >= case.today:
                return day
    return None


def _next_one(words: str, day: date, today: date) -> date:
    if "季度" in words and not re.match(r"[这本上下]", words):
        day = _month_end(day.year, (day.month - 1) // 3 * 3 + 3)
    bare = re.match(r"[一二三四]季度|\d{1,2}月\d{1,2}", words)
    if not bare or day >= today:
        return day
    return _month_end(day.year + 1, day.month) if "季度" in words else day + timedelta(days=365)


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _read(entity: Entity) -> SaidTime | None:
    try:
        at = datetime.fromisoformat(entity.value)
    except ValueError:
        return None
    if "T" in entity.value:
        return SaidTime(at if at.tzinfo else at.replace(tzinfo=SHANGHAI), exact=True)
    half = next((hour for word, hour in _HALF_DAYS if word in entity.text), time(10))
    return SaidTime(datetime.combine(at.date(), half, SHANGHAI), exact=False)


def contacts(case: Case) -> tuple[Contact, ...]:
    """Contacts of the account that are named, in full or as one calls them (王总)."""
    return tuple(one for one in case.known.contacts if _is_named(one, case.words))


def _is_named(contact: Contact, words: str) -> bool:
    short = called(contact.name, contact.title)
    return contact.name in words or bool(short and short in words)


def workday_after(day: date, days: int) -> date:
    """That many days later, moved on to a Monday from a weekend."""
    later = day + timedelta(days=days)
    return later + timedelta(days=7 - later.weekday()) if later.weekday() > 4 else later
