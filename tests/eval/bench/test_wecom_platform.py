"""The stub behaves as WeCom's pages say: duplicates, codes that work once, cards that change, wrong shapes."""

from __future__ import annotations

from typing import Any

import pytest

from eval.bench.wecom_platform import CannotTap, WeComPlatform

from .conftest import AGENT, Clock, card, message


def test_a_token_is_given_for_the_right_secret_only(platform: WeComPlatform) -> None:
    assert platform.gettoken("ww1", "s3cret")["access_token"] == platform.access_token
    assert platform.gettoken("ww1", "guess")["errcode"] == 40001
    assert platform.gettoken("ww2", "s3cret")["errcode"] == 40013


def test_a_wrong_token_sends_nothing(platform: WeComPlatform) -> None:
    assert platform.send("old", message("hi"))["errcode"] == 40014
    assert not any(arrival.was_seen for arrival in platform.arrivals)


def test_the_same_json_is_seen_once_within_the_interval(platform: WeComPlatform, clock: Clock) -> None:
    first = message(card(), duplicate_check_interval=600)
    answers = [platform.send(platform.access_token, first) for _ in range(2)]
    assert [answer["errcode"] for answer in answers] == [0, 0]
    assert [arrival.was_seen for arrival in platform.arrivals] == [True, False]
    words = message("hi", duplicate_check_interval=600)
    platform.send(platform.access_token, words)
    clock.now += 601
    platform.send(platform.access_token, words)
    assert [arrival.was_seen for arrival in platform.arrivals[2:]] == [True, True]


def test_without_the_duplicate_check_everything_is_seen(platform: WeComPlatform) -> None:
    for _ in range(2):
        platform.send(platform.access_token, message("hi", enable_duplicate_check=0))
    assert [arrival.was_seen for arrival in platform.arrivals] == [True, True]


def test_another_message_with_a_task_id_that_is_taken_is_refused(platform: WeComPlatform) -> None:
    platform.send(platform.access_token, message(card()))
    other = message(card(main_title={"title": "技术咨询"}))
    assert platform.send(platform.access_token, other)["errcode"] == 42014


def test_a_response_code_changes_a_card_once(platform: WeComPlatform) -> None:
    code = platform.send(platform.access_token, message(card()))["response_code"]
    body = {
        "userids": ["zhangsan"],
        "agentid": AGENT,
        "response_code": code,
        "button": {"replace_name": "已确认"},
    }
    assert platform.update(platform.access_token, body) == {"errcode": 0, "errmsg": "ok", "invaliduser": []}
    assert platform.cards["zhangsan", "dec-1"].keys == []
    assert platform.update(platform.access_token, body)["errcode"] == 60140


def test_a_response_code_ends_after_three_days(platform: WeComPlatform, clock: Clock) -> None:
    code = platform.send(platform.access_token, message(card()))["response_code"]
    clock.now += 72 * 3600 + 1
    body = {"userids": ["zhangsan"], "agentid": AGENT, "response_code": code, "template_card": card()}
    assert platform.update(platform.access_token, body)["errcode"] == 60140


def test_an_update_for_somebody_who_never_had_the_card_names_them(platform: WeComPlatform) -> None:
    code = platform.send(platform.access_token, message(card()))["response_code"]
    body = {"userids": ["lisi"], "agentid": AGENT, "response_code": code, "template_card": card()}
    assert platform.update(platform.access_token, body)["invaliduser"] == ["lisi"]


def test_a_tap_brings_a_fresh_code_and_needs_a_button_that_is_there(platform: WeComPlatform) -> None:
    sent = platform.send(platform.access_token, message(card(), user="ZhangSan"))["response_code"]
    code = platform.tap("zhangsan", "dec-1", "confirm")
    assert code != sent
    grey = {
        "userids": ["zhangsan"],
        "agentid": AGENT,
        "response_code": code,
        "template_card": card(replace_text="已确认"),
    }
    assert platform.update(platform.access_token, grey)["errcode"] == 0
    for user, task, key in (
        ("zhangsan", "dec-1", "confirm"),
        ("lisi", "dec-1", "confirm"),
        ("zhangsan", "x", "confirm"),
    ):
        with pytest.raises(CannotTap):
            platform.tap(user, task, key)


