"""`make screens`: every page of the console as a laptop and a phone show it, from a demo company of its own.

Needs the development packages and Chromium. The pictures are reduced to few colours, so that the repository stays small.
"""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bot import decisions, people
from bot.console.access import PLACES
from bot.console.text_editor import EDITORS
from bot.people import Role
from bot.settings import Settings
from bot.store import Store
from bot.tables import CorrectionRow
from intents import FileKind
from knowledge.company_files import EDITED

from .bench import history, processes

TARGET = Path(__file__).parents[1] / "docs" / "screens"
SIZES = {"": (1280, 800), "-phone": (360, 740)}
TALLEST = 1400
COLOURS = 64
DRAWN_MS = 1500
"""Charts and editors draw themselves after the page stands."""
PATIENCE_MS = 120_000
PAST, DAYS = 240, 28
"""Decisions of the last weeks, so that lists and charts have something to show."""
ASKED = (
    ("华东仁和", "你们X200带制冷吗,质保几年,50台什么价"),
    ("华东仁和", "X350 来三台,尽快报价"),
    ("苏州精模", "上次那批货什么时候到,再不到我们要投诉了"),
    ("华东仁和", "再比比吧,不着急"),
    ("苏州精模", "开票信息发我一下"),
)
Go = Callable[[Any], Awaitable[object]]
"""Brings a page of the browser to what is to be pictured."""


def main() -> None:
    """Write docs/screens/<page>[-phone].png."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="yiju-screens-") as folder, _served(Path(folder)) as url:
        said = [_said(Path(folder), customer, words) for customer, words in ASKED]
        corrected = _past(Path(folder), said[0])
        password = (Path(folder) / "data" / "demo_password").read_text(encoding="utf-8")
        asyncio.run(_shoot(url, password, said[0], corrected))


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    port = processes.free_port()
    child = processes.start(["bot", "demo", "--port", str(port)], _settings(), folder / "server.log")
    try:
        processes.wait_until_ready(child, f"http://127.0.0.1:{port}/readyz", 180)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.stop()


def _settings() -> dict[str, str]:
    """Relative to where the processes run: a picture of the settings shows no path of this machine."""
    return {"YIJU_DATA_DIR": "data"}


def _said(folder: Path, customer: str, words: str) -> str:
    command = [sys.executable, "-m", "bot", "ask", words, "--customer", customer, "--json"]
    env = processes.clean_environment(_settings())
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, check=True)
    return str(json.loads(done.stdout)["id"])


def _past(folder: Path, model: str) -> str:
    """Give the company a past of decisions like this one; returns one that a rep corrected."""
    store = Store(Settings(_env_file=None, data_dir=folder / "data").database)
    try:
        with store.look() as session:
            like = decisions.load(session, model)
            reps = [str(one.id) for one in people.everyone(session) if one.role is Role.REP]
        history.fill(store, like, reps, PAST, like.created_at - timedelta(minutes=20), DAYS)
        with store.look() as session:
            edited = select(CorrectionRow.decision).where(CorrectionRow.kind == "content")
            return str(session.exec(edited.order_by(col(CorrectionRow.at).desc())).first())
    finally:
        store.close()


async def _shoot(url: str, password: str, decision: str, corrected: str) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for suffix, size in SIZES.items():
            page = await new_page(browser, size)
            for name, go in _for_everybody(url):
                await go(page)
                await _keep(page, f"{name}{suffix}")
            await page.context.close()
            page = await signed_in(browser, url, password, size)
            for name, path in _of_the_console(decision, corrected).items():
                await page.goto(f"{url}/console{path}")
                await page.locator(".title").first.wait_for()
                await page.wait_for_function("!document.querySelector('.q-spinner')")
                await page.wait_for_timeout(DRAWN_MS)
                await _keep(page, f"{name}{suffix}")
            await page.context.close()
        await browser.close()


def _of_the_console(decision: str, corrected: str) -> dict[str, str]:
    """Picture's name → path below `/console`."""
    places = {place.path.strip("/") or "decisions": place.path for place in PLACES}
    editors = {f"editor-{kind}": f"{EDITORS}/{kind}" for kind in (*FileKind, *EDITED)}
    return (
        places
        | editors
        | {"decision": f"/decisions/{decision}", "decision-corrected": f"/decisions/{corrected}"}
    )


def _for_everybody(url: str) -> Iterator[tuple[str, Go]]:
    """The sign-in, the simulator with a card, and the decision page that the card leads to."""
    yield "sign-in", lambda page: page.goto(f"{url}/console/sign-in")

    async def ask(page: Any) -> None:
        await page.goto(f"{url}/sim")
        await page.fill("#text", "客户华东仁和说:X200带制冷吗,60台什么价")
        await page.keyboard.press("Enter")
        await page.get_by_text("打开决策页").last.wait_for()
        await page.wait_for_timeout(DRAWN_MS)

    async def open_it(page: Any) -> None:
        address = await page.get_by_text("打开决策页").last.get_attribute("href")
        await page.goto(address if address.startswith("http") else f"{url}{address}")

    yield "simulator", ask
    yield "decision-page", open_it


def chromium() -> str:
    """The system's. Ends the program with what to do where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("no Chromium on this machine; install it (Debian: apt-get install chromium)")
    return found


async def new_page(browser: Any, size: tuple[int, int]) -> Any:
    """As somebody who was never here opens it."""
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


async def signed_in(browser: Any, url: str, password: str, size: tuple[int, int], user: str = "admin") -> Any:
    """A page of somebody who is signed in to the console."""
    page = await new_page(browser, size)
    await page.goto(f"{url}/console/sign-in")
    await page.fill("input[name=user]", user)
    await page.fill("input[name=password]", password)
    await page.get_by_role("button", name="登录").click()
    await page.wait_for_url(lambda address: "sign-in" not in address)
    return page


async def _keep(page: Any, name: str) -> None:
    """What stands there, cut where it is very long, in few colours."""
    from PIL import Image

    raw = await page.screenshot(full_page=True)
    with Image.open(io.BytesIO(raw)) as shot:
        cut = shot.convert("RGB").crop((0, 0, shot.width, min(shot.height, TALLEST)))
        cut.quantize(COLOURS).save(TARGET / f"{name}.png", optimize=True)
    print(name)


if __name__ == "__main__":
    main()
