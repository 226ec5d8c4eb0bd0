"""Cards reach one person once, change in place, and survive lost answers."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import httpx
import pytest

from bot.card import Card
from bot.channels import CardRef, ChannelBusy, ChannelRefused, ReplyAddress
from bot.channels.dingtalk import DingTalk, card_answer
from bot.channels.dingtalk.cards import Cards
from bot.channels.dingtalk.client import Client
from bot.channels.dingtalk.open_taps import OpenTaps
from bot.settings import DingTalkSettings
from tests.fakes.dingtalk_payloads import Clock
from tests.fakes.dingtalk_platform import DingTalkPlatform

KEY = "card:0123456789abcdef0123:zhangsan"
CREATE = "/v1.0/card/instances/createAndDeliver"
DELIVER = "/v1.0/card/instances/deliver"
UPDATE = "/v1.0/card/instances"


def decided(card: Card) -> Card:
    return replace(card, version=card.version + 1, buttons=(), choices=(), status="张三 已确认 10:00")


async def test_a_card_reaches_its_rep_with_all_the_fields_the_platform_wants(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    ref = await dingtalk.show(card, "zhangsan", KEY)
    track = ref.data["outTrackId"]
    assert re.fullmatch(r"yiju-0123456789abcdef0123-[0-9a-f]{12}", track)
    assert platform.deliveries == [(track, "zhangsan")]
    assert platform.cards[track]["title"] == "报价请求"
    _, _, body = platform.calls[-1]
    assert (body["callbackType"], body["userIdType"]) == ("STREAM", 1)
    assert "callbackRouteKey" not in body
    assert body["imRobotOpenSpaceModel"]["notification"]["alertContent"].startswith("报价请求 华东仁和")


async def test_in_http_mode_taps_are_sent_to_the_registered_address(
    settings: DingTalkSettings, http: httpx.AsyncClient, platform: DingTalkPlatform, clock: Clock, card: Card
) -> None:
    settings.mode = "http"
    await DingTalk(settings, http, clock).show(card, "zhangsan", KEY)
    _, _, body = platform.calls[-1]
    assert (body["callbackType"], body["callbackRouteKey"]) == ("HTTP", "yiju")


async def test_the_same_key_is_the_same_card(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    first = await dingtalk.show(card, "zhangsan", KEY)
    assert await dingtalk.show(card, "zhangsan", KEY) == first
    assert len(platform.deliveries) == 1
    assert await dingtalk.show(card, "lisi", KEY.replace("zhangsan", "lisi")) != first


async def test_a_card_whose_answer_was_lost_is_not_sent_twice_and_shows_the_newest_state(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    platform.lose_answer(CREATE)
    with pytest.raises(ChannelBusy):
        await dingtalk.show(card, "zhangsan", KEY)
    ref = await dingtalk.show(replace(card, draft="更好的措辞"), "zhangsan", KEY)
    assert len(platform.deliveries) == 1
    assert platform.cards[ref.data["outTrackId"]]["draft_1"] == "更好的措辞"


async def test_a_platform_that_says_the_card_exists_is_believed(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    await dingtalk.show(card, "zhangsan", KEY)
    platform.fail(CREATE, "param.cardAlreadyExist")
    ref = await dingtalk.show(replace(card, title="新标题"), "zhangsan", KEY)
    assert platform.cards[ref.data["outTrackId"]]["title"] == "新标题"


async def test_a_card_that_was_made_but_held_back_is_delivered_on_the_next_try(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    platform.undeliverable = ["系统繁忙", "系统繁忙"]
    for _ in range(2):
        with pytest.raises(ChannelBusy, match="did not deliver"):
            await dingtalk.show(card, "zhangsan", KEY)
    ref = await dingtalk.show(card, "zhangsan", KEY)
    assert platform.deliveries == [(ref.data["outTrackId"], "zhangsan")]
    assert (platform.count(CREATE), platform.count(DELIVER)) == (1, 2)


async def test_a_card_the_platform_will_not_deliver_calls_an_operator(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    platform.undeliverable = ["机器人不在可用范围"]
    with pytest.raises(ChannelRefused, match="机器人不在可用范围") as refused:
        await dingtalk.show(card, "zhangsan", KEY)
    assert refused.value.alert


async def test_an_answer_that_names_no_delivery_is_not_taken_for_one(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    platform.answer(CREATE, {"success": True, "result": {"outTrackId": "x", "deliverResults": []}})
    with pytest.raises(ChannelRefused, match="did not deliver"):
        await dingtalk.show(card, "zhangsan", KEY)


@pytest.mark.parametrize("to", ["", "zhangsan;IM_GROUP.cid", "zhang san", "a/b"])
async def test_an_id_that_would_name_more_than_one_person_is_refused_here(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card, to: str
) -> None:
    with pytest.raises(ChannelRefused, match="no DingTalk user id"):
        await dingtalk.show(card, to, KEY)
    assert platform.deliveries == []


async def test_a_card_changes_in_place(dingtalk: DingTalk, platform: DingTalkPlatform, card: Card) -> None:
    ref = await dingtalk.show(card, "zhangsan", KEY)
    assert await dingtalk.refresh(decided(card), "zhangsan", ref) == ref
    shown = platform.cards[ref.data["outTrackId"]]
    assert (shown["status"], shown["show_b1"], shown["version"]) == ("张三 已确认 10:00", "false", "4")
    assert len(platform.deliveries) == 1
    assert platform.calls[-1][2]["cardUpdateOptions"]["updateCardDataByKey"] is True


async def test_a_tap_names_the_card_where_our_note_of_it_was_lost(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    ref = await dingtalk.show(card, "zhangsan", KEY)
    assert await dingtalk.refresh(decided(card), "zhangsan", CardRef(), ReplyAddress(dict(ref.data))) == ref
    assert platform.cards[ref.data["outTrackId"]]["version"] == "4"


async def test_a_card_that_is_gone_is_sent_anew_once(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    gone = CardRef({"outTrackId": "yiju-gone-000000000000"})
    ref = await dingtalk.refresh(decided(card), "zhangsan", gone)
    assert await dingtalk.refresh(decided(card), "zhangsan", gone) == ref
    assert platform.deliveries == [(ref.data["outTrackId"], "zhangsan")]


async def test_another_refusal_of_an_update_is_not_answered_with_a_second_card(
    dingtalk: DingTalk, platform: DingTalkPlatform, card: Card
) -> None:
    ref = await dingtalk.show(card, "zhangsan", KEY)
    platform.fail(UPDATE, "param.contentUnsafe")
    with pytest.raises(ChannelRefused, match="contentUnsafe"):
        await dingtalk.refresh(decided(card), "zhangsan", ref)
    assert len(platform.deliveries) == 1


async def test_a_card_is_not_changed_while_a_tap_on_it_waits_for_its_answer(
    settings: DingTalkSettings, http: httpx.AsyncClient, platform: DingTalkPlatform, clock: Clock, card: Card
) -> None:
    taps = OpenTaps()
    cards = Cards(settings, Client(settings, http, clock), taps)
    ref = await cards.show(card, "zhangsan", KEY)
    with taps.held(ref.data["outTrackId"]):
        refreshing = asyncio.create_task(cards.refresh(decided(card), "zhangsan", ref, None))
        other = await cards.show(card, "lisi", KEY.replace("zhangsan", "lisi"))
        await cards.refresh(decided(card), "lisi", other, None)
        assert platform.cards[ref.data["outTrackId"]]["version"] == "3"
        assert platform.cards[other.data["outTrackId"]]["version"] == "4"
    await refreshing
    assert platform.cards[ref.data["outTrackId"]]["version"] == "4"


def test_the_answer_to_a_tap_changes_the_whole_card_by_key(card: Card) -> None:
    answer = card_answer(decided(card))
    assert answer["cardUpdateOptions"] == {"updateCardDataByKey": True, "updatePrivateDataByKey": True}
    assert answer["cardData"]["cardParamMap"]["status"] == "张三 已确认 10:00"
    assert set(answer) == {"cardUpdateOptions", "cardData"}
