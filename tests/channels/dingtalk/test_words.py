"""Words take the shortest way that still reaches the person, in pieces a message can hold, none of them twice."""

from __future__ import annotations

import pytest

from bot.card import Notice
from bot.channels import ChannelBusy, ChannelRefused, ReplyAddress
from bot.channels.dingtalk import DingTalk
from bot.channels.dingtalk.words import markdown, title_of
from bot.markdown_table import Table
from tests.fakes.dingtalk_payloads import Clock
from tests.fakes.dingtalk_platform import DingTalkPlatform

SEND = "/v1.0/robot/oToMessages/batchSend"
SESSION = "/robot/sendBySession"


def address(
    clock: Clock, seconds: float = 5400, url: str = "http://oapi.dingtalk.test/robot/sendBySession?session=1c"
) -> ReplyAddress:
    return ReplyAddress({"webhook": url, "until": int((clock.now.timestamp() + seconds) * 1000)})


async def test_an_answer_goes_through_the_messages_own_webhook(
    dingtalk: DingTalk, platform: DingTalkPlatform, clock: Clock
) -> None:
    platform.sessions.add("1c")
    await dingtalk.say("**已查到** 合同C-17\n有效期到 12 月", "zhangsan", "k1", address(clock))
    assert platform.session_said == [
        {"title": "已查到 合同C-17", "text": "**已查到** 合同C-17  \n有效期到 12 月"}
    ]
    assert platform.said == []
    assert platform.tokens == []


async def test_a_table_which_dingtalk_does_not_promise_to_show_is_a_line_for_each_row(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    table = Table(("参数", "X200", "X350"), (("转速", "300 rpm", "350 rpm"), ("制冷", "—", "有")))
    await dingtalk.say(f"**对照**:2 项不同\n\n{table}\n\n> 《手册》", "zhangsan", "k1")
    (said,) = platform.said
    lines = ["**对照**:2 项不同", "· 转速:X200 300 rpm;X350 350 rpm", "· 制冷:X200 —;X350 有", "> 《手册》"]
    assert said == {"to": "zhangsan", "title": "对照:2 项不同", "text": "  \n".join(lines)}


async def test_without_a_webhook_the_robot_says_it(dingtalk: DingTalk, platform: DingTalkPlatform) -> None:
    await dingtalk.say("早上好", "zhangsan", "k1")
    assert platform.said == [{"to": "zhangsan", "title": "早上好", "text": "早上好"}]


@pytest.mark.parametrize("seconds", [-1, 30])
async def test_a_webhook_at_its_end_is_not_used(
    dingtalk: DingTalk, platform: DingTalkPlatform, clock: Clock, seconds: float
) -> None:
    platform.sessions.add("1c")
    await dingtalk.say("早上好", "zhangsan", "k1", address(clock, seconds))
    assert (len(platform.said), platform.session_said) == (1, [])


async def test_a_webhook_that_ended_early_falls_back_to_the_robot(
    dingtalk: DingTalk, platform: DingTalkPlatform, clock: Clock
) -> None:
    await dingtalk.say("早上好", "zhangsan", "k1", address(clock))
    assert platform.count(SESSION) == 1
    assert len(platform.said) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/robot/sendBySession?session=1c",
        "https://oapi.dingtalk.test/robot/sendBySession?session=1c",
        "http://oapi.dingtalk.test@evil.example/",
        "http://127.0.0.1:8000/",
    ],
)
async def test_a_webhook_that_leads_elsewhere_is_never_called(
    dingtalk: DingTalk, platform: DingTalkPlatform, clock: Clock, url: str
) -> None:
    await dingtalk.say("早上好", "zhangsan", "k1", address(clock, url=url))
    assert {path for _, path, _ in platform.calls} == {"/v1.0/oauth2/accessToken", SEND}


async def test_long_words_go_out_in_pieces(dingtalk: DingTalk, platform: DingTalkPlatform) -> None:
    words = "\n".join(f"{number} 号条款:{'内容' * 100}" for number in range(60))
    await dingtalk.say(words, "zhangsan", "k1")
    assert len(platform.said) > 2
    assert "".join("".join(said["text"] for said in platform.said).split()) == "".join(words.split())


async def test_a_repetition_goes_on_where_the_last_try_stopped(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    words = "\n".join(f"{number} 号条款:{'内容' * 100}" for number in range(60))
    platform.let_through(SEND)
    platform.fail(SEND, "system.busy", 500)
    with pytest.raises(ChannelBusy):
        await dingtalk.say(words, "zhangsan", "k1")
    assert len(platform.said) == 1
    await dingtalk.say(words, "zhangsan", "k1")
    texts = [said["text"] for said in platform.said]
    assert len(texts) == len(set(texts))
    assert "".join("".join(texts).split()) == "".join(words.split())


async def test_a_user_the_platform_does_not_know_is_refused(dingtalk: DingTalk) -> None:
    with pytest.raises(ChannelRefused, match="does not know") as refused:
        await dingtalk.say("早上好", "nobody", "k1")
    assert not refused.value.alert


async def test_nothing_to_say_sends_nothing(dingtalk: DingTalk, platform: DingTalkPlatform) -> None:
    await dingtalk.say(" \n", "zhangsan", "k1")
    assert platform.calls == []


def test_line_ends_are_kept_and_paragraphs_stay() -> None:
    assert markdown("一\n二\n\n三 \n四\n") == "一  \n二\n\n三  \n四"


def test_a_title_is_the_first_line_without_its_marks() -> None:
    assert title_of("\n### **报价** 见 [价格表](https://x.example)\n二") == "报价 见 价格表"
    assert title_of("…" * 100).endswith("…")
    assert title_of("") == "依据"


async def test_a_notice_is_a_card_of_the_robots_own_with_one_button(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    url = "https://yiju.test/console/board?days=7"
    notice = Notice(
        "上周团队的卡片",
        "共 2 张",
        "50%(1/2)",
        "闭环率",
        (("驳回", "1 张"), ("<甲>", "[a](b)")),
        "打开看板",
        url,
    )
    await dingtalk.notify(notice, "zhangsan", "k1")
    (said,) = platform.said
    assert (said["title"], said["singleTitle"], said["singleURL"]) == ("上周团队的卡片", "打开看板", url)
    assert said["text"].startswith("### 上周团队的卡片\n\n共 2 张\n\n闭环率 **50%(1/2)**\n\n驳回: 1 张")
    assert "[a](b)" not in said["text"]


async def test_a_notice_to_somebody_unknown_is_refused(
    dingtalk: DingTalk, platform: DingTalkPlatform
) -> None:
    with pytest.raises(ChannelRefused):
        await dingtalk.notify(Notice("a", "b", "c", "d", (), "e", "https://yiju.test"), "nobody", "k1")
