"""What an AI bot hears, from the platform's own shapes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels import CardReply, ChannelRefused, Entered, FileSent, Heard, Unsupported, UntrustedEnvelope
from bot.channels.wecom_bot.files import opened
from bot.channels.wecom_bot.inbound import read

AT = datetime(2026, 11, 26, 7, 4, tzinfo=UTC)
URL = "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC1"


def callback(kind: str, **payload: Any) -> str:
    base = {
        "msgid": "MSGID0001",
        "aibotid": "AIBOTID",
        "chattype": "single",
        "from": {"userid": "ZhangSan"},
        "response_url": URL,
        "msgtype": kind,
    }
    return json.dumps(base | payload, ensure_ascii=False)


def test_words_come_with_their_quote_and_the_address_of_the_answer() -> None:
    quote = {"msgtype": "text", "text": {"content": "50台什么价"}}
    heard = read(callback("text", text={"content": "华东仁和说的"}, quote=quote), AT)
    assert heard == Heard(
        key="wecom_bot:MSGID0001",
        sender="ZhangSan",
        conversation="wecom_bot:zhangsan",
        text="华东仁和说的",
        at=AT,
        quoted="50台什么价",
        reply_to=heard.reply_to,
    )
    assert heard.reply_to.data == {"response_url": URL}


def test_the_words_of_a_voice_message_and_of_words_with_pictures_are_read() -> None:
    spoken = read(callback("voice", voice={"content": "X200多少钱"}), AT)
    parts = [
        {"msgtype": "text", "text": {"content": "这台能修吗"}},
        {"msgtype": "image", "image": {"url": "https://x.qq.com/1"}},
        {"msgtype": "text", "text": {"content": "急"}},
    ]
    mixed = read(callback("mixed", mixed={"msg_item": parts}), AT)
    assert isinstance(spoken, Heard)
    assert spoken.text == "X200多少钱"
    assert isinstance(mixed, Heard)
    assert mixed.text == "这台能修吗\n急"


def test_a_file_is_fetched_later_and_a_picture_is_not_read() -> None:
    file = read(callback("file", file={"url": "https://a.myqcloud.com/f"}), AT)
    assert isinstance(file, FileSent)
    assert file.ref == {"url": "https://a.myqcloud.com/f"}
    picture = read(callback("image", image={"url": "https://a.myqcloud.com/p"}), AT)
    assert isinstance(picture, Unsupported)
    assert picture.kind == "image"


def test_a_group_gets_no_card_whatever_is_said_there() -> None:
    said = read(
        callback("text", text={"content": "@依据 华东仁和什么等级"}, chattype="group", chatid="c1"), AT
    )
    assert isinstance(said, Unsupported)
    assert said.kind == "group"


def test_a_mention_before_the_words_is_left_out() -> None:
    heard = read(callback("text", text={"content": "@依据 X200 精度多少"}), AT)
    assert isinstance(heard, Heard)
    assert heard.text == "X200 精度多少"


@pytest.mark.parametrize(
    "items",
    ["text", {"selected_item": "text"}, {"selected_item": [1]}, {"selected_item": [{"option_ids": []}]}],
)
def test_choices_of_another_shape_are_refused(items: object) -> None:
    event = {"eventtype": "template_card_event", "template_card_event": {"selected_items": items}}
    with pytest.raises(UntrustedEnvelope, match="malformed"):
        read(callback("event", event=event), AT)


def test_a_tap_brings_what_the_card_showed_and_what_was_chosen() -> None:
    event = {
        "eventtype": "template_card_event",
        "template_card_event": {
            "card_type": "button_interaction",
            "event_key": "correct@d1@3@abc",
            "task_id": "d1@0123456789abcdef",
            "selected_items": {
                "selected_item": [{"question_key": "intent", "option_ids": {"option_id": ["billing"]}}]
            },
        },
    }
    tap = read(callback("event", event=event), AT)
    assert isinstance(tap, CardReply)
    assert (tap.button, tap.decision, tap.version, tap.content_hash) == ("correct", "d1", 3, "abc")
    assert tap.selected == {"intent": "billing"}
    assert tap.reply_to.data["task_id"] == "d1@0123456789abcdef"


def test_an_opened_chat_is_greeted_and_a_rating_only_noted() -> None:
    assert isinstance(read(callback("event", event={"eventtype": "enter_chat"}), AT), Entered)
    rating = {"eventtype": "feedback_event", "feedback_event": {"id": "F1", "type": 1}}
    assert read(callback("event", event=rating), AT) is None


@pytest.mark.parametrize(
    "words",
    ["", "[]", "{}", '{"msgid":"1"}', '{"msgid":"1","from":{"userid":""},"msgtype":"text"}', "\x00"],
)
def test_what_is_no_callback_is_refused(words: str) -> None:
    with pytest.raises(UntrustedEnvelope, match="malformed"):
        read(words, AT)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(32)])
def test_bytes_that_are_no_sealed_file_are_refused(sealed: bytes) -> None:
    with pytest.raises(ChannelRefused):
        opened(sealed, bytes(32))
