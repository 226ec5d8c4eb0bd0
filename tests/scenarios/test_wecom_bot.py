"""The AI bot's chat: it can only answer, each address once, and a card changes only in the answer to its tap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel, create_engine

from bot.channels import ChannelRefused, Envelope
from bot.channels.wecom_bot import Addresses, WeComBot
from bot.decision import State
from bot.markdown_table import Table
from bot.store import Store
from bot.tables import ActionRow, BotAddressRow
from knowledge import Library
from tests.channels.wecom.test_notices import WEEK
from tests.fakes import wecom_platform
from tests.fakes.clock import Clock
from tests.fakes.product import ASKED, DemoCompany, Product, settings_for, start
from tests.fakes.wecom_bot_platform import SETTINGS, BotPlatform, card_problem
from tests.fakes.wecom_platform import WeComPlatform

MANUAL = "# X900离心机用户手册\n\n## 技术参数\n\nX900 最高转速 21000 r/min。\n".encode()


@pytest.fixture
def platform(clock: Clock) -> BotPlatform:
    return BotPlatform(clock)


@pytest.fixture
async def office(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform, platform: BotPlatform
) -> AsyncIterator[Product]:
    """The product with an AI bot beside the app."""
    store = Store(settings_for(data_dir).database)
    http = platform.http()
    bot = WeComBot(wecom_platform.settings(**SETTINGS), Addresses(store, clock), clock, http)
    running = start(demo, data_dir, clock, wecom, more={"wecom_bot": bot})
    yield running
    await running.close()
    await http.aclose()
    store.close()


async def sends(office: Product, envelope: Envelope) -> None:
    office.pass_by(seconds=1)
    answer = await office.deliver(envelope, "/wecom/bot")
    assert (answer.status_code, answer.content) == (200, b"")
    await office.settle()


async def answered(office: Product, platform: BotPlatform, envelope: Envelope) -> dict[str, Any]:
    """What a callback's response says when the work is done while it waits."""
    arrived, loop = asyncio.Event(), asyncio.get_running_loop()
    office.parts.store.announce = lambda names: loop.call_soon_threadsafe(arrived.set)

    async def work() -> None:
        await arrived.wait()
        await office.settle()

    response, _ = await asyncio.gather(office.deliver(envelope, "/wecom/bot"), work())
    assert response.status_code == 200
    return platform.opened(response.content) if response.content else {}


def receipts(platform: BotPlatform) -> str:
    """The rows of the newest card: what was done."""
    return str(platform.cards()[-1]["horizontal_content_list"])


async def test_pasted_words_become_a_card_at_the_address_they_brought(
    office: Product, platform: BotPlatform
) -> None:
    await sends(office, platform.say("zhangsan", ASKED))
    (card,) = platform.cards()
    assert card["card_type"] == "button_interaction"
    assert [one["text"] for one in card["button_list"]][:2] == ["确认", "修正"]
    assert card["card_action"]["url"].startswith("http://yiju.test/d/")


async def test_a_notice_uses_the_address_that_is_left_in_the_bots_narrower_form(
    office: Product, platform: BotPlatform
) -> None:
    await office.deliver(platform.say("chenjing", "在吗"), "/wecom/bot")  # and nobody has answered yet
    await office.parts.channels["wecom_bot"].notify(WEEK, "chenjing", "notice:1")
    card = platform.cards()[-1]
    assert (card["card_type"], card["jump_list"][0]["url"]) == ("text_notice", WEEK.url)
    assert card_problem(card) == ""


async def test_a_tap_changes_the_card_in_its_response_and_the_receipt_follows(
    office: Product, platform: BotPlatform
) -> None:
    await sends(office, platform.say("zhangsan", ASKED))
    (card,) = platform.cards()
    answer = await answered(office, platform, platform.tap("zhangsan", card, "确认"))
    assert answer["response_type"] == "update_template_card"
    assert answer["template_card"]["task_id"] == card["task_id"]
    assert "张三" in answer["template_card"]["replace_text"]
    assert card_problem(answer["template_card"]) == ""
    assert office.decisions()[0].state is State.CARRIED_OUT
    assert "OPP-" in receipts(platform)


