"""Documents in the console: several files at once, what is known of one edited, a passage seen in its place."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from bot.ingesting import LARGEST
from tests.browser.test_accessibility import serious
from tests.browser.test_console import LAPTOP, PHONE, beyond_the_edge, said, signed_in
from tests.fakes.pdf import Words, write_pdf

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SHOTS = os.environ.get("YIJU_TEST_SCREENSHOTS", "")
"""A folder for pictures of these pages, for who wants to look at them."""
KEEPS_OUTCOMES = """() => { window.outcomes = ''; new MutationObserver(() => {
    for (const one of document.querySelectorAll('.outcome')) window.outcomes += one.textContent;
}).observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
"""`window.outcomes` keeps what each line said on its way."""
CLAUSES = [
    f"第{number}条 第{number}号泵的质保期是{number}个月,自验收合格之日起计算。" for number in range(1, 261)
]


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def pdf(folder: Path, *lines: str, encrypt: bool = False) -> bytes:
    words = [Words(60, 780 - 30 * at, line, 14) for at, line in enumerate(lines)]
    return write_pdf(folder / "made.pdf", [words], encrypt=encrypt).read_bytes()


async def documents(browser: Browser, server: str, user: str, password: str, **more: Any) -> Page:
    page = await signed_in(browser, server, user, password, path="/documents", **more)
    await expect(page.get_by_role("heading", name="收录文件")).to_be_visible()
    return page


async def bring(page: Page, *files: dict[str, Any]) -> None:
    await page.set_input_files("input[type=file]", list(files))  # type: ignore[arg-type]


async def picture(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def edits(data: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(data / "yiju.db") as database:
        rows = database.execute(
            "SELECT who, body FROM bot_journal WHERE what = 'DocumentEdited' ORDER BY seq"
        )
        return [{"who": who, **json.loads(body)} for who, body in rows]


async def test_each_of_several_files_has_its_own_outcome(
    browser: Browser, server: str, password: str, tmp_path: Path
) -> None:
    page = await documents(browser, server, "admin", password)
    await bring(
        page,
        file("T10用户手册.md", "# T10用户手册\n\nT10 的净重是 12 千克。".encode()),
        file("零字节.pdf", b""),
        file("加密.pdf", pdf(tmp_path, "加密", encrypt=True)),
        file("坏的.pdf", b"%PDF-1.7 nothing else"),
        file("旧格式.doc", b"\xd0\xcf\x11\xe0"),
        file("扫描件.pdf", pdf(tmp_path)),
        file("太大.txt", b"x" * (LARGEST + 1)),
        file("T11用户手册.md", "# T11用户手册\n\nT11 的净重是 14 千克。".encode()),
    )
    lines = page.locator(".outcome")
    for name, words in {
        "T10用户手册": "已收录",
        "零字节.pdf": "空",
        "加密.pdf": "密码",
        "坏的.pdf": "损坏",
        "旧格式.doc": ".docx",
        "扫描件.pdf": "OCR",
        "太大.txt": "20 MB",
        "T11用户手册": "已收录",
    }.items():
        line = lines.filter(has_text=name)
        await expect(line).to_have_count(1)
        await expect(line).to_contain_text(words, timeout=30_000)
    await expect(lines.filter(has_text="没有收录")).to_have_count(6)
    await picture(page, "upload")
    await page.reload()
    await expect(page.locator(".document").filter(has_text="T10用户手册")).to_have_count(1)


CARRIED = """files => {
    const carried = new DataTransfer();
    for (const [name, words] of files) carried.items.add(new File([words], name));
    return carried;
}"""


async def drop(page: Page, *files: tuple[str, str]) -> None:
    """Files dragged over the place for them and let go there, as a browser tells the page of it."""
    carried = {"dataTransfer": await page.evaluate_handle(CARRIED, [list(one) for one in files])}
    for event in ("dragenter", "dragover"):
        await page.locator(".q-uploader").dispatch_event(event, carried)
    await page.locator(".q-uploader__dnd").dispatch_event("drop", carried)


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_files_that_are_dropped_are_taken_in_each_with_its_progress_and_outcome(
    browser: Browser, server: str, password: str, size: dict[str, int]
) -> None:
    page = await documents(browser, server, "admin", password, size=size)
    name = f"T{size['width']}用户手册"
    await page.evaluate(KEEPS_OUTCOMES)
    await drop(page, (f"{name}.md", f"# {name}\n\n净重是 12 千克。"), ("坏的.pdf", "%PDF-1.7 nothing else"))
    lines = page.locator(".outcome")
    await expect(lines).to_have_count(2)
    await expect(lines.filter(has_text=name)).to_contain_text("已收录", timeout=60_000)
    await expect(lines.filter(has_text="坏的.pdf")).to_contain_text("损坏", timeout=60_000)
    await expect(lines.filter(has_text="坏的.pdf")).to_contain_text("没有收录")
    kept = await page.evaluate("window.outcomes")
    assert f"正在收录「{name}.md」…" in kept  # a broken one may be refused before its line was ever drawn
    assert await beyond_the_edge(page) == []
    assert await serious(page) == []
    await lines.filter(has_text=name).get_by_role("link", name="打开").click()
    await expect(page.get_by_text("净重是 12 千克")).to_be_visible()


async def test_what_is_known_of_a_document_is_edited_checked_and_noted(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    page = await documents(browser, server, "chenjing", password)
    for words in ("S40 的净重是 40 千克。", "S40 的净重是 41 千克。"):
        await bring(page, file("S40用户手册.md", f"# S40用户手册\n\n{words}".encode()))
        await expect(page.locator(".outcome").filter(has_text="《S40用户手册》").last).to_be_visible(
            timeout=30_000
        )
        await page.reload()
    await page.locator(".document").get_by_role("link", name="《S40用户手册》V2").click()
    await expect(page.get_by_role("heading", name="版本(2)")).to_be_visible()

    dialog = page.locator(".q-dialog")
    await page.get_by_role("button", name="编辑…").click()
    for fields, trouble in (
        ({"标题": ""}, "标题要有 1 到 120 个字"),
        ({"标题": "S40手册", "生效": "2026-12-31", "到期": "2026-01-01"}, "早于"),
        ({"标题": "X系列离心机用户手册", "生效": "", "到期": ""}, "已经有同名的"),
    ):
        for name, value in fields.items():
            await dialog.get_by_label(name).fill(value)
        await dialog.get_by_role("button", name="保存").click()
        await expect(page.locator(".q-notification").last).to_contain_text(trouble)
    await dialog.get_by_label("标题").fill("S40手册")
    await dialog.get_by_label("到期").fill("2030-12-31")
    await dialog.get_by_label("谁能看").click()
    await page.get_by_role("option", name="仅主管").click()
    await expect(page.get_by_role("option")).to_have_count(0)  # the list still lies above the button
    await picture(page, "edit")
    await dialog.get_by_role("button", name="保存").click()
    await expect(page.get_by_role("heading", name="《S40手册》V2")).to_be_visible()
    await expect(page.get_by_text("可见:仅主管")).to_be_visible()
    (edit,) = [one for one in edits(data) if one["title"] == "S40手册"]
    assert edit["who"] == "chenjing"
    assert edit["changed"] == {
        "title": ["S40用户手册", "S40手册"],
        "valid_until": ["", "2030-12-31"],
        "visibility": ["everyone", "managers"],
    }

    await page.locator(".version").get_by_role("link", name="V1").click()
    await expect(page.get_by_text("S40 的净重是 40 千克。")).to_be_visible()
    await expect(page.get_by_text("旧版", exact=True)).to_be_visible()
    await picture(page, "old-version")


@pytest.fixture
def crowd(server: str, data: Path) -> Iterator[None]:
    """More people than a list offers, 郑晚 the last of them by id; gone again afterwards."""
    people = [(f"zz{number:03}", f"同事{number}" if number < 59 else "郑晚") for number in range(60)]
    with sqlite3.connect(data / "yiju.db", timeout=30) as database:
        database.executemany(
            "INSERT INTO bot_user (id, name, role, tone, active) VALUES (?, ?, 'rep', 'warm', 1)", people
        )
    yield
    with sqlite3.connect(data / "yiju.db", timeout=30) as database:
        database.execute("UPDATE knowledge_document SET owner = NULL WHERE owner LIKE 'zz%'")
        database.execute("DELETE FROM bot_user WHERE id LIKE 'zz%'")


@pytest.mark.usefixtures("crowd")
async def test_an_owner_is_found_among_many_by_name(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    page = await documents(browser, server, "admin", password)
    await page.locator(".document").get_by_role("link", name="《D80称重扫码一体机规格书》").click()
    await page.get_by_role("button", name="编辑…").click()
    owner = page.locator(".q-dialog").get_by_label("负责人")
    await owner.click()
    await expect(page.get_by_role("option", name="系统")).to_be_visible()
    assert await page.get_by_role("option").count() <= 22
    await expect(page.get_by_role("option", name="郑晚")).to_have_count(0)
    await owner.fill("郑晚")
    await page.get_by_role("option", name="郑晚").click()
    await page.locator(".q-dialog").get_by_role("button", name="保存").click()
    await expect(page.get_by_text("负责人 郑晚")).to_be_visible()
    assert edits(data)[-1]["changed"] == {"owner": ["", "zz059"]}


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_from_a_hit_one_jumps_to_the_passage_among_hundreds(
    browser: Browser, server: str, password: str, size: dict[str, int]
) -> None:
    page = await documents(browser, server, "sunli", password, size=size)
    await bring(page, file("泵的质保政策.txt", "\n\n".join(CLAUSES).encode()))
    await expect(page.locator(".outcome").filter(has_text="泵的质保政策")).to_contain_text(
        "共 260 段", timeout=60_000
    )
    await page.get_by_placeholder("例如").fill("第237号泵的质保期是多久")
    await page.get_by_role("button", name="查找").click()
    await expect(page.locator(".quoted").first).to_contain_text("237个月", timeout=30_000)
    assert await beyond_the_edge(page) == []
    assert await serious(page) == []
    await page.get_by_role("link", name="看原文").first.click()
    quoted = page.locator("#quoted")
    await expect(quoted).to_contain_text("237个月")
    await expect(quoted).to_be_in_viewport()
    assert await page.locator(".passage").count() == 50
    await expect(page.get_by_role("heading", name="内容(共 260 段,第 5 / 6 页)")).to_be_visible()
    assert await beyond_the_edge(page) == []
    assert await serious(page) == []
    await picture(page, f"passage-{size['width']}")
    await page.get_by_role("button", name="1", exact=True).first.click()
    await expect(page.get_by_text("第1号泵")).to_be_visible()
    await expect(page.locator("#quoted")).to_have_count(0)


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_a_reason_leads_to_the_page_with_the_passage_marked(
    browser: Browser, server: str, data: Path, password: str, size: dict[str, int]
) -> None:
    decision = said(data, "X200的噪声多大")
    page = await signed_in(browser, server, "chenjing", password, size, path=f"/decisions/{decision}")
    await page.get_by_role("button", name="看原文").first.click()
    dialog = page.locator(".q-dialog")
    await expect(dialog.locator(".quoted")).to_be_visible()
    await has_colour(page, ".q-dialog .page-image")
    await picture(page, f"reason-{size['width']}")
    await dialog.get_by_role("link", name="在整份资料里看").click()
    await expect(page.locator("#quoted .quoted")).to_be_visible()
    await has_colour(page, "img[alt*='引用的段落']")
    assert await beyond_the_edge(page) == []
    assert await serious(page) == []
    await picture(page, f"page-{size['width']}")


async def has_colour(page: Page, selector: str) -> None:
    """The picture is loaded and some of it is as yellow as a text marker."""
    image = page.locator(selector)
    await expect(image).to_be_visible()
    await page.wait_for_function("one => document.querySelector(one).naturalWidth > 0", arg=selector)
    yellow = await page.evaluate(
        """one => { const image = document.querySelector(one), canvas = document.createElement('canvas');
            canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
            const draws = canvas.getContext('2d'); draws.drawImage(image, 0, 0);
            const data = draws.getImageData(0, 0, canvas.width, canvas.height).data; let found = 0;
            for (let at = 0; at < data.length; at += 4)
                found += data[at] > 220 && data[at + 1] > 190 && data[at + 2] < 140;
            return found; }""",
        selector,
    )
    assert yellow > 500


async def test_a_manager_sees_no_other_teams_contract_and_no_other_teams_paper(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    page = await documents(browser, server, "admin", password)
    await bring(page, file("内部打法.md", "# 内部打法\n\n先问预算。".encode()))
    await expect(page.locator(".outcome").filter(has_text="内部打法")).to_contain_text(
        "已收录", timeout=30_000
    )
    with sqlite3.connect(data / "yiju.db") as database:
        database.execute("UPDATE knowledge_document SET visibility = 'team:nobody' WHERE title = '内部打法'")
        (hidden,) = database.execute("SELECT id FROM knowledge_document WHERE title = '内部打法'").fetchone()
    manager = await documents(browser, server, "chenjing", password)
    await expect(manager.locator(".document").first).to_be_visible()
    await expect(manager.locator(".document").filter(has_text="内部打法")).to_have_count(0)
    await manager.goto(f"{server}/console/documents/{hidden}")
    await expect(manager.get_by_text("没有这份资料")).to_be_visible()
    await page.goto(f"{server}/console/documents/{hidden}")
    await expect(page.get_by_text("先问预算")).to_be_visible()


async def test_a_picture_of_a_page_is_for_who_may_see_its_document(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    with sqlite3.connect(data / "yiju.db") as database:
        document, passage = database.execute(
            "SELECT d.id, p.id FROM knowledge_document d JOIN knowledge_passage p ON p.version_id = d.current "
            "WHERE d.title = 'X系列离心机用户手册' AND p.page = 3 LIMIT 1"
        ).fetchone()
    path = f"{server}/console/documents/{document}/page-image/{passage}"
    manager = await documents(browser, server, "chenjing", password)
    statuses = []
    for visibility in ("everyone", "team:chenjing", "managers", "team:nobody"):
        with sqlite3.connect(data / "yiju.db") as database:
            database.execute(
                "UPDATE knowledge_document SET visibility = ? WHERE id = ?", [visibility, document]
            )
        statuses.append((await manager.request.get(path)).status)
    with sqlite3.connect(data / "yiju.db") as database:
        database.execute("UPDATE knowledge_document SET visibility = 'everyone' WHERE id = ?", [document])
    assert statuses == [200, 200, 200, 404]
    other = await manager.request.get(path.replace(document, "d-another"))
    assert other.status == 404
    rep = await signed_in(browser, server, "zhangsan", password)
    await expect(rep.locator(".title").first).to_be_visible()
    assert (await rep.request.get(path)).status == 403
    stranger = await browser.new_context()
    assert (await stranger.request.get(path, max_redirects=0)).status == 303
