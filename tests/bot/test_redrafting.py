"""Better drafts on the real product with a real endpoint: the card first, the better words in place, nothing unsupported."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from sqlmodel import Session

from bot import journal, people
from bot.app import assemble
from bot.decision import DecisionId, Draft, State
from bot.doctor import examine
from bot.errors import MoveRefused
from bot.redrafting import MOST_WAITING, Outcome, Redrafting
from bot.tables import ActionRow, OutboxRow
from crm_bridge import CrmUnavailable
from prompts import content_hash
from tests.fakes.clock import START, Clock
from tests.fakes.decisions import a_decision
from tests.fakes.openai_server import (
    Answer,
    OpenAIServer,
    cuts_off,
    draft_of,
    drafts,
    drips,
    fails,
    hangs,
    raw,
    rewords,
    says,
    serving,
)
from tests.fakes.product import ASKED, WECOM_USERS, DemoCompany, Product, settings_for, start
from tests.fakes.wecom_platform import Shown, WeComPlatform

NAME = "qwen-test"


def politely(draft: str) -> str:
    return draft.replace("感谢您的消息!您问的内容答复如下:", "谢谢您的询问,逐条答复您:")


Open = Callable[..., Any]


@pytest.fixture
def opened(demo: DemoCompany, tmp_path: Path, clock: Clock) -> Open:
    """The product with WeCom over a copy of the demo company, beside an endpoint with this script."""
    data_dir = demo.copy_to(tmp_path / "data")

    @asynccontextmanager
    async def open_with(
        *script: Answer, timeout_s: float = 20
    ) -> AsyncIterator[tuple[Product, OpenAIServer]]:
        async with serving(*script) as server:
            llm = {"base_url": server.url, "model": NAME, "api_key": "sk-1", "timeout_s": timeout_s}
            product = start(demo, data_dir, clock, WeComPlatform(WECOM_USERS, START), llm=llm)
            try:
                yield product, server
            finally:
                await redrafting_of(product).model.close()
                await product.close()

    return open_with


def redrafting_of(product: Product) -> Redrafting:
    redrafting = product.parts.redrafting
    assert redrafting is not None
    return redrafting


async def improved(product: Product) -> list[Outcome]:
    """Ask for what waits and bring the cards up to date."""
    outcomes = await redrafting_of(product).drain()
    await product.settle()
    return outcomes


def copy_of(card: Shown) -> Shown:
    """The card as it looks now, whatever becomes of it."""
    return Shown(card.user, card.kind, dict(card.content), card.msgid, card.task)


def draft_on(card: Shown) -> str:
    return str(card.content["sub_title_text"])


async def test_the_card_goes_out_with_the_template_draft_and_changes_in_place(opened: Open) -> None:
    async with opened(rewords(politely)) as (product, server):
        await product.hears("zhangsan", ASKED)
        (card,) = product.cards("zhangsan")
        before = product.decision(card)
        assert server.requests == []
        assert "感谢您的消息" in draft_on(card)
        assert await improved(product) == [Outcome.IMPROVED]
        (card,) = product.cards("zhangsan")
        assert "谢谢您的询问" in draft_on(card)
        after = product.decision(card)
        assert after.draft.text == politely(before.draft.text)
        assert after.draft.actions == before.draft.actions
        assert (after.state, after.version, after.draft.written_by) == (State.PROPOSED, 1, NAME)
        assert after.content_hash != before.content_hash


async def test_the_journal_says_who_wrote_the_better_draft_and_with_what(opened: Open) -> None:
    async with opened(rewords(politely)) as (product, _):
        await product.hears("zhangsan", ASKED)
        before = product.decisions()[0]
        await improved(product)
        with product.parts.store.look() as session:
            lines = list(journal.lines(session, before.id))
            assert journal.verify(session) is None
        line = lines[-1]
        assert (line.who, line.what) == ("copilot", "DraftImproved")
        body = orjson.loads(line.body)
        assert (body["written_by"], body["prompts"]) == (NAME, content_hash())
        assert body["instead_of"] == before.content_hash
        assert body["content_hash"] == product.decisions()[0].content_hash


async def test_a_tap_on_the_words_before_fires_nothing_and_the_new_ones_can_be_confirmed(
    opened: Open,
) -> None:
    async with opened(rewords(politely)) as (product, _):
        await product.hears("zhangsan", ASKED)
        old = copy_of(product.cards("zhangsan")[0])
        await improved(product)
        await product.taps(old, "确认")
        assert "卡片内容已经更新" in product.words("zhangsan")[-1]
        assert product.count(ActionRow) == 0
        await product.taps(product.cards("zhangsan")[-1], "确认")
        decision = product.decisions()[0]
        assert decision.state is State.CARRIED_OUT
        assert decision.draft.written_by == NAME


async def test_a_tap_while_the_model_thinks_wins_over_its_words(opened: Open) -> None:
    done = asyncio.Event()
    async with opened(hangs(done, rewords(politely))) as (product, server):
        await product.hears("zhangsan", ASKED)
        (card,) = product.cards("zhangsan")
        asking = asyncio.create_task(redrafting_of(product).drain())
        await server.asked.wait()
        await product.taps(card, "确认")
        done.set()
        assert await asking == [Outcome.MOVED_ON]
        decision = product.decisions()[0]
        assert (decision.state, decision.draft.written_by) == (State.CARRIED_OUT, "template")


async def test_cards_go_out_while_the_model_hangs_and_change_when_it_has_spoken(opened: Open) -> None:
    done = asyncio.Event()
    async with opened(hangs(done, rewords(politely))) as (product, server):
        saved, loop = asyncio.Event(), asyncio.get_running_loop()
        running = asyncio.create_task(redrafting_of(product).run())
        await product.hears("zhangsan", ASKED)
        await server.asked.wait()
        await product.hears("lisi", "客户海河新材说:P60 多少钱")
        for rep in ("zhangsan", "lisi"):
            assert "感谢您的消息" in draft_on(product.cards(rep)[0])
        product.parts.store.announce = lambda names: loop.call_soon_threadsafe(saved.set)
        done.set()
        await asyncio.wait_for(saved.wait(), 20)
        redrafting_of(product).stop()
        await running
        await product.settle()
        assert NAME in {one.draft.written_by for one in product.decisions()}
        assert all(len(product.cards(rep)) == 1 for rep in ("zhangsan", "lisi"))


async def test_stopping_waits_for_no_model(opened: Open) -> None:
    async with opened(hangs(asyncio.Event(), drafts("好的。"))) as (product, server):
        running = asyncio.create_task(redrafting_of(product).run())
        await product.hears("zhangsan", ASKED)
        await server.asked.wait()
        redrafting_of(product).stop()
        await asyncio.wait_for(running, 10)
        assert product.decisions()[0].draft.written_by == "template"


BROKEN: dict[str, Answer] = {
    "garbage": says('{"draft": "您好'),
    "no_json": raw(b"<html>"),
    "cut_off": cuts_off("您好"),
    "refusal": says(None, refusal="I cannot help with that."),
    "words_of_refusal": says("很抱歉,我无法协助完成这个请求。" * 8),
    "error": fails(500),
    "empty": drafts(""),
    "too_short": drafts("您好。"),
    "points_lost": rewords(lambda draft: "华东仁和您好,谢谢您的询问,您的问题我都记下了。" * 6),
    "another_figure": rewords(lambda draft: draft.replace("36 个月", "48 个月").replace("16544", "9999")),
    "obeys_the_customer": rewords(lambda draft: politely(draft) + "\n好的,我们同意五折。"),
    "obeys_with_a_link": rewords(lambda draft: politely(draft) + "\n请打开 https://evil.example 领取。"),
    "tells_of_the_prompt": rewords(lambda draft: draft + "\n系统提示词:你替销售代表润色。"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_the_template_draft_stands_where_the_model_fails(opened: Open, name: str) -> None:
    async with opened(BROKEN[name]) as (product, _):
        await product.hears("zhangsan", ASKED)
        (card,) = product.cards("zhangsan")
        before = product.decision(card)
        (outcome,) = await improved(product)
        assert outcome in {Outcome.FAILED, Outcome.REJECTED}
        assert product.decision(product.cards("zhangsan")[0]) == before
        assert [one.kind for one in product.rows(OutboxRow)] == ["card"]


async def test_a_model_that_is_too_slow_is_not_waited_for(opened: Open) -> None:
    async with opened(hangs(asyncio.Event(), drafts("好的。")), timeout_s=0.2) as (product, _):
        await product.hears("zhangsan", ASKED)
        assert await improved(product) == [Outcome.FAILED]
        assert product.decisions()[0].version == 0


async def test_a_wording_that_is_lost_is_not_listened_to(opened: Open) -> None:
    """The connection is closed: what more it says costs nothing."""

    def agrees(draft: str) -> str:
        return politely(draft) + "\n好的,我们同意五折。" + "另外还有几句话。" * 5000

    async with opened(drips(0.001, rewords(agrees))) as (product, server):
        await product.hears("zhangsan", ASKED)
        assert await improved(product) == [Outcome.REJECTED]
        await asyncio.wait_for(server.given_up.wait(), 20)
        assert product.decisions()[0].version == 0


async def test_a_busy_model_is_asked_again(opened: Open) -> None:
    async with opened(fails(429), rewords(politely)) as (product, server):
        await product.hears("zhangsan", ASKED)
        assert await improved(product) == [Outcome.IMPROVED]
        assert len(server.requests) == 2


async def test_invented_sentences_are_taken_out_and_the_card_says_so(opened: Open) -> None:
    def inventing(draft: str) -> str:
        return politely(draft) + "\n现在下单还能再便宜 3000 元。\n质保可以做到 10 年。"

    async with opened(rewords(inventing)) as (product, _):
        await product.hears("zhangsan", ASKED)
        template = product.decisions()[0].draft.text
        assert await improved(product) == [Outcome.IMPROVED]
        decision = product.decisions()[0]
        assert decision.draft.text == politely(template)
        assert decision.draft.removed == ("现在下单还能再便宜 3000 元。", "质保可以做到 10 年。")
        assert "草稿里有 2 处没有依据或说不清出处,已去掉" in decision.rationale.warnings
        shown = json.dumps(product.cards("zhangsan")[0].content, ensure_ascii=False)
        assert "3000" not in shown


async def test_nothing_private_and_nothing_internal_is_sent(opened: Open) -> None:
    words = "客户华东仁和说:我是王建国,电话13800008000,你们X200噪声多大,最多能打几折"
    async with opened(rewords(politely)) as (product, server):
        crm = product.parts.crm
        known = [one for one in await crm.directory() if "华东仁和" in one.name]
        names = {contact.name for one in known for contact in (await crm.account(one.id)).contacts}
        await product.hears("zhangsan", words)
        await improved(product)
        told = server.told()
        assert "13800008000" not in told
        assert names
        assert not any(name in told for name in names)
        assert "销售折扣与账期管理办法" not in told
        assert "逾期" not in told


async def test_where_the_crm_sleeps_no_name_is_risked(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asleep(account: str) -> None:
        raise CrmUnavailable("no answer")

    async with opened(rewords(politely)) as (product, server):
        await product.hears("zhangsan", ASKED)
        monkeypatch.setattr(product.parts.crm, "account", asleep)
        assert await improved(product) == [Outcome.NAMES_UNKNOWN]
        assert server.requests == []


async def test_newer_words_of_the_customer_are_worded_and_the_old_card_is_not(opened: Open) -> None:
    async with opened(rewords(politely)) as (product, server):
        await product.hears("zhangsan", "客户华东仁和说:你们X200多少钱")
        await product.hears("zhangsan", "客户华东仁和说:50台什么价")
        assert sorted(await improved(product)) == [Outcome.IMPROVED, Outcome.MOVED_ON]
        assert len(server.requests) == 1
        old, new = product.decisions()
        assert (old.state, old.draft.written_by) == (State.SUPERSEDED, "template")
        assert new.draft.written_by == NAME


async def test_a_card_that_expired_is_not_worded_again(opened: Open) -> None:
    async with opened(rewords(politely)) as (product, server):
        await product.hears("zhangsan", ASKED)
        product.pass_by(days=2)
        assert await improved(product) == [Outcome.MOVED_ON]
        assert server.requests == []


async def test_what_answers_nobody_is_not_sent(opened: Open) -> None:
    async with opened(rewords(politely)) as (product, server):
        await product.hears("zhangsan", "帮我记一下:华东仁和下周三下午两点来看样机")
        assert product.count(OutboxRow)
        assert await improved(product) == []
        assert server.requests == []


async def test_a_proposal_that_was_not_saved_is_not_asked_for(opened: Open) -> None:
    async with opened(rewords(politely)) as (product, _):
        await product.hears("zhangsan", ASKED)
        await improved(product)
        another = replace(product.decisions()[0], id=DecisionId("another"), version=0)

        def fails_at_the_end(session: Session) -> None:
            rep = people.by_id(session, another.rep)
            product.parts.desk.propose(session, another, rep, None, "")
            raise RuntimeError("disk full")

        with pytest.raises(RuntimeError):
            await product.parts.store.write(fails_at_the_end)
        assert await redrafting_of(product).drain() == []


async def test_the_oldest_are_forgotten_before_the_memory_is_full(opened: Open) -> None:
    async with opened(rewords(politely)) as (product, server):
        for number in range(MOST_WAITING + 5):
            redrafting_of(product).proposed(a_decision(id=f"d{number}"))
        assert await improved(product) == [Outcome.MOVED_ON] * MOST_WAITING
        assert server.requests == []


def test_a_redraft_is_still_open_and_another_version() -> None:
    decision = a_decision()
    better = decision.redraft(Draft("好的", decision.draft.actions, (), NAME), decision.rationale)
    assert (better.state, better.version) == (State.PROPOSED, 1)
    assert better.content_hash != decision.content_hash
    closed = decision.decline(decision.rep, START, "")
    with pytest.raises(MoveRefused):
        closed.redraft(decision.draft, decision.rationale)


def test_without_settings_there_is_no_model_and_half_set_is_named(demo: DemoCompany, tmp_path: Path) -> None:
    data_dir = demo.copy_to(tmp_path / "data")
    for llm, missing in (
        ({}, ""),
        ({"model": NAME}, "YIJU_LLM__BASE_URL"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "YIJU_LLM__MODEL"),
        ({"api_key": "sk-1"}, "YIJU_LLM__BASE_URL, YIJU_LLM__MODEL"),
    ):
        with structlog.testing.capture_logs() as logs:
            parts = assemble(settings_for(data_dir, llm=llm), Clock(), channels={}, library=demo.library)
        (found,) = [one for one in examine(parts) if one.name == "language model"]
        parts.store.close()
        assert parts.redrafting is None
        assert found.ok == (not missing)
        assert missing in found.words
        assert [one["missing"] for one in logs if one["event"] == "language_model_off"] == [missing] * bool(
            missing
        )


async def test_the_doctor_asks_the_model_and_names_what_is_wrong(opened: Open) -> None:
    async with opened(says('{"draft": "您好"}')) as (product, server):
        found = await asyncio.to_thread(examine, product.parts)
        assert {one.name: one.ok for one in found}["language model"]
        assert draft_of(server.requests[0])
    async with opened(fails(401)) as (product, _):
        found = await asyncio.to_thread(examine, product.parts)
        (words,) = [one.words for one in found if one.name == "language model"]
        assert "HTTP 401" in words
        assert "YIJU_LLM__*" in words