async def test_a_tap_that_nobody_works_in_time_is_not_lost(
    office: Product, platform: BotPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.gateway.BOT_ANSWER_S", 0.0)
    await sends(office, platform.say("zhangsan", ASKED))
    (card,) = platform.cards()
    await sends(office, platform.tap("zhangsan", card, "确认"))
    assert office.decisions()[0].state is State.CARRIED_OUT
    assert "OPP-" in receipts(platform)


async def test_a_question_is_answered_with_its_source(office: Product, platform: BotPlatform) -> None:
    await sends(office, platform.say("zhangsan", "X200 最高转速多少"))
    assert "r/min" in platform.words()[-1]


async def test_a_comparison_is_a_table_which_the_ai_bots_chat_shows(
    office: Product, platform: BotPlatform
) -> None:
    await sends(office, platform.say("zhangsan", "X200 和 X350 差在哪"))
    (words,) = platform.words()
    assert "\n\n| 参数 | X200 | X350 |\n| --- | --- | --- |\n" in words
    assert "| 最高转速 | 16500 r/min | 4500 r/min |" in words.splitlines()


async def test_a_table_too_long_for_one_answer_goes_out_in_lines(
    office: Product, platform: BotPlatform
) -> None:
    table = Table(("参数", "X200", "X350"), tuple((f"参数{n}", "甲" * 300, "乙" * 300) for n in range(14)))
    await office.deliver(platform.say("zhangsan", "在吗"), "/wecom/bot")
    await office.deliver(platform.say("zhangsan", "在吗在吗"), "/wecom/bot")
    await office.parts.channels["wecom_bot"].say(f"对照\n\n{table}", "zhangsan", "k1")
    assert [line for words in platform.words() for line in words.splitlines()] == ["对照", *table.lines]


async def test_an_opened_chat_is_greeted_in_the_response(office: Product, platform: BotPlatform) -> None:
    answer = await answered(office, platform, platform.enter("zhangsan"))
    assert answer["msgtype"] == "text"
    assert answer["text"]["content"].startswith("张三您好")


async def test_a_callback_that_comes_twice_is_worked_once(office: Product, platform: BotPlatform) -> None:
    again = platform.message("zhangsan", "text", {"content": ASKED}, msgid="SAME")
    await sends(office, again)
    await sends(office, again)
    assert len(platform.cards()) == 1


async def test_an_address_is_used_once_and_the_app_says_the_rest(
    office: Product, platform: BotPlatform, wecom: WeComPlatform
) -> None:
    channel = office.parts.channels["wecom_bot"]
    await sends(office, platform.say("zhangsan", "X200 最高转速多少"))
    with pytest.raises(ChannelRefused, match="must write to the AI bot first"):
        await channel.say("还有一句", "zhangsan", "k1")
    channel._app = office.parts.channels["wecom"]  # type: ignore[attr-defined]
    await channel.say("还有一句", "zhangsan", "k2")
    assert wecom.inbox("zhangsan")[-1].content == {"content": "还有一句"}


async def test_a_message_that_was_sent_is_not_sent_again_after_a_crash(
    office: Product, platform: BotPlatform
) -> None:
    channel = office.parts.channels["wecom_bot"]
    await office.deliver(platform.say("zhangsan", "在吗"), "/wecom/bot")
    await channel.say("您好", "zhangsan", "k1")
    await channel.say("您好", "zhangsan", "k1")
    assert platform.words() == ["您好"]


async def test_a_platform_that_is_down_is_tried_again(office: Product, platform: BotPlatform) -> None:
    platform.down = True
    await sends(office, platform.say("zhangsan", ASKED))
    assert platform.cards() == []
    platform.down = False
    office.pass_by(seconds=90)
    await office.settle()
    assert len(platform.cards()) == 1


async def test_old_addresses_are_forgotten(office: Product, platform: BotPlatform) -> None:
    await sends(office, platform.say("zhangsan", "X200 最高转速多少"))
    office.pass_by(hours=3)
    await sends(office, platform.say("zhangsan", "X200 精度多少"))
    assert office.count(BotAddressRow) == 1


async def test_a_rep_who_sends_a_file_hears_whom_to_ask(office: Product, platform: BotPlatform) -> None:
    await sends(office, platform.send_file("zhangsan", "X900.md", MANUAL))
    assert "陈静" in platform.words()[-1]


async def test_a_managers_file_becomes_a_document_that_answers(
    demo: DemoCompany,
    data_dir: Path,
    clock: Clock,
    wecom: WeComPlatform,
    platform: BotPlatform,
    tmp_path: Path,
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shelf.db'}")
    SQLModel.metadata.create_all(engine)
    shelf = Library(engine, tmp_path / "shelf")
    store = Store(settings_for(data_dir).database)
    async with platform.http() as http:
        bot = WeComBot(wecom_platform.settings(**SETTINGS), Addresses(store, clock), clock, http)
        with_shelf = DemoCompany(demo.data_dir, shelf)
        running = start(with_shelf, data_dir, clock, wecom, more={"wecom_bot": bot})
        await sends(running, platform.send_file("chenjing", "X900.md", MANUAL))
        heard = platform.words()[-1]
        await running.close()
    assert "《X900》V1" in heard
    assert [(one.file_name, one.owner) for one in shelf.list()] == [("X900.md", "chenjing")]
    assert shelf.search("X900 最高转速多少").answerable
    store.close()
    engine.dispose()


async def test_a_file_from_elsewhere_is_not_fetched(office: Product, platform: BotPlatform) -> None:
    elsewhere = platform.message("chenjing", "file", {"url": "http://169.254.169.254/latest"})
    await sends(office, elsewhere)
    assert platform.words()[-1].startswith("没有收录")
    assert office.count(ActionRow) == 0


async def test_a_sealed_file_opens_with_the_bots_key(office: Product, platform: BotPlatform) -> None:
    platform.send_file("chenjing", "X900.md", b"# X900")
    channel = office.parts.channels["wecom_bot"]
    assert isinstance(channel, WeComBot)
    got = await channel.download({"url": "https://qyapi.weixin.qq.com/files/X900.md"}, 1000)
    assert (got.content, got.name) == (b"# X900", "X900.md")
    with pytest.raises(ChannelRefused, match="run out"):
        await channel.download({"url": "https://qyapi.weixin.qq.com/files/gone.md"}, 1000)


async def test_a_group_is_asked_to_write_alone(office: Product, platform: BotPlatform) -> None:
    said = platform.message("zhangsan", "text", {"content": ASKED}, chattype="group", chatid="c1")
    await sends(office, said)
    assert "群" in platform.words()[-1]
    assert platform.cards() == []


async def test_the_address_is_checked_as_the_platform_does(office: Product, platform: BotPlatform) -> None:
    check = await office.deliver(platform.seal.check("4711", office.clock()), "/wecom/bot")
    assert check.text == "4711"
    forged = platform.say("zhangsan", ASKED)
    forged = Envelope(
        "POST", {}, {**forged.query, "msg_signature": "0" * 40}, forged.body, forged.received_at
    )
    assert (await office.deliver(forged, "/wecom/bot")).status_code == 403
