"""A language model is plugged in: the whole server runs, the card comes first, its draft reads better a moment later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from bot.channels.dingtalk import DingTalk
from bot.settings import DingTalkSettings
from tests.fakes.clock import Clock
from tests.fakes.dingtalk_chat import SETTINGS, DingTalkChat, WatchedLine
from tests.fakes.dingtalk_gateway import DingTalkGateway
from tests.fakes.openai_server import hangs, rewords, serving
from tests.fakes.product import ASKED, PUBLIC_URL, DemoCompany, start
from tests.fakes.wecom_platform import WeComPlatform

MESSAGES = "/v1.0/im/bot/messages/get"


async def test_a_dingtalk_card_comes_first_and_reads_better_when_the_model_has_spoken(
    demo: DemoCompany,
    data_dir: Path,
    clock: Clock,
    wecom: WeComPlatform,
    chat: DingTalkChat,
    line: WatchedLine,
) -> None:
    spoken = asyncio.Event()
    better = rewords(lambda draft: draft.replace("感谢您的消息!", "谢谢您的询问!"))
    mode = DingTalkSettings.model_validate(SETTINGS | {"mode": "stream"})
    async with serving(hangs(spoken, better)) as model, httpx.AsyncClient(transport=line) as http:
        channel = DingTalk(mode, http, clock, per_second=10_000, card_callback=f"{PUBLIC_URL}/dingtalk/card")
        more = {"dingtalk": channel}
        llm = {"base_url": model.url, "model": "qwen-test"}
        product = start(demo, data_dir, clock, wecom, more=more, dingtalk=mode.model_dump(), llm=llm)
        async with (
            DingTalkGateway(chat.platform).listening() as gateway,
            product.app.router.lifespan_context(product.app),
        ):
            socket = await gateway.connection()
            await gateway.push(socket, "CALLBACK", MESSAGES, chat.message("zhangsan", ASKED))
            await line.until(lambda: len(chat.cards("zhangsan")) == 1)
            (track,) = chat.cards("zhangsan")
            assert "感谢您的消息" in " ".join(chat.shown(track).values())
            spoken.set()
            await line.until(lambda: "谢谢您的询问" in " ".join(chat.shown(track).values()))
        assert chat.cards("zhangsan") == [track]
        (decision,) = product.decisions()
        assert (decision.version, decision.draft.written_by) == (1, "qwen-test")
        await product.web.aclose()
