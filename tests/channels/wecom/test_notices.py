"""A notice is a card without buttons, whole on WeCom's own terms, and words where there is no page to open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card import Notice
from bot.channels.wecom import WeCom, notices
from bot.channels.wecom_bot.cards import of_bot
from tests.fakes.wecom_platform import WeComPlatform
from tests.fakes.wecom_rules import first_card_error

WEEK = Notice(
    "上周团队的卡片",
    "11-23 至 11-29,共 12 张",
    "40%(4/10)",
    "闭环率:已执行 ÷ 要决定的",
    (("直接确认", "3 张"), ("没人决定", "过期 1 · 待决定 2")),
    "打开看板",
    "https://yiju.test/console/board?days=7",
)


async def test_a_notice_arrives_as_a_card_with_its_link(wecom: WeCom, platform: WeComPlatform) -> None:
    await wecom.notify(WEEK, "chenjing", "notice:weekly:1")
    (shown,) = platform.inbox("chenjing")
    card = shown.content
    assert card["card_type"] == "text_notice"
    assert card["emphasis_content"] == {"title": "40%(4/10)", "desc": "闭环率:已执行 ÷ 要决定的"}
    assert card["horizontal_content_list"][1] == {"keyname": "没人决定", "value": "过期 1 · 待决定 2"}
    assert card["jump_list"] == [{"type": 1, "title": "打开看板", "url": WEEK.url}]
    assert card["card_action"]["url"] == WEEK.url


async def test_the_same_notice_again_is_not_shown_twice(wecom: WeCom, platform: WeComPlatform) -> None:
    for _ in range(2):
        await wecom.notify(WEEK, "chenjing", "notice:weekly:1")
    assert len(platform.inbox("chenjing")) == 1


@pytest.mark.parametrize("url", ["", "ftp://x", "https://yiju.test/" + "a" * 2100])
async def test_without_a_page_it_is_said(wecom: WeCom, platform: WeComPlatform, url: str) -> None:
    await wecom.notify(replace(WEEK, url=url), "chenjing", "k")
    assert "闭环率:已执行 ÷ 要决定的 **40%(4/10)**" in str(platform.inbox("chenjing")[0].content)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


@given(TEXT, TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=9))
def test_whatever_it_says_the_platform_takes_it(title: str, figure: str, rows: list[tuple[str, str]]) -> None:
    notice = replace(
        WEEK,
        title=f"周{title}",
        subtitle=title,
        figure=figure,
        rows=tuple((f"名{one}", two) for one, two in rows),
    )
    card = notices.drawn(notice)
    assert card is not None
    assert first_card_error(card) == 0
    small = of_bot(card)
    assert len(small["emphasis_content"]["title"]) <= 10
    assert small["jump_list"] == card["jump_list"]
