"""The people, customers and words of a measurement: as many reps as there are turns, each with a customer of its own.

Words of one customer within ten minutes belong into one card, so a measurement that wants one card per turn needs a
different rep for each turn of any ten minutes. Then a card belongs to the callback of the rep it was sent to.
"""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from bot import people
from bot.conversation import UserId
from bot.people import Person, Role
from crm_bridge.adapters.embedded import seed
from intents import examples

LONGEST_WORDS = 120
MANAGER = UserId("chenjing")
"""The demo company's, who hears of what reps escalate."""
COME_AGAIN_S = 660.0
"""Seconds after which a rep may speak again without extending an open card."""


@dataclass(frozen=True)
class Sender:
    """A made-up rep: WeCom id, display name and the short name of the one customer it owns."""

    wecom: str
    name: str
    customer: str
    industry: str


def senders(count: int) -> list[Sender]:
    """The first `count` of them, always the same ones. Raises `ValueError` where names would repeat."""
    if count > MOST_SENDERS:
        raise ValueError(
            f"{count} reps are needed and there are names for {MOST_SENDERS}; measure for a shorter time"
        )
    return [_sender(number) for number in range(count)]


def senders_needed(turns: int, rate: float) -> int:
    return min(turns, math.ceil(rate * COME_AGAIN_S))


def users_csv(who: Iterable[Sender]) -> str:
    """For `yiju users import` on a server that is measured from outside."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["name", "role", "wecom", "dingtalk", "manager"])
    lines.writerows([one.name, Role.REP.value, one.wecom, "", ""] for one in who)
    return text.getvalue()


def settle(session: Session, who: Sequence[Sender]) -> None:
    """Add the reps and their customers in the caller's transaction."""
    for one in who:
        people.add(session, Person(UserId(one.wecom), one.name, Role.REP, MANAGER, wecom=one.wecom))
    seed.load(session, [_account(one) for one in who], datetime.now(UTC).date())


def utterances(seed_: int) -> list[str]:
    """What customers say in the committed examples, in an order of its own for each seed."""
    found = examples.read_examples(sorted(examples.EXAMPLES.glob("*.jsonl")))
    texts = [one.text for one in found if _is_usable(one)]
    random.Random(seed_).shuffle(texts)
    return texts


def _is_usable(example: examples.Example) -> bool:
    """Understood without what was said before, and wanting something: small talk needs no card."""
    stands_alone = example.speaker == "customer" and not example.context and example.intent != "smalltalk"
    return stands_alone and len(example.text) <= LONGEST_WORDS and "\n" not in example.text


def _sender(number: int) -> Sender:
    industry, suffix = _INDUSTRIES[number % len(_INDUSTRIES)]
    place, first = divmod(number, len(_FIRST))
    third, second = divmod(place, len(_SECOND))
    name = f"{_FIRST[first]}{_SECOND[second]}{_THIRD[third % len(_THIRD)]}{suffix}"
    return Sender(f"bench{number + 1:05}", f"台架{number + 1:05}", name, industry)


def _account(sender: Sender) -> dict[str, Any]:
    contact = {"name": "台架联系人", "title": "采购经理", "phone": "13900000000"}
    return {
        "name": f"{sender.customer}有限公司",
        "short": sender.customer,
        "industry": sender.industry,
        "tier": "B",
        "owner": sender.wecom,
        "since": "-200d",
        "contacts": [contact],
    }


_INDUSTRIES = (("medical", "医疗"), ("manufacturing", "智造"), ("saas", "软件"), ("ecommerce", "商贸"))
_FIRST = "沐岚澄汀砚霁栖菡芷蓁璟珩筠屿溯泠朔昕暄翊"  # rare in company names, so nothing real is meant
_SECOND = "禾川原陵泽野舟榆枫梧桐柏杉棠槿蔚苒葳荃芮"
_THIRD = "远安和达启衡谦睿恒信立明德通泰瑞祥盛嘉永"
MOST_SENDERS = len(_FIRST) * len(_SECOND) * len(_THIRD)