WRONG: dict[str, tuple[dict[str, Any], int]] = {
    "another app's id": (message("hi", agentid=1), 40056),
    "nobody to send to": (message("hi", user=""), 82001),
    "a list of users": (message("hi", touser=["a"]), 40032),
    "an unknown kind": (message("hi", msgtype="poem"), 40008),
    "no words": (message("  "), 44004),
    "more than 2048 bytes": (message("字" * 683), 45002),
    "an unknown card": (message(card(card_type="poster")), 42031),
    "no task id": (message(card(task_id="")), 42014),
    "a task id of other letters": (message(card(task_id="dec/1")), 42014),
    "no title": (message(card(main_title={"desc": "x"})), 42033),
    "no buttons": (message(card(button_list=[])), 42038),
    "seven buttons": (message(card(button_list=[{"text": "x", "key": str(n)} for n in range(7)])), 42038),
    "two buttons of one key": (
        message(card(button_list=[{"text": "x", "key": "a"}, {"text": "y", "key": "a"}])),
        42039,
    ),
    "a button that opens nothing": (message(card(button_list=[{"text": "x", "type": 1}])), 42028),
    "a key of 1025 bytes": (message(card(button_list=[{"text": "x", "key": "k" * 1025}])), 42039),
    "seven rows": (message(card(horizontal_content_list=[{"keyname": "x", "value": "y"}] * 7)), 42035),
    "a row without a name": (message(card(horizontal_content_list=[{"value": "y"}])), 42027),
    "a row that links to nothing": (
        message(card(horizontal_content_list=[{"type": 1, "keyname": "x"}])),
        42028,
    ),
    "eleven choices": (
        message(
            card(
                button_selection={
                    "question_key": "q",
                    "option_list": [{"id": str(n), "text": "x"} for n in range(11)],
                }
            )
        ),
        42037,
    ),
    "a choice twice": (
        message(card(button_selection={"question_key": "q", "option_list": [{"id": "a", "text": "x"}] * 2})),
        42040,
    ),
    "a chosen one that is no choice": (
        message(
            card(
                button_selection={
                    "question_key": "q",
                    "selected_id": "b",
                    "option_list": [{"id": "a", "text": "x"}],
                }
            )
        ),
        42040,
    ),
    "a notice that leads nowhere": (message(card(card_type="text_notice", button_list=None)), 42045),
    "an action without an address": (message(card(card_action={"type": 1})), 42028),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_wecom_would_refuse_is_refused(name: str, platform: WeComPlatform) -> None:
    body, code = WRONG[name]
    assert platform.send(platform.access_token, body)["errcode"] == code
    assert not platform.arrivals[-1].was_seen


def test_an_update_without_a_person_or_a_change_is_refused(platform: WeComPlatform) -> None:
    code = platform.send(platform.access_token, message(card()))["response_code"]
    good = {"userids": ["zhangsan"], "agentid": AGENT, "response_code": code, "button": {"replace_name": "x"}}
    assert platform.update(platform.access_token, good | {"userids": "zhangsan"})["errcode"] == 40031
    assert platform.update(platform.access_token, good | {"button": {}})["errcode"] == 40058
    assert platform.update(platform.access_token, good)["errcode"] == 0


def test_a_meeting_that_ends_before_it_starts_is_refused(platform: WeComPlatform) -> None:
    schedule = {"admins": ["zhangsan"], "start_time": 100, "end_time": 200, "summary": "演示"}
    assert platform.schedule(platform.access_token, {"schedule": schedule})["schedule_id"] == "schedule-1"
    backwards = {"schedule": schedule | {"end_time": 50}}
    assert platform.schedule(platform.access_token, backwards)["errcode"] == 40058
