"""Meetings are booked once, for people the platform knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels import ChannelBusy, ChannelRefused
from bot.channels.dingtalk import DingTalk
from tests.fakes.dingtalk_platform import DingTalkPlatform

USER = "/topapi/v2/user/get"
EVENTS = "/v1.0/calendar/users/union-zhangsan/calendars/primary/events"


@pytest.fixture
def meeting() -> dict[str, Any]:
    return {
        "summary": "与华东仁和复盘报价",
        "description": "客户要求降价",
        "start": datetime(2026, 8, 20, 2, 0, tzinfo=UTC),
        "end": datetime(2026, 8, 20, 2, 30, tzinfo=UTC),
        "location": "A-301",
        "attendees": ["lisi", "zhangsan", "lisi"],
    }


async def test_a_meeting_stands_in_the_organizers_calendar_in_local_time(
    dingtalk: DingTalk, platform: DingTalkPlatform, meeting: dict[str, Any]
) -> None:
    assert await dingtalk.book(meeting, "zhangsan", "w1-calendar") == "event-1"
    event = next(iter(platform.events.values()))
    assert event["owner"] == "union-zhangsan"
    assert event["start"] == {"dateTime": "2026-08-20T10:00:00+08:00", "timeZone": "Asia/Shanghai"}
    assert event["end"]["dateTime"] == "2026-08-20T10:30:00+08:00"
    assert event["attendees"] == [{"id": "union-lisi", "isOptional": False}]
    assert event["location"] == {"displayName": "A-301"}


async def test_the_same_key_books_once(
    dingtalk: DingTalk, platform: DingTalkPlatform, meeting: dict[str, Any]
) -> None:
    platform.lose_answer(EVENTS)
    with pytest.raises(ChannelBusy):
        await dingtalk.book(meeting, "zhangsan", "w1-calendar")
    assert await dingtalk.book(meeting, "zhangsan", "w1-calendar") == "event-1"
    assert await dingtalk.book(meeting, "zhangsan", "w2-calendar") == "event-2"
    assert len(platform.events) == 2


async def test_people_are_looked_up_once(
    dingtalk: DingTalk, platform: DingTalkPlatform, meeting: dict[str, Any]
) -> None:
    await dingtalk.book(meeting, "zhangsan", "w1")
    await dingtalk.book(meeting, "zhangsan", "w2")
    assert platform.count(USER) == 2


async def test_a_guest_the_platform_does_not_know_is_left_out(
    dingtalk: DingTalk, platform: DingTalkPlatform, meeting: dict[str, Any]
) -> None:
    await dingtalk.book(meeting | {"attendees": ["outsider", "lisi"]}, "zhangsan", "w1")
    assert [guest["id"] for guest in next(iter(platform.events.values()))["attendees"]] == ["union-lisi"]


async def test_an_organizer_the_platform_does_not_know_is_refused(
    dingtalk: DingTalk, meeting: dict[str, Any]
) -> None:
    with pytest.raises(ChannelRefused, match="33012"):
        await dingtalk.book(meeting, "outsider", "w1")


async def test_an_app_that_may_not_write_calendars_calls_an_operator(
    dingtalk: DingTalk, platform: DingTalkPlatform, meeting: dict[str, Any]
) -> None:
    denied = {"requiredScopes": ["Calendar.Event.Write"]}
    platform.fail(
        EVENTS, "Forbidden.AccessDenied.AccessTokenPermissionDenied", 403, accessdenieddetail=denied
    )
    with pytest.raises(ChannelRefused, match="the app lacks Calendar.Event.Write") as refused:
        await dingtalk.book(meeting, "zhangsan", "w1")
    assert refused.value.alert


async def test_a_meeting_without_place_or_guests_is_booked(
    dingtalk: DingTalk, platform: DingTalkPlatform, meeting: dict[str, Any]
) -> None:
    bare = {key: meeting[key] for key in ("summary", "start", "end")}
    assert await dingtalk.book(bare, "zhangsan", "w1") == "event-1"
    assert "location" not in next(iter(platform.events.values()))
