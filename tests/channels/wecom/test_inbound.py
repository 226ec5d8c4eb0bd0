"""What callbacks say: words, taps, arrivals, kinds that are not served; and that a redelivery is recognised."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from wechatpy.enterprise.parser import parse_message

from bot.channels import CardReply, Entered, FileSent, Heard, Unsupported, UntrustedEnvelope
from bot.channels.wecom import WeCom, cards
from bot.channels.wecom.inbound import read
from tests.channels.wecom.drawn import DECIDED, PROPOSED
from tests.fakes.wecom_platform import WeComPlatform

TAP = """<xml><ToUserName><![CDATA[corp]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>
<CreateTime>1700000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[template_card_event]]></Event>
<EventKey><![CDATA[{key}]]></EventKey><TaskId><![CDATA[{task}]]></TaskId>
<CardType><![CDATA[button_interaction]]></CardType><ResponseCode><![CDATA[{code}]]></ResponseCode><AgentID>1</AgentID>
<SelectedItems><SelectedItem><QuestionKey><![CDATA[intent]]></QuestionKey>
<OptionIds><OptionId><![CDATA[quote_request]]></OptionId></OptionIds></SelectedItem></SelectedItems></xml>"""


def tap(key: str = "correct@d1@3@00ff", task: str = "d1@77", code: str = "RC") -> CardReply:
    said = read(TAP.format(key=key, task=task, code=code))
    assert isinstance(said, CardReply)
    return said


def test_text_is_heard_with_its_sender_and_time(platform: WeComPlatform, wecom: WeCom) -> None:
    said = wecom.open(platform.say("ZhangSan", "客户华东仁和说：X200 什么价\n第二行 <b>&amp;"))
    assert isinstance(said, Heard)
    assert (said.sender, said.conversation) == ("ZhangSan", "wecom:zhangsan")
    assert said.text == "客户华东仁和说：X200 什么价\n第二行 <b>&amp;"
    assert said.at == platform.now


def test_our_reading_of_a_text_agrees_with_wechatpy() -> None:
    xml = (
        "<xml><ToUserName>corp</ToUserName><FromUserName><![CDATA[lisi]]></FromUserName><CreateTime>1409659813</CreateTime>"
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hello]]></Content><MsgId>4561255354251345929</MsgId></xml>"
    )
    theirs = parse_message(xml)  # type: ignore[no-untyped-call]
    ours = read(xml)
    assert isinstance(ours, Heard)
    assert (ours.sender, ours.text, ours.at) == (theirs.source, theirs.content, theirs.create_time)


def test_a_file_is_named_by_what_it_is_fetched_by(platform: WeComPlatform, wecom: WeCom) -> None:
    sent = wecom.open(platform.send_file("zhangsan", "手册.pdf", b"%PDF"))
    assert isinstance(sent, FileSent)
    assert (sent.sender, sent.ref, sent.name) == ("zhangsan", {"media": next(iter(platform.media))}, "")


@pytest.mark.parametrize("kind", ["image", "voice", "video", "location", "link"])
def test_another_kind_of_message_is_named_as_not_served(
    platform: WeComPlatform, wecom: WeCom, kind: str
) -> None:
    said = wecom.open(platform.send("zhangsan", kind))
    assert isinstance(said, Unsupported)
    assert (said.kind, said.sender) == (kind, "zhangsan")


@pytest.mark.parametrize("event", ["enter_agent", "subscribe"])
def test_who_opens_the_chat_has_entered(platform: WeComPlatform, wecom: WeCom, event: str) -> None:
    assert isinstance(wecom.open(platform.event("zhangsan", event)), Entered)


@pytest.mark.parametrize(
    "event", ["unsubscribe", "LOCATION", "click", "view", "template_card_menu_event", "batch_job_result"]
)
def test_events_that_ask_nothing_of_us_are_passed_over(
    platform: WeComPlatform, wecom: WeCom, event: str
) -> None:
    assert wecom.open(platform.event("zhangsan", event)) is None


def test_events_of_the_system_itself_are_passed_over(platform: WeComPlatform, wecom: WeCom) -> None:
    assert wecom.open(platform.event("sys", "enter_agent")) is None


def test_an_app_that_is_about_to_be_switched_off_leaves_a_warning(
    platform: WeComPlatform, wecom: WeCom
) -> None:
    with capture_logs() as logs:
        assert wecom.open(platform.event("zhangsan", "low_active_alert")) is None
    assert [(line["event"], line["wecom_event"]) for line in logs] == [
        ("wecom_app_fades", "low_active_alert")
    ]


def test_a_tap_brings_back_what_its_card_showed() -> None:
    said = tap("pick:quote_request@d1@3@00ff")
    assert (said.button, said.decision, said.version, said.content_hash) == (
        "pick:quote_request",
        "d1",
        3,
        "00ff",
    )
    assert said.selected == {"intent": "quote_request"}
    assert said.reply_to.data == {"response_code": "RC"}
    assert said.at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_tap_with_a_strange_key_names_its_decision_and_proves_nothing_more() -> None:
    said = tap("confirm", "d1@77aa")
    assert (said.button, said.decision, said.version, said.content_hash) == ("confirm", "d1", None, None)


def test_a_tap_behind_the_label_of_a_decided_card_asks_for_nothing() -> None:
    key = cards.update(DECIDED)["button_list"][0]["key"]
    assert read(TAP.format(key=key, task="d1@77", code="RC")) is None


async def test_a_tap_on_a_card_that_was_shown_comes_back_whole(platform: WeComPlatform, wecom: WeCom) -> None:
    await wecom.show(PROPOSED, "zhangsan", "card:1")
    said = wecom.open(platform.tap(platform.inbox("zhangsan")[0], "修正", {"intent": "product_inquiry"}))
    assert isinstance(said, CardReply)
    assert (said.button, said.decision, said.version, said.content_hash) == (
        "correct",
        PROPOSED.decision,
        PROPOSED.version,
        PROPOSED.content_hash,
    )
    assert said.selected == {"intent": "product_inquiry"}


def test_a_redelivered_message_has_the_same_key(platform: WeComPlatform, wecom: WeCom) -> None:
    first, again = (wecom.open(platform.say("zhangsan", "你好", "4561255354251345929")) for _ in range(2))
    assert isinstance(first, Heard)
    assert first == again


def test_one_message_id_of_two_people_are_two_messages(platform: WeComPlatform, wecom: WeCom) -> None:
    keys = {
        getattr(wecom.open(platform.say(user, "你好", "1")), "key", None) for user in ("zhangsan", "lisi")
    }
    assert len(keys) == 2


def test_two_taps_of_one_second_have_different_keys() -> None:
    assert tap(code="RC-1").key != tap(code="RC-2").key
    assert tap(code="RC-1").key == tap(code="RC-1").key


@pytest.mark.parametrize(
    "xml",
    [
        "<xml><MsgType>text</MsgType></xml>",
        "<xml><FromUserName>a</FromUserName><CreateTime>soon</CreateTime><MsgType>text</MsgType></xml>",
        "<xml><FromUserName>a</FromUserName><CreateTime>-1</CreateTime><MsgType>text</MsgType></xml>",
        "<xml><FromUserName>a</FromUserName><CreateTime>99999999999999999</CreateTime><MsgType>text</MsgType></xml>",
        "<xml>",
        "",
        '<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
    ],
)
def test_sealed_words_of_another_shape_are_refused(xml: str) -> None:
    with pytest.raises(UntrustedEnvelope) as caught:
        read(xml)
    assert caught.value.status == 400
