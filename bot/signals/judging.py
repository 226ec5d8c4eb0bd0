"""Is a web form's inquiry worth a rep's time? Judged by what it says, with the reasons told; nothing is thrown away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.injection import find_order
from bot.words import has_words
from intents import Entity, Reading
from prompts import phrase

_LINK = re.compile(r"https?://|www\.|(?:加|联系)(?:我)?(?:微信|vx|VX|QQ|电报)|t\.me/", re.IGNORECASE)
_SELLS = re.compile(
    r"SEO|优化排名|网站建设|代开发票|贷款|兼职|招聘|求职|简历|加盟|刷单|推广服务|代运营|群发|博彩|casino|backlink|guest post",
    re.IGNORECASE,
)
_GOOD = {"product": 3, "quantity": 1, "spec": 1, "money": 1, "time": 1}
_ASKS = frozenset(
    {
        "purchase",
        "quote_request",
        "technical_inquiry",
        "competitor_comparison",
        "meeting_request",
        "contract_terms",
    }
)
SERIOUS = 3


@dataclass(frozen=True)
class Judgement:
    """`because`: in a rep's words, what spoke for it and what against."""

    serious: bool
    because: str


def judge(
    text: str, entities: Sequence[Entity], reading: Reading, known: bool, products: Sequence[str]
) -> Judgement:
    """`known`: the company is a customer of ours. `products`: ours."""
    for_it = list(_for(text, entities, reading, known, products))
    against = list(_against(text, entities))
    points = sum(weight for weight, _ in for_it) - sum(weight for weight, _ in against)
    told = [f"+{words}" for _, words in for_it] + [f"−{words}" for _, words in against]
    name = "inquiry_serious" if points >= SERIOUS else "inquiry_noise"
    return Judgement(
        points >= SERIOUS, phrase(name, because=";".join(told) or phrase("inquiry_says_nothing"))
    )


def _for(
    text: str, entities: Sequence[Entity], reading: Reading, known: bool, products: Sequence[str]
) -> Iterator[tuple[int, str]]:
    kinds = {one.type: one for one in reversed(entities)}
    ours = next((one for one in entities if one.type == "product" and one.value in products), None)
    if ours is not None:
        yield _GOOD["product"], phrase("inquiry_for_product", product=ours.value)
    for kind in ("quantity", "spec", "money", "time"):
        if kind in kinds:
            yield _GOOD[kind], phrase("inquiry_for_value", value=kinds[kind].text)
    if known:
        yield 2, phrase("inquiry_for_customer")
    if reading.intent in _ASKS:
        yield 1, phrase("inquiry_for_question")


def _against(text: str, entities: Sequence[Entity]) -> Iterator[tuple[int, str]]:
    if not has_words(text):
        yield 5, phrase("inquiry_says_nothing")
    if _SELLS.search(text):
        yield 6, phrase("inquiry_against_ad")
    if _LINK.search(text):
        yield 2, phrase("inquiry_against_link")
    if find_order(text):
        yield 4, phrase("inquiry_against_order")
    amounts = [one for one in entities if one.type == "quantity"]
    if any(_absurd(one.value) for one in amounts):
        yield 3, phrase("inquiry_against_amount", amount=amounts[0].text)


def _absurd(value: str) -> bool:
    digits = re.sub(r"\D", "", value.split("-")[0].split(".")[0])
    return bool(digits) and int(digits) >= 1_000_000
