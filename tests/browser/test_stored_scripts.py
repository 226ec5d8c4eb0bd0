"""Words with scripts in them, kept by every way in: whatever page shows them, nothing of it runs.

Pages come from the application: a new one is walked by itself, and a new kind of id in a path must be named here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page, expect
from playwright.async_api import Error as BrowserError

from tests.browser import hostile
from tests.browser.pages import pages
from tests.browser.serving import demo_server
from tests.browser.test_console import PHONE, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
FOUND = """() => ({
  ran: window.ran,
  elements: document.querySelectorAll('[data-hurt]').length,
  handlers: [...document.querySelectorAll('*')].filter(one => [...one.attributes].some(
      a => a.name.startsWith('on') && a.value.includes('hurt('))).length,
  links: [...document.querySelectorAll('[href], [src], [action], [formaction]')].filter(one => ['href', 'src', 'action',
      'formaction'].some(name => (one.getAttribute(name) || '').trim().toLowerCase().startsWith('javascript:'))).length,
  text: document.documentElement.textContent + [...document.querySelectorAll('input, textarea')].map(
      one => one.value).join(' '),
})"""
NOTHING = {"ran": [], "elements": 0, "handlers": 0, "links": 0}
NOT_SHOWN = {
    "crm-alias": "names are looked for by it, and never shown",
    "crm-contact": "shown where the words name the contact; its name is shown by no page as it is",
    "crm-title": "goes with the contact",
    "crm-product": "the order's title is shown",
    "crm-ticket-words": "the ticket's title is shown",
    "crm-region": "no card shows a region",
    "said-by": "kept with the delivery",
    "label-id": "an id of another tool's file is kept and not shown",
}
"""What was kept and need not be on a page, with the reason."""
LOOKS = ("看原文", "看来龙去脉", "编辑", "设密码", "删除…", "转交…", "驳回…")
"""Buttons of the console that open a dialog and do nothing yet."""
IDS = {
    "decision": "SELECT id FROM bot_decision",
    "document": "SELECT id FROM knowledge_document WHERE title LIKE '%doc-title%'",
    "event": "SELECT uid FROM crm_event WHERE source IN ('/iot/aliyun', '/nobody')",
    "customer": "SELECT id FROM crm_account WHERE owner = 'evil'",
    "passage": "SELECT id FROM knowledge_passage WHERE text LIKE '%doc-text%'",
}
"""By the name that a path gives it: those ids whose pages show what was brought in."""


@dataclass
class Walk:
    """What was found on the pages so far."""

    wrong: dict[str, dict[str, Any]] = field(default_factory=dict)
    words: str = ""

    async def look(self, page: Page, where: str) -> None:
        found = await page.evaluate(FOUND)
        text = found.pop("text")
        self.words += text
        if found != NOTHING or hostile.SUM in text:
            self.wrong[where] = found | {"worked out": hostile.SUM in text}


@dataclass(frozen=True)
class Site:
    url: str
    data: Path
    key: str

    @property
    def password(self) -> str:
        return (self.data / "demo_password").read_text(encoding="utf-8")

    def ids(self) -> dict[str, list[str]]:
        """Every id that a path can hold, of what is kept."""
        with sqlite3.connect(self.data / "yiju.db") as database:
            kept = {name: [str(row[0]) for row in database.execute(query)] for name, query in IDS.items()}
        return kept | {"channel": ["wecom"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("hostile")
    key = hostile.before_serving(data)
    with demo_server(data) as url:
        hostile.while_serving(url, data, key)
        yield Site(url, data, key)


async def test_the_walk_would_see_what_runs(browser: Browser) -> None:
    """Each kind of harm on a page that does take words for more than words."""
    page = await browser.new_page()
    await page.add_init_script(hostile.WATCH)
    await page.goto("about:blank")
    await page.set_content(f"<body>{hostile.long('here')}<a href=' javascript:hurt(1)'>x</a> {hostile.SUM}")
    await page.wait_for_function("window.ran.length >= 3")
    walk = Walk()
    await walk.look(page, "here")
    found = walk.wrong["here"]
    assert found["worked out"]
    assert min(found["elements"], found["handlers"], found["links"], len(found["ran"])) >= 1


async def test_nothing_that_was_kept_runs_on_any_page(browser: Browser, site: Site) -> None:
    walk = Walk()
    console = await signed_in(browser, site.url, "admin", site.password)
    await console.add_init_script(hostile.WATCH)
    await bring_in_by_the_console(console, site)
    phone, cards = await as_the_rep(browser, site, walk)
    await decide(phone, site, walk, cards)
    ids = site.ids() | {"token": [one.removeprefix("/d/") for one in cards]}
    for template in pages(site.data):
        page = console if template.startswith("/console") else phone
        for path in filled(template, ids):
            await page.set_extra_http_headers(
                {"Authorization": f"Bearer {site.key}"} if path.startswith("/api/") else {}
            )
            await open_it(page, site.url + path)
            await walk.look(page, path)
            if path.startswith("/console") and "sign-in" not in path:
                await handle_everything(page, walk, path)
        await open_it(page, site.url + filled(template, ids)[-1] + reflected())
        await walk.look(page, f"{template}, asked with words that run")
    assert walk.wrong == {}
    assert hostile.PHONE not in walk.words, "a number out of the CRM is on a page"
    unseen = {where for where in hostile.KEPT if where not in walk.words}
    assert unseen <= set(NOT_SHOWN), "words that no page shows prove nothing: show them, or say why not"


async def as_the_rep(browser: Browser, site: Site, walk: Walk) -> tuple[Page, list[str]]:
    """The simulator on a phone, with all cards that the words became; also the paths of their pages."""
    context = await browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.add_init_script(hostile.WATCH)
    await page.goto(f"{site.url}/sim")
    urls: list[str] = []
    for user in ("chenjing", hostile.REP):
        await page.select_option("#person", user)
        await expect(page.locator(".card").first).to_be_visible()
        await walk.look(page, f"/sim as {user}")
        urls += await page.eval_on_selector_all(
            ".card > a", "all => [...new Set(all.map(one => new URL(one.href).pathname))]"
        )
    return page, urls


async def decide(page: Page, site: Site, walk: Walk, urls: list[str]) -> None:
    """The newest card is edited and confirmed, the one before declined with a note."""
    *_, declined, confirmed = urls
    await page.goto(site.url + confirmed)
    await page.locator("textarea[name=draft]").fill(hostile.long("edited"))
    for place in await page.locator("form fieldset textarea, form fieldset input[type=text]").all():
        await place.fill(hostile.short("edited-field"))
    await walk.look(page, f"{confirmed} while it is edited")
    await page.get_by_role("button", name="确认").click()
    await walk.look(page, f"{confirmed} confirmed")
    await page.goto(site.url + declined)
    await page.locator("input[name=note]").fill(hostile.long("declined"))
    await page.get_by_role("button", name="驳回").click()
    await expect(page.locator(".status")).to_be_visible()


async def bring_in_by_the_console(page: Page, site: Site) -> None:
    """A comment on a decision, and a file of utterances to label."""
    decision = site.ids()["decision"][0]
    await page.goto(f"{site.url}/console/decisions/{decision}")
    await page.get_by_label("写一句").fill(hostile.long("comment"))
    await page.get_by_role("button", name="留言").click()
    await expect(page.locator(".words").filter(has_text="comment").first).to_be_visible()
    await page.goto(f"{site.url}/console/datasets")
    file = {"name": "labels.jsonl", "mimeType": "application/json", "buffer": hostile.labelled()}
    await page.locator("input[type=file]").first.set_input_files(file)  # type: ignore[arg-type]
    await expect(page.get_by_text("1 条进入标注队列")).to_be_visible()


async def open_it(page: Page, url: str) -> None:
    """As a person who follows a link: a download is one too."""
    try:
        await page.goto(url)
    except BrowserError as error:
        if "Download is starting" not in str(error):
            raise
    if "/console" in url and "sign-in" not in url:
        await expect(page.locator(".title, pre, main p").first).to_be_visible()


async def handle_everything(page: Page, walk: Walk, path: str) -> None:
    """Whatever shows more words when it is opened or pointed at."""
    closed = page.locator(".q-expansion-item--collapsed > .q-expansion-item__container > .q-item")
    for _ in range(await closed.count()):
        await closed.first.click()
    await walk.look(page, f"{path}, opened out")
    for name in LOOKS:
        for number in range(min(3, await page.get_by_role("button", name=name, exact=True).count())):
            await page.get_by_role("button", name=name, exact=True).nth(number).click()
            await expect(page.locator(".q-dialog").first).to_be_visible()
            await walk.look(page, f"{path}, {name}")
            await page.keyboard.press("Escape")
            await expect(page.locator(".q-dialog")).to_have_count(0)
    for choice in await page.locator("main .q-select, .page .q-select").all():
        await choice.click()
        await walk.look(page, f"{path}, choices")
        await page.keyboard.press("Escape")
    for chart in await page.locator(".nicegui-echart").all():
        if box := await chart.bounding_box():
            for share in (0.2, 0.4, 0.6, 0.8):
                await page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.6)
                await walk.look(page, f"{path}, chart")


def filled(template: str, ids: dict[str, list[str]]) -> list[str]:
    """The path with every combination of ids. KeyError: a new kind of id; name one in `Site.ids`."""
    paths = [template]
    for name in re.findall(r"{(\w+)}", template):
        paths = [path.replace(f"{{{name}}}", one) for path in paths for one in ids[name]]
    return paths


def reflected() -> str:
    names = ("words", "subject", "back", "rep", "customer", "intent", "state", "since", "days", "code", "ids")
    return "?" + urlencode({name: hostile.long("asked") for name in names})
