"""The channel against the platform: cards live through taps, used codes, lost answers and repetitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from bot.card import Button
from bot.channels import CardRef, CardReply, Channel, ChannelBusy, ChannelRefused, Handshake, ReplyAddress
from bot.channels.wecom import Limits, WeCom
from tests.channels.wecom.drawn import DECIDED, PROPOSED
from tests.fakes.wecom_platform import Shown, WeComPlatform, settings

UPDATE = "message/update_template_card"
DONE = replace(DECIDED, version=5, status="张三 10:00 确认 · 已执行", receipts=("已建报价 Q-7",))
MEETING: Mapping[str, Any] = {
    "summary": "X200 演示",
    "description": "华东仁和",
    "location": "上海",
    "start": datetime(2026, 12, 1, 6, 0, tzinfo=UTC),
    "end": datetime(2026, 12, 1, 7, 0, tzinfo=UTC),
    "attendees": ["lisi", "ZhangSan"],
}


def lose_answers(platform: WeComPlatform, path: str, times: int = 1) -> None:
    """The next calls of that path work, but the line breaks before the answer is there."""

    def breaks(called: str) -> None:
        nonlocal times
        if called == path and times:
            times -= 1
            raise httpx.ReadTimeout("the line broke")

    platform.before_answer = breaks


def tapped(platform: WeComPlatform, wecom: WeCom, shown: Shown, button: str = "确认") -> ReplyAddress:
    said = wecom.open(platform.tap(shown, button))
    assert isinstance(said, CardReply)
    return said.reply_to


async def shown_card(platform: WeComPlatform, wecom: WeCom) -> tuple[CardRef, Shown]:
    ref = await wecom.show(PROPOSED, "zhangsan", "card:1")
    return ref, platform.inbox("zhangsan")[-1]


@pytest.fixture
def updates(platform: WeComPlatform) -> Iterator[list[str]]:
    """The response codes that updates were tried with."""
    codes: list[str] = []
    yield codes
    tried = [body["response_code"] for path, body in platform.bodies if path == UPDATE]
    assert tried == codes


def test_it_is_a_channel(wecom: WeCom) -> None:
    channel: Channel = wecom
    assert channel.name == "wecom"


def test_the_check_of_the_address_is_answered_with_its_words(platform: WeComPlatform, wecom: WeCom) -> None:
    assert wecom.open(platform.check("1616140317555161061")) == Handshake(b"1616140317555161061")


async def test_a_card_is_shown_to_one_person_and_can_be_changed_later(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    ref, shown = await shown_card(platform, wecom)
    assert shown.content["main_title"]["title"] == "要报价（86%）"
    assert set(ref.data) == {"response_code", "msgid"}
    assert not platform.inbox("lisi")


async def test_a_card_shown_again_after_a_lost_answer_stands_there_once(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    lose_answers(platform, "message/send")
    with pytest.raises(ChannelBusy):
        await wecom.show(PROPOSED, "zhangsan", "card:1")
    await wecom.show(PROPOSED, "zhangsan", "card:1")
    assert len(platform.inbox("zhangsan")) == 1


async def test_a_card_that_changed_between_two_attempts_still_stands_there_once(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    await wecom.show(PROPOSED, "zhangsan", "card:1")
    assert await wecom.show(replace(PROPOSED, draft="另一稿"), "zhangsan", "card:1") == CardRef()
    assert len(platform.inbox("zhangsan")) == 1


async def test_one_card_shown_to_two_people_has_two_tasks(platform: WeComPlatform, wecom: WeCom) -> None:
    for user in ("zhangsan", "chenjing"):
        await wecom.show(PROPOSED, user, f"card:1:{user}")
    assert len({shown.task for shown in platform.messages}) == 2


async def test_a_tap_changes_its_card_and_keeps_the_first_code_for_later(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    ref, shown = await shown_card(platform, wecom)
    after = await wecom.refresh(DECIDED, "zhangsan", ref, tapped(platform, wecom, shown))
    assert shown.content["replace_text"] == DECIDED.status
    last = await wecom.refresh(DONE, "zhangsan", after)
    assert shown.content["replace_text"] == DONE.status
    assert (after.data, set(last.data)) == (ref.data, {"msgid"})
    assert len(platform.inbox("zhangsan")) == 1


async def test_a_card_whose_codes_are_used_up_is_followed_by_a_notice(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    ref, _ = await shown_card(platform, wecom)
    used_up = await wecom.refresh(DECIDED, "zhangsan", ref)
    await wecom.refresh(DONE, "zhangsan", used_up)
    notice = platform.inbox("zhangsan")[-1].content
    assert (notice["card_type"], notice["main_title"]["desc"]) == ("text_notice", DONE.status)


async def test_a_code_older_than_three_days_is_answered_with_a_fresh_card(
    platform: WeComPlatform, wecom: WeCom, updates: list[str]
) -> None:
    ref, _ = await shown_card(platform, wecom)
    updates.append(ref.data["response_code"])
    platform.now += timedelta(hours=73)
    again = await wecom.refresh(replace(PROPOSED, version=4), "zhangsan", ref)
    first, second = platform.inbox("zhangsan")
    assert second.task != first.task
    assert again.data["msgid"] == second.msgid


async def test_a_used_tap_falls_back_to_the_code_the_card_was_sent_with(
    platform: WeComPlatform, wecom: WeCom, updates: list[str]
) -> None:
    ref, shown = await shown_card(platform, wecom)
    tap = tapped(platform, wecom, shown)
    await wecom.refresh(DECIDED, "zhangsan", CardRef(), tap)
    after = await wecom.refresh(DONE, "zhangsan", ref, tap)
    updates += [tap.data["response_code"], tap.data["response_code"], ref.data["response_code"]]
    assert shown.content["replace_text"] == DONE.status
    assert "response_code" not in after.data
    assert len(platform.inbox("zhangsan")) == 1


async def test_an_update_whose_answer_was_lost_is_not_followed_by_a_second_message(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    ref, shown = await shown_card(platform, wecom)
    tap = tapped(platform, wecom, shown)
    lose_answers(platform, UPDATE)
    with pytest.raises(ChannelBusy):
        await wecom.refresh(DECIDED, "zhangsan", ref, tap)
    assert await wecom.refresh(DECIDED, "zhangsan", ref, tap) == ref
    assert len(platform.inbox("zhangsan")) == 1
    assert len(shown.updates) == 1


async def test_a_card_that_moved_on_after_a_lost_answer_is_brought_up_to_date(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    ref, shown = await shown_card(platform, wecom)
    tap = tapped(platform, wecom, shown)
    lose_answers(platform, UPDATE)
    with pytest.raises(ChannelBusy):
        await wecom.refresh(DECIDED, "zhangsan", ref, tap)
    await wecom.refresh(DONE, "zhangsan", ref, tap)
    assert shown.content["replace_text"] == DONE.status


async def test_a_better_draft_replaces_the_card_and_its_buttons_prove_the_new_one(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    ref, shown = await shown_card(platform, wecom)
    await wecom.refresh(replace(PROPOSED, version=4, content_hash="f" * 16), "zhangsan", ref)
    said = wecom.open(platform.tap(shown, "确认"))
    assert isinstance(said, CardReply)
    assert (said.version, said.content_hash) == (4, "f" * 16)


async def test_an_undo_button_stays_on_a_carried_out_card(platform: WeComPlatform, wecom: WeCom) -> None:
    ref, shown = await shown_card(platform, wecom)
    await wecom.refresh(replace(DONE, buttons=(Button("undo", "撤销"),)), "zhangsan", ref)
    said = wecom.open(platform.tap(shown, "撤销"))
    assert isinstance(said, CardReply)
    assert said.button == "undo"


async def test_what_does_not_fit_a_card_without_a_page_comes_before_it(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    draft = "很长的回复，" * 60
    await wecom.show(replace(PROPOSED, url="", draft=draft), "zhangsan", "card:1")
    words, card = platform.inbox("zhangsan")
    assert draft in words.content["content"]
    assert card.content["horizontal_content_list"][-1]["value"] == "未全部显示，全文见上一条"


async def test_a_decided_card_without_a_page_is_told_in_words(platform: WeComPlatform, wecom: WeCom) -> None:
    assert await wecom.show(replace(DECIDED, url=""), "zhangsan", "card:1") == CardRef()
    assert DECIDED.status in platform.inbox("zhangsan")[0].content["content"]


async def test_words_said_again_under_the_same_key_arrive_once(platform: WeComPlatform, wecom: WeCom) -> None:
    lose_answers(platform, "message/send")
    with pytest.raises(ChannelBusy):
        await wecom.say("好的，已记下。", "zhangsan", "k1")
    await wecom.say("好的，已记下。", "zhangsan", "k1")
    assert len(platform.inbox("zhangsan")) == 1


async def test_the_same_words_under_another_key_arrive_again(platform: WeComPlatform, wecom: WeCom) -> None:
    for key in ("k1", "k2"):
        await wecom.say("没有找到相关条款。", "zhangsan", key)
    assert len(platform.inbox("zhangsan")) == 2


async def test_the_parts_of_long_words_arrive_in_order_with_a_pause_between(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    await wecom.say("一行字" * 700, "zhangsan", "k1")
    parts = [shown.content["content"][:5] for shown in platform.inbox("zhangsan")]
    assert parts == ["(1/4)", "(2/4)", "(3/4)", "(4/4)"]
    assert platform.calls["pause"] == 3


async def test_long_words_that_broke_off_are_completed_without_repetition(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    await wecom.warm()
    calls = 0

    def third_fails(path: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise httpx.ReadTimeout("the line broke")

    platform.before_answer = third_fails
    with pytest.raises(ChannelBusy):
        await wecom.say("一行字" * 700, "zhangsan", "k1")
    await wecom.say("一行字" * 700, "zhangsan", "k1")
    assert len(platform.inbox("zhangsan")) == 4


async def test_more_than_a_person_may_be_sent_waits_instead_of_being_dropped(platform: WeComPlatform) -> None:
    wecom = WeCom(settings(), platform.http(), platform.clock, Limits(burst=3, seconds=60))
    for number in range(3):
        await wecom.say(f"第{number}条", "zhangsan", f"k{number}")
    with pytest.raises(ChannelBusy) as caught:
        await wecom.show(PROPOSED, "ZhangSan", "card:1")
    assert (caught.value.code, caught.value.after) == ("pace", 20.0)
    await wecom.show(PROPOSED, "lisi", "card:1")
    assert (len(platform.inbox("zhangsan")), len(platform.inbox("lisi"))) == (3, 1)


def test_the_default_pace_stays_within_the_limits_of_a_minute_and_an_hour() -> None:
    limits = Limits()
    per_second = limits.burst / limits.seconds
    assert limits.burst + 60 * per_second <= 30
    assert limits.burst + 3600 * per_second <= 1000


@pytest.mark.parametrize("to", ["", "zhangsan|lisi", "@all"])
async def test_nothing_goes_to_more_than_one_person(platform: WeComPlatform, wecom: WeCom, to: str) -> None:
    with pytest.raises(ChannelRefused):
        await wecom.say("你好", to, "k")
    with pytest.raises(ChannelRefused):
        await wecom.refresh(DECIDED, to, CardRef({"response_code": "RC"}))
    assert not platform.messages


async def test_a_person_wecom_does_not_know_is_a_refusal(platform: WeComPlatform, wecom: WeCom) -> None:
    with pytest.raises(ChannelRefused) as caught:
        await wecom.show(PROPOSED, "nobody", "card:1")
    assert (caught.value.code, caught.value.alert) == ("81013", False)


@pytest.mark.parametrize(("field", "alert"), [("invaliduser", False), ("unlicenseduser", True)])
async def test_a_success_that_left_the_person_out_is_a_refusal(
    platform: WeComPlatform, wecom: WeCom, field: str, alert: bool
) -> None:
    platform.script("message/send", JSONResponse({"errcode": 0, "errmsg": "ok", field: "zhangsan"}))
    with pytest.raises(ChannelRefused) as caught:
        await wecom.say("你好", "zhangsan", "k")
    assert caught.value.alert is alert


async def test_an_update_that_left_the_person_out_is_followed_by_a_message(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    ref, _ = await shown_card(platform, wecom)
    platform.script(UPDATE, JSONResponse({"errcode": 0, "errmsg": "ok", "invaliduser": ["zhangsan"]}))
    await wecom.refresh(DECIDED, "zhangsan", ref)
    assert platform.inbox("zhangsan")[-1].content["card_type"] == "text_notice"


async def test_a_busy_platform_during_an_update_keeps_the_code(platform: WeComPlatform, wecom: WeCom) -> None:
    ref, shown = await shown_card(platform, wecom)
    platform.script(UPDATE, 45009)
    with pytest.raises(ChannelBusy):
        await wecom.refresh(DECIDED, "zhangsan", ref)
    await wecom.refresh(DECIDED, "zhangsan", ref)
    assert shown.content["replace_text"] == DECIDED.status


async def test_a_meeting_is_booked_once_per_key_with_its_organizer_among_those_invited(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    booked = {await wecom.book(MEETING, "zhangsan", "k1") for _ in range(2)}
    assert len(booked) == len(platform.schedules) == 1
    schedule = platform.schedules[0]
    assert [one["userid"] for one in schedule["attendees"]] == ["zhangsan", "lisi"]
    assert (schedule["start_time"], schedule["end_time"]) == (1796104800, 1796108400)


async def test_a_meeting_whose_booking_is_uncertain_is_not_booked_again_by_itself(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    lose_answers(platform, "oa/schedule/add")
    with pytest.raises(ChannelRefused, match="look into the calendar"):
        await wecom.book(MEETING, "zhangsan", "k1")
    assert len(platform.schedules) == 1


@pytest.mark.parametrize(("code", "alert"), [(90472, True), (90708, False), (48002, True)])
async def test_a_calendar_that_is_not_to_be_had_is_a_refusal(
    platform: WeComPlatform, wecom: WeCom, code: int, alert: bool
) -> None:
    platform.script("oa/schedule/add", code)
    with pytest.raises(ChannelRefused) as caught:
        await wecom.book(MEETING, "zhangsan", "k1")
    assert caught.value.alert is alert


async def test_a_meeting_that_ends_before_it_starts_never_reaches_the_platform(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    with pytest.raises(ChannelRefused, match="correct the times"):
        await wecom.book({**MEETING, "end": MEETING["start"]}, "zhangsan", "k1")
    assert not platform.schedules


async def test_a_meeting_with_long_words_is_cut_to_what_the_calendar_holds(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    long = "议程" * 600
    await wecom.book({**MEETING, "summary": long, "description": long, "location": long}, "zhangsan", "k1")
    assert len(platform.schedules) == 1
