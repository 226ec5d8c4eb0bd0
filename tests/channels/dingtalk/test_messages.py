"""Robot messages become words, or say what kind they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import FileSent, Heard, ReplyAddress, Unsupported, UntrustedEnvelope
from bot.channels.dingtalk.messages import read_message
from tests.fakes.dingtalk_payloads import UNHURRIED
from tests.fakes.dingtalk_platform import ROBOT

NOW = datetime(2026, 8, 20, 2, 0, tzinfo=UTC)
Said = Callable[..., dict[str, Any]]


def read(payload: object) -> Any:
    return read_message(payload, ROBOT, NOW)


def test_text_is_heard_with_its_sender_and_reply_address(said: Said) -> None:
    heard = read(said())
    assert heard == Heard(
        key="dingtalk:msg0abcDEF==",
        sender="zhangsan",
        conversation="cidA1b2==",
        text="帮我看看合同C-17",
        at=NOW,
        reply_to=ReplyAddress(
            {"webhook": "http://oapi.dingtalk.test/robot/sendBySession?session=1c", "until": 1787196600000}
        ),
        sender_name="张三",
    )


def test_text_in_the_older_places_is_found(said: Said) -> None:
    assert read(said(text=None, content={"content": " 你好"})).text == "你好"
    assert read(said(text=None, content="你好")).text == "你好"


def test_numbers_that_come_as_text_are_read(said: Said) -> None:
    heard = read(said(createAt="1613630252678", sessionWebhookExpiredTime="1613635652738"))
    assert heard.at == datetime(2021, 2, 18, 6, 37, 32, 678000, UTC)
    assert heard.reply_to.data["until"] == 1613635652738


def test_rich_text_is_read_in_order_without_its_pictures(said: Said) -> None:
    pieces = [
        {"text": "客户说:"},
        {"text": "太贵了"},
        {"type": "picture", "downloadCode": "d1"},
        {"text": "怎么回?"},
    ]
    heard = read(said(msgtype="richText", text=None, content={"richText": pieces}))
    assert heard.text == "客户说:太贵了\n怎么回?"


def test_a_voice_message_is_heard_as_the_platform_recognised_it(said: Said) -> None:
    content = {"duration": 2000, "downloadCode": "d1", "recognition": "查一下华东仁和的合同"}
    assert read(said(msgtype="audio", text=None, content=content)).text == "查一下华东仁和的合同"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("picture", {"downloadCode": "d1"}),
        ("audio", {"duration": 2000, "downloadCode": "d1"}),
        ("audio", {"duration": 2000, "downloadCode": "d1", "recognition": " "}),
        ("video", {"duration": "3", "downloadCode": "d1", "videoType": "mp4"}),
        ("file", {"downloadCode": "", "fileName": "合同.pdf"}),
        ("file", "合同.pdf"),
        ("richText", {"richText": [{"type": "picture", "downloadCode": "d1"}]}),
        ("unknownMsgType", {"unknownMsgType": "不支持"}),
    ],
)
def test_what_holds_no_words_is_named_by_its_kind(said: Said, kind: str, content: dict[str, Any]) -> None:
    outcome = read(said(msgtype=kind, text=None, content=content))
    assert isinstance(outcome, Unsupported)
    assert (outcome.kind, outcome.sender, outcome.key) == (kind, "zhangsan", "dingtalk:msg0abcDEF==")
    assert outcome.reply_to.data["webhook"]


def test_a_file_comes_with_its_name_and_the_code_it_is_fetched_by(said: Said) -> None:
    content = {"downloadCode": "d1", "fileName": "合同.pdf", "spaceId": "s", "fileId": "f"}
    sent = read(said(msgtype="file", text=None, content=content))
    assert isinstance(sent, FileSent)
    assert (sent.name, sent.ref, sent.sender, sent.key) == (
        "合同.pdf",
        {"code": "d1"},
        "zhangsan",
        "dingtalk:msg0abcDEF==",
    )
    assert sent.reply_to.data["webhook"]


def test_words_withheld_for_lack_of_quota_are_said_to_be(said: Said) -> None:
    outcome = read(said(text=None, errorCode=20001, errorMessage="quota"))
    assert isinstance(outcome, Unsupported)
    assert outcome.kind == "error 20001"


def test_a_person_without_staff_id_is_an_opaque_stranger(said: Said) -> None:
    for absent in (None, ""):
        assert read(said(senderStaffId=absent)).sender == "$:LWCP_v1:$snd"


def test_in_a_group_each_speaker_is_a_thread_and_answers_do_not_go_to_the_group(said: Said) -> None:
    heard = read(said(conversationType="2", conversationTitle="华东大客户群", isInAtList=True))
    other = read(said(conversationType=2, senderStaffId="lisi"))
    assert heard.conversation != other.conversation
    assert heard.reply_to == ReplyAddress() == other.reply_to


def test_a_quoted_message_is_handed_on_unless_the_robot_said_it(said: Said) -> None:
    def replying(replied: dict[str, Any]) -> str:
        quoted: str = read(said(text={"content": "怎么回", "isReplyMsg": True, "repliedMsg": replied})).quoted
        return quoted

    assert replying({"msgType": "text", "senderId": "$:x", "content": {"text": "太贵了"}}) == "太贵了"
    rich = [
        {"msgType": "text", "content": "交期"},
        {"msgType": "picture", "downloadCode": "d"},
        {"msgType": "text", "content": "多久"},
    ]
    assert replying({"msgType": "richText", "content": {"richText": rich}}) == "交期\n多久"
    assert replying({"msgType": "text", "senderId": "$:LWCP_v1:$bot", "content": {"text": "您好"}}) == ""
    assert replying({"msgType": "interactiveCard", "senderId": "$:x"}) == ""


def test_a_message_without_a_time_counts_from_its_arrival(said: Said) -> None:
    assert read(said(createAt=None)).at == NOW


def test_a_message_without_a_robot_code_is_taken(said: Said) -> None:
    assert read(said(robotCode=None)).text


def test_a_message_for_another_robot_is_refused(said: Said) -> None:
    with pytest.raises(UntrustedEnvelope, match="receiver"):
        read(said(robotCode="dingother"))


def test_what_the_store_cannot_hold_does_not_get_in(said: Said) -> None:
    assert read(said(text={"content": "价\x00格"})).text == "价格"
    with pytest.raises(UntrustedEnvelope):
        read(said(msgId="a\x00b"))


@pytest.mark.parametrize(
    "change",
    [
        {"msgId": None},
        {"msgId": ""},
        {"msgId": {}},
        {"msgtype": None},
        {"conversationId": None},
        {"createAt": "soon"},
        {"createAt": 10**18},
        {"text": "你好"},
        {"senderStaffId": None, "senderId": None},
    ],
)
def test_another_shape_is_refused_as_a_bad_request(said: Said, change: dict[str, Any]) -> None:
    with pytest.raises(UntrustedEnvelope) as refused:
        read(said(**change))
    assert (refused.value.reason, refused.value.status) == ("shape", 400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["msgtype", "text", "content", "createAt", "senderStaffId", "conversationType", "errorCode"]
)


@UNHURRIED
@given(JSON)
def test_any_json_is_read_or_refused(payload: object) -> None:
    with pytest.raises(UntrustedEnvelope):
        read(payload)


@UNHURRIED
@given(st.dictionaries(FIELDS, JSON), st.sampled_from(["text", "richText", "audio", "picture"]))
def test_any_content_is_read_or_refused(changes: dict[str, Any], kind: str) -> None:
    whole = {"msgId": "m1", "msgtype": kind, "conversationId": "c1", "senderId": "$:s"} | changes
    try:
        outcome = read(whole)
    except UntrustedEnvelope as refused:
        outcome = refused
    assert isinstance(outcome, Heard | Unsupported) or outcome.status == 400
