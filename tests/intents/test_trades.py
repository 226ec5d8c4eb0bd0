"""Industries as CRM systems name them fall into the trades that the guard knows."""

from __future__ import annotations

import pytest

from intents.guard import FALSE_ALARM
from intents.trades import trade_of


@pytest.mark.parametrize(
    ("named", "trade"),
    [
        ("medical", "medical"), ("医疗器械", "medical"), ("Healthcare", "medical"), ("生物医药制造", "medical"),
        ("精密制造", "manufacturing"), ("Automotive & Industrial", "manufacturing"), ("汽车零部件", "manufacturing"),
        ("企业软件", "saas"), ("Information Technology", "saas"), ("跨境电商", "ecommerce"), ("E-Commerce", "ecommerce"),
        ("Retail", "ecommerce"), ("农业", ""), ("", ""),
    ],
)  # fmt: skip
def test_an_industry_is_known_by_its_words(named: str, trade: str) -> None:
    assert trade_of(named) == trade


def test_every_price_of_a_false_alarm_is_of_a_trade_that_can_be_named() -> None:
    assert {trade_of(name) for name in FALSE_ALARM} == set(FALSE_ALARM)
