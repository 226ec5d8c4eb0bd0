"""The trainer's pages: fifty labels by keyboard alone, data in and out, models, what documents name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session, create_engine

from intents import Example, FileKind, Intent, Labels, Proposal, Registry
from intents.datasets import Datasets
from intents.tables import DatasetRow, ModelRow
from tests.browser.test_console import LAPTOP, PHONE, beyond_the_edge, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
WORDS = (
    "多少钱",
    "保修多久",
    "什么时候发货",
    "再看看",
    "能开票吗",
    "转速多少",
    "坏了怎么办",
    "合同怎么签",
    "要两台",
    "约个时间",
)
PATHS = ("/labels", "/datasets", "/models", "/graph")


@pytest.fixture
def labels(server: str, data: Path) -> Iterator[Labels]:
    engine = create_engine(f"sqlite:///{data / 'yiju.db'}")
    yield Labels(engine)
    engine.dispose()


def states(data: Path) -> dict[str, int]:
    with sqlite3.connect(data / "yiju.db") as database:
        query = "SELECT state, count(*) FROM intents_label GROUP BY state"
        return dict(database.execute(query).fetchall())


async def text_shown(page: Page) -> str:
    return await page.locator(".quoted").first.inner_text()


async def brought_to(page: Page, words: str) -> None:
    """Skip what other tests left in the queue."""
    first = page.locator(".quoted").first
    await expect(first).to_be_visible()
    while (shown := await text_shown(page)) != words:
        await page.keyboard.press("Space")
        await expect(first).not_to_have_text(shown)


async def test_fifty_utterances_are_labelled_by_keyboard_alone(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    for number in range(54):
        words = f"{WORDS[number % 10]},第{number}号"
        labels.propose(Proposal(words, "customer", "asked", str(number), confidence=0.5))
    before = states(data).get("settled", 0)
    page = await signed_in(browser, server, "sunli", password, path="/labels")
    await expect(page.locator(".quoted").first).to_be_visible()
    for number in range(50):
        shown = await text_shown(page)
        await page.keyboard.press("123456789qwert"[number % 14])
        await expect(page.locator(".quoted").first).not_to_have_text(shown)
    assert states(data)["settled"] == before + 50
    shown = await text_shown(page)
    await page.keyboard.press("Space")
    await expect(page.locator(".quoted").first).not_to_have_text(shown)
    skipped = await text_shown(page)
    await page.keyboard.press("x")
    await expect(page.locator(".quoted").first).not_to_have_text(skipped)
    assert states(data)["dropped"] == 1
    await page.keyboard.press("z")
    await expect(page.locator(".quoted").first).to_have_text(skipped)
    assert states(data).get("dropped", 0) == 0


async def test_a_secondary_intent_is_kept_with_the_label(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    one = labels.propose(
        Proposal("先看看,X200转速多少", "customer", "correction", "sec", "vague_interest", "", 0.1)
    )
    page = await signed_in(browser, server, "sunli", password, path="/labels")
    await expect(page.locator(".quoted").first).to_have_text("先看看,X200转速多少")
    await page.keyboard.press("Shift+4")
    await expect(page.get_by_text("次要意图:技术咨询")).to_be_visible()
    await page.keyboard.press("3")
    await expect(page.get_by_text("先看看,X200转速多少")).to_have_count(0)
    with sqlite3.connect(data / "yiju.db") as database:
        found = database.execute("SELECT intent, secondary FROM intents_label WHERE id = ?", [one]).fetchone()
    assert (found[0], json.loads(found[1])) == ("vague_interest", ["technical_inquiry"])


async def test_what_an_import_brought_is_there_to_be_changed(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    words = "发票还没到,顺便问下X200转速"
    brought = {"secondary": ("technical_inquiry",), "tags": ("multi", "自己的标签")}
    one = labels.propose(
        Proposal(words, "customer", "correction", "brought", "billing", confidence=0.00001, **brought)  # type: ignore[arg-type]
    )
    page = await signed_in(browser, server, "sunli", password, path="/labels")
    await brought_to(page, words)
    await expect(page.get_by_text("次要意图:技术咨询")).to_be_visible()
    await expect(page.locator(".q-chip")).to_contain_text(["几件事", "自己的标签"])
    for key in ("b", "1", "b"):
        await page.keyboard.press(key)
    await expect(page.locator(".q-chip")).to_have_count(3)
    await page.keyboard.press("1")
    await expect(page.get_by_text(words)).to_have_count(0)
    with sqlite3.connect(data / "yiju.db") as database:
        query = "SELECT secondary, tags FROM intents_label WHERE id = ?"
        secondary, tags = database.execute(query, [one]).fetchone()
    assert json.loads(secondary) == ["technical_inquiry"]
    assert json.loads(tags) == ["vague", "multi", "自己的标签"]


async def selected(page: Page, start: int, end: int) -> None:
    """Words drawn over with the mouse."""
    box = await page.evaluate(
        """([start, end]) => {
            const range = document.createRange(), node = document.querySelector('.utterance > div').firstChild;
            range.setStart(node, start); range.setEnd(node, end);
            const {left, right, top, height} = range.getBoundingClientRect();
            return {left, right, middle: top + height / 2};
        }""",
        [start, end],
    )
    await page.mouse.move(box["left"] + 1, box["middle"])
    await page.mouse.down()
    await page.mouse.move(box["right"] - 1, box["middle"], steps=4)
    await page.mouse.up()


def marked(data: Path, label: str) -> list[tuple[str, str, str, int]]:
    with sqlite3.connect(data / "yiju.db") as database:
        (found,) = database.execute("SELECT entities FROM intents_label WHERE id = ?", [label]).fetchone()
    return [(one["type"], one["text"], one["value"], one["start"]) for one in json.loads(found)]


async def test_entities_are_marked_with_mouse_and_keys_and_kept_with_the_label(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    words = "👍先订二十台蓝鲸,月底前到"
    one = labels.propose(Proposal(words, "customer", "correction", "ent", "purchase", "", 0.01))
    page = await signed_in(browser, server, "sunli", password, path="/labels")
    await expect(page.locator(".utterance")).to_have_text(words)
    await selected(page, 4, 7)
    await expect(page.get_by_text("“二十台”是什么?")).to_be_visible()
    await page.get_by_role("button", name="2 数量").click()
    await expect(page.locator(".utterance .marked")).to_have_text(["二十台"])

    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        await page.keyboard.press(key)
    await expect(page.get_by_text("“先订”是什么?")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("是什么?")).to_have_count(0)
    for key in (*["ArrowLeft"] * 7, "Shift+ArrowRight"):
        await page.keyboard.press(key)
    await expect(page.get_by_text("“蓝鲸”是什么?")).to_be_visible()
    await page.keyboard.press("1")
    await expect(page.locator(".utterance .marked")).to_have_text(["二十台", "蓝鲸"])

    await page.get_by_role("button", name="都对,采用(c)").click()
    await expect(page.locator(".utterance .marked")).to_have_count(3)
    await page.keyboard.press("Backspace")
    await expect(page.locator(".utterance .marked")).to_have_count(2)
    await page.get_by_role("button", name="删掉 产品").click()
    await expect(page.locator(".utterance .marked")).to_have_text(
        ["二十台"]
    )  # a list: one word to two fails at once
    await page.keyboard.press("1")
    await expect(page.locator(".q-notification, .utterance")).not_to_have_text([words])
    assert marked(data, one) == [("quantity", "二十台", "20", 3)]
    await page.keyboard.press("z")
    await expect(page.locator(".utterance .marked")).to_have_text(["二十台"])


async def test_tags_and_what_the_machine_saw_are_taken_by_keys(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    words = "先订20台X200看看"
    one = labels.propose(Proposal(words, "customer", "correction", "tags", "purchase", "", 0.001))
    page = await signed_in(browser, server, "sunli", password, path="/labels")
    await brought_to(page, words)
    await page.keyboard.press("c")
    await expect(page.locator(".utterance .marked")).to_have_count(2)
    await page.keyboard.press("b")
    await expect(page.get_by_text("再按 b 结束")).to_be_visible()
    for key in ("1", "4", "3", "3"):
        await page.keyboard.press(key)
    await expect(page.locator(".q-chip")).to_contain_text(["含糊", "几件事"])
    await page.keyboard.press("b")
    await expect(page.get_by_text("再按 b 结束")).to_be_hidden()
    await page.keyboard.press("1")
    await expect(page.get_by_text(words)).to_have_count(0)
    with sqlite3.connect(data / "yiju.db") as database:
        query = "SELECT intent, tags, entities FROM intents_label WHERE id = ?"
        intent, tags, entities = database.execute(query, [one]).fetchone()
    assert (intent, json.loads(tags)) == ("purchase", ["vague", "multi"])
    assert [found["text"] for found in json.loads(entities)] == ["20台", "X200"]


async def test_what_a_trainer_is_not_sure_of_goes_to_a_colleague_with_a_word(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    one = labels.propose(Proposal("那个怎么说来着", "customer", "correction", "flag", "", "", 0.0001))
    page = await signed_in(browser, server, "sunli", password, path="/labels")
    await brought_to(page, "那个怎么说来着")
    await page.keyboard.press("v")
    await expect(page.get_by_label("写一句为什么")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".q-notification").last).to_contain_text("请写一句为什么")
    await page.keyboard.type("x1 是问价还是问用法")
    await page.keyboard.press("Enter")
    await expect(page.locator(".utterance", has_text="那个怎么说来着")).to_have_count(0)
    await expect(page.locator(".flagged")).to_contain_text("孙莉:x1 是问价还是问用法")
    assert [row.id for row in labels.flagged()] == [one]
    await expect(page.locator(".q-dialog")).to_have_count(0)
    await page.keyboard.press("z")
    await expect(page.locator(".utterance")).to_have_text("那个怎么说来着")
    assert labels.flagged() == []
    await page.keyboard.press("n")
    await page.get_by_label("写一句为什么").fill("像是销售说的")
    await page.keyboard.press("Enter")
    await expect(page.locator(".flagged")).to_contain_text("有问题")

    other = await signed_in(browser, server, "admin", password, path="/labels")
    await brought_to(other, "那个怎么说来着")
    await expect(other.get_by_text("同事有问题:像是销售说的")).to_be_visible()
    await other.keyboard.press("x")
    await expect(other.locator(".flagged")).to_have_count(0)
    assert labels.flagged() == []


async def test_a_dispute_is_settled_with_a_rule_that_joins_the_guide(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    registry = Registry(labels.engine, data)
    one, two = (
        labels.propose(Proposal(f"{words}这边怎么算", "customer", "asked", f"dispute-{words}"))
        for words in ("发票", "合同")
    )
    for label in (one, two):
        labels.settle(label, "billing", "sunli")
        labels.mark(label, "contract_terms", "admin")
    labels.propose(Proposal("对话框后面等着的一句", "customer", "asked", "behind"))
    page = await signed_in(browser, server, "sunli", password, path="/labels")
    dispute = page.locator(".dispute", has_text="发票这边怎么算")
    await dispute.get_by_role("button", name="合同条款").click()
    await expect(page.get_by_label("以后怎么区分")).to_be_visible()
    waiting = labels.waiting()
    await page.keyboard.press("1")
    await page.get_by_label("以后怎么区分").fill("问违约怎么算归合同")
    await page.get_by_role("button", name="定稿").click()
    await expect(dispute).to_have_count(0)
    assert labels.waiting() == waiting
    assert "问违约怎么算归合同" in registry.taxonomy().intents[Intent("contract_terms")].borders
    (version,) = registry.files.versions(FileKind.TAXONOMY, 1)
    assert (version.by, version.why) == ("sunli", "标注有分歧:发票这边怎么算")
    await page.locator(".dispute", has_text="合同这边怎么算").get_by_role("button", name="两个都不对").click()
    await expect(page.locator(".dispute", has_text="合同这边怎么算")).to_have_count(0)
    settled = {row.id: row.intent for row in labels.settled()}
    assert settled.get(f"label-{one}") == "contract_terms"
    assert f"label-{two}" not in settled
    registry.files.restore(FileKind.TAXONOMY, 0, "sunli", why="as before", follows=version.number)


async def test_labels_come_in_masked_and_go_out_in_another_form(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    page = await signed_in(browser, server, "sunli", password, path="/datasets")
    await expect(page.get_by_role("heading", name="导入标注")).to_be_visible()
    line = json.dumps({"text": "打13912345678报个价,导入的", "intent": "quote_request"}, ensure_ascii=False)
    file = {"name": "labels.jsonl", "mimeType": "application/json", "buffer": line.encode()}
    await page.locator("input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]
    await expect(page.get_by_text("1 条进入标注队列")).to_be_visible()
    assert any("139****5678" in row.text for row in labels.queue(500))
    async with page.expect_download() as started:
        await page.get_by_role("button", name="导出 Label Studio").click()
    path = await (await started.value).path()
    assert isinstance(json.loads(path.read_text(encoding="utf-8")), list)


SAYING = "走老流程办一下"


@pytest.fixture
def labelled(labels: Labels) -> Iterator[list[str]]:
    """Eight labels in which a saying of the company stands, all of one intent; dropped again afterwards."""
    made = []
    for number in range(8):
        words = f"{'甲乙丙丁戊己庚辛'[number]}号机{SAYING}{'哈呀哦嗯呢吧啊哟'[number]}"
        made.append(labels.propose(Proposal(words, "customer", "asked", f"saying-{number}")))
        labels.settle(made[-1], "purchase", "sunli")
    yield made
    for one in made:
        labels.reopen(one, "sunli")
        labels.drop(one, "sunli")


async def test_a_chat_export_becomes_queue_and_a_saying_that_is_accepted_stopped_and_brought_back(
    browser: Browser, server: str, data: Path, password: str, labels: Labels, labelled: list[str]
) -> None:
    said = [f"{WORDS[number % 10]}啊{number},打13912345678" for number in range(20)]
    said += [f"那{SAYING}", f"我们{SAYING}"]
    chat = "\n".join(
        f"2026-11-2{number % 8} 10:{number:02d} 王建国\n{words}\n2026-11-2{number % 8} 10:{number:02d} 张三\n好的"
        for number, words in enumerate(said)
    )
    page = await signed_in(browser, server, "sunli", password, path="/datasets")
    await expect(page.get_by_role("heading", name="从聊天记录学习")).to_be_visible()
    file = {"name": "chat.txt", "mimeType": "text/plain", "buffer": chat.encode()}
    await page.locator("input[type=file]").last.set_input_files(file)  # type: ignore[arg-type]

    await page.get_by_label("我们自己人").click()
    await page.get_by_role("option", name="张三").click()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="下一步", exact=True).click()
    await expect(page.get_by_text("22 轮客户的话,其中 20 轮打了码")).to_be_visible()
    await expect(page.locator(".q-stepper .quoted").first).to_contain_text("139****5678")
    await page.get_by_role("button", name="都打好了,下一步").click()
    await expect(page.get_by_text("轮客户的话,归成")).to_be_visible(timeout=60_000)

    rule = page.locator(".mined-cue", has_text="老流程").first
    await expect(rule).to_contain_text("明确采购")
    await expect(rule).to_contain_text("准确率 100%(8/8 条标注")
    words = await rule.locator("div").first.inner_text()
    await rule.get_by_role("button", name="采用").click()
    ours = page.locator(".company-cue", has_text=words)
    await expect(ours).to_contain_text("准确率 100%(8/8)")
    registry = Registry(labels.engine, data)
    assert [(f"“{row.text}”", row.intent) for row in registry.cues.rows()] == [(words, "purchase")]
    assert any(hit.cue.intent == "purchase" for hit in registry.cues.lexicon().find(f"还是{SAYING}"))

    await ours.get_by_role("button", name="停用").click()
    await expect(page.get_by_text("停用或不要的(1)")).to_be_visible()
    assert registry.cues.rows() == []
    await page.get_by_text("停用或不要的(1)").click()
    await page.locator(".company-cue", has_text=words).get_by_role("button", name="恢复").click()
    await expect(
        page.locator(".company-cue", has_text=words).get_by_role("button", name="停用")
    ).to_be_visible()
    registry.cues.remove(words.strip("“”"), "sunli")

    await page.get_by_role("button", name="送进标注队列").click()
    await expect(page.locator(".q-notification").last).to_contain_text("22 条进入标注队列")


async def test_what_changed_between_two_versions_is_shown_with_its_sentences(
    browser: Browser, server: str, data: Path, password: str, labels: Labels
) -> None:
    one, two = (labels.propose(Proposal(f"版本用的第{n}句", "customer", "asked", f"v{n}")) for n in (1, 2))
    labels.settle(one, "billing", "sunli")
    labels.settle(two, "purchase", "sunli")
    with Session(labels.engine) as session:
        card = {"examples": 3, "corrections": 2, "data": "abc"}
        session.add(ModelRow(id="f" * 64, created_at=datetime(2026, 1, 2, tzinfo=UTC), card=card))
        session.commit()
    Datasets(labels.engine).keep("f" * 64, [
        Example(f"label-{one}", "", "customer", "quote_request"), Example("label-gone", "", "customer", "billing"),
    ])  # fmt: skip
    page = await signed_in(browser, server, "sunli", password, path="/datasets")
    await page.get_by_label("从", exact=True).click()
    await page.get_by_role("option", name="ffffffff").click()
    await page.get_by_role("button", name="看差别").click()
    await expect(page.get_by_text("去掉 1 条 · 改了意图 1 条")).to_be_visible()
    await expect(page.get_by_text("询价报价 → 开票付款").first).to_be_visible()
    await expect(page.get_by_text("版本用的第1句")).to_be_visible()
    await expect(page.get_by_text("(已按期删除)")).to_be_visible()
    await page.get_by_role("button", name="看划分").click()
    await expect(page.get_by_text("几乎一样的句子总在同一份里")).to_be_visible()
    with Session(labels.engine) as session:
        for row in (session.get(DatasetRow, "f" * 64), session.get(ModelRow, "f" * 64)):
            session.delete(row)
            session.commit()


async def test_the_model_that_serves_shows_its_card(browser: Browser, server: str, password: str) -> None:
    page = await signed_in(browser, server, "sunli", password, path="/models")
    await expect(page.get_by_text("正在使用")).to_be_visible()
    await page.get_by_role("button", name="模型卡").first.click()
    await expect(page.locator(".q-dialog .heading").first).to_contain_text("模型卡")
    await expect(page.locator(".q-dialog")).to_contain_text("最常混淆")
    await page.get_by_role("button", name="关闭").click()
    await page.get_by_role("button", name="退回上一个").click()
    await page.locator(".q-dialog").get_by_role("button", name="确定").click()
    await expect(page.locator(".q-notification").last).to_contain_text("请写理由")


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_no_page_of_the_trainer_scrolls_sideways(
    browser: Browser, server: str, password: str, size: dict[str, int]
) -> None:
    page = await signed_in(browser, server, "sunli", password, size)
    for path in PATHS:
        await page.goto(f"{server}/console{path}")
        await expect(page.locator(".title").first).to_be_visible()
        assert await beyond_the_edge(page) == [], path
