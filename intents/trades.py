"""What a CRM calls an industry → the trade by which our examples and the guard's prices go."""

from __future__ import annotations

import re

_TRADES = {
    "medical": r"medical|health|hospital|pharma|biotech|医|药|诊|生命科学|器械",
    "ecommerce": r"e-?commerce|retail|logistic|freight|电商|跨境|零售|外贸|物流|货代|仓储",
    "saas": r"saas|software|internet|information tech|computer|软件|信息技术|互联网|云服务",
    "manufacturing": r"manufactur|machin|industrial|automotive|electronics|制造|机械|工业|装备|加工|汽车|电子",
}
"""Looked through in this order: 医疗器械制造 is held to what a false alarm costs in medicine."""
_WORDS = {trade: re.compile(words) for trade, words in _TRADES.items()}


def trade_of(industry: str) -> str:
    """`medical`, `manufacturing`, `saas` or `ecommerce`; empty where the words name none of them."""
    named = industry.lower()
    return next((trade for trade, words in _WORDS.items() if trade == named or words.search(named)), "")
