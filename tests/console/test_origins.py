"""What caused a card has a name that a manager can read, whatever the rules and sheets of the product are."""

from __future__ import annotations

import re

import pytest

from bot.console.origins import called
from bot.events.rules import load_rules
from bot.signals.watch import load_sheets

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("event:device.fault", "事件 · 设备报警"),
        ("signal:signals", "信号 · 高意向窗口"),
        ("expiring", "合同到期"),
        ("event", "事件"),
        ("event:ours.own", "事件 · ours.own"),
    ],
)
def test_an_origin_is_called_as_people_call_it(origin: str, told: str) -> None:
    assert called(origin) == told


def test_every_rule_and_every_sheet_has_a_name() -> None:
    origins = [
        *(f"event:{event}" for event in load_rules()),
        *(f"signal:{sheet}" for sheet in load_sheets()),
    ]
    assert len(origins) >= 13
    assert [one for one in origins if not CHINESE.search(called(one).partition(" · ")[2])] == []
