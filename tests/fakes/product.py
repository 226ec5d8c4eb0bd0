"""The whole product over one data directory, on platforms of our own: real routes, real envelopes, no network.

Nothing runs by itself: callbacks are answered by the app, and `settle` works what they left in the queues.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import func, select
from sqlmodel import SQLModel

from bot import decisions
from bot.app import Parts, assemble
from bot.channels import Channel, Envelope
from bot.channels.wecom import WeCom
from bot.channels.wecom.pace import Limits
from bot.cli.opening import open_store
from bot.decision import Decision
from bot.demo.prepare import prepare
from bot.serving import app_of
from bot.settings import Settings
from bot.tables import DecisionRow
from crm_bridge import CrmAdapter
from knowledge import Library
from tests.fakes import wecom_platform
from tests.fakes.clock import Clock
from tests.fakes.wecom_platform import Shown, WeComPlatform

Row = TypeVar("Row", bound=SQLModel)
PUBLIC_URL = "http://yiju.test"
ASKED = "客户华东仁和说:你们X200带制冷吗,质保几年,50台什么价"
"""Three questions of the demo company's customer, pasted by its rep."""
WECOM_USERS = ("zhangsan", "lisi", "wangwu", "chenjing", "sunli", "admin", "nobody")
UNHURRIED = Limits(burst=1000)


@dataclass(frozen=True)
class DemoCompany:
    """The demo company, loaded once: its data directory to copy, and its library, which tests only read."""

    data_dir: Path
    library: Library

    def copy_to(self, folder: Path) -> Path:
        """Nobody writes to the original, so its files can be copied as they are, the log of changes among them."""
        return Path(
            shutil.copytree(self.data_dir, folder, ignore=shutil.ignore_patterns("index", "documents"))
        )


def settings_for(data_dir: Path, **changes: Any) -> Settings:
    """Without the environment's settings and without an `.env` file."""
    values = {"data_dir": data_dir, "public_url": PUBLIC_URL, "secret_key": "scenario-secret"}
    return Settings.model_validate({"_env_file": None} | values | changes)


def load_demo_company(data_dir: Path, clock: Clock) -> tuple[DemoCompany, Parts]:
    """The parts hold the library open; close their store at the end."""
    settings = settings_for(data_dir)
    open_store(settings).close()
    parts = assemble(settings, clock, channels={})
    prepare(parts, lambda line: None)
    parts.library.search("X200 制冷")
    return DemoCompany(data_dir, parts.library), parts


@dataclass
class Product:
    """One process of the product. `channels` hold the fakes' clients; the WeCom platform is the usual one."""

    parts: Parts
    clock: Clock
    wecom: WeComPlatform
    web: httpx.AsyncClient = field(init=False)
    app: Any = field(init=False)

    def __post_init__(self) -> None:
        self.app = app_of(self.parts)
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=PUBLIC_URL)

    async def close(self) -> None:
        await self.web.aclose()
        self.parts.store.close()

    async def deliver(self, envelope: Envelope, path: str = "/wecom/callback") -> httpx.Response:
        """The envelope as its platform sends it, byte for byte."""
        return await self.web.request(
            envelope.method,
            path,
            params=dict(envelope.query),
            headers=dict(envelope.headers),
            content=envelope.body,
        )

    async def hears(self, user: str, *texts: str) -> None:
        """Somebody writes in WeCom, a second later, and everything that follows is worked."""
        self.pass_by(seconds=1)
        for text in texts:
            assert (await self.deliver(self.wecom.say(user, text))).status_code == 200
        await self.settle()

    async def taps(self, shown: Shown, button: str, choice: str = "", by: str = "") -> None:
        """Somebody taps a card in WeCom. `by`: a person to whom the card was forwarded."""
        self.pass_by(seconds=1)
        card = Shown(by, shown.kind, shown.content, shown.msgid, shown.task) if by else shown
        envelope = self.wecom.tap(card, button, {"intent": choice} if choice else None)
        assert (await self.deliver(envelope)).status_code == 200
        await self.settle()

    async def settle(self) -> None:
        await self.parts.settle()

    def pass_by(self, **time: float) -> None:
        self.wecom.now = self.clock.advance(**time)

    def cards(self, user: str) -> list[Shown]:
        """The cards in somebody's WeCom chat as they look now, oldest first."""
        return [shown for shown in self.wecom.inbox(user) if shown.kind == "template_card"]

    def open_cards(self, user: str) -> list[Shown]:
        return [card for card in self.cards(user) if "replace_text" not in card.content and _taps(card)]

    def words(self, user: str) -> list[str]:
        """What the bot said to somebody in WeCom, oldest first."""
        said = (shown for shown in self.wecom.inbox(user) if shown.kind in {"text", "markdown"})
        return [shown.content["content"] for shown in said]

    def rows(self, table: type[Row]) -> Sequence[Row]:
        with self.parts.store.look() as session:
            return session.execute(select(table)).scalars().all()

    def count(self, table: type[SQLModel]) -> int:
        with self.parts.store.look() as session:
            return int(session.execute(select(func.count()).select_from(table)).scalar_one())

    def decisions(self) -> list[Decision]:
        """Oldest first."""
        with self.parts.store.look() as session:
            rows = session.execute(select(DecisionRow)).scalars().all()
            return sorted(
                (decisions.read(row) for row in rows), key=lambda one: (one.created_at, one.version)
            )

    def decision(self, card: Shown) -> Decision:
        """What stands behind a card in a chat."""
        with self.parts.store.look() as session:
            return decisions.load(session, card.task.rsplit("@", 1)[0])


def start(
    demo: DemoCompany,
    data_dir: Path,
    clock: Clock,
    wecom: WeComPlatform,
    *,
    crm: CrmAdapter | None = None,
    more: Mapping[str, Channel] | None = None,
    app: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Product:
    """A process over a data directory that was copied, with WeCom (`app`: changes of its settings) and perhaps more channels on."""
    of_the_app = wecom_platform.settings(**(app or {}))
    channel = WeCom(of_the_app, wecom.http(), clock, UNHURRIED, pause=_at_once)
    channels = {"wecom": channel, **(more or {})}
    settings = settings_for(data_dir, wecom=of_the_app, **changes)
    return Product(assemble(settings, clock, channels, crm, demo.library), clock, wecom)


async def _at_once(seconds: float) -> None:
    await asyncio.sleep(0)


def _taps(card: Shown) -> bool:
    return any(not button.get("type") for button in card.content.get("button_list", ()))


class Browser:
    """One person's browser: cookies of their own, forms as a page holds them."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(product.app), base_url=PUBLIC_URL)

    async def get(self, url: str) -> httpx.Response:
        return await self.web.get(url, follow_redirects=True)

    async def sign_in(self, url: str, user: str) -> httpx.Response:
        """Ask for a code, read it in the WeCom chat, and type it."""
        await self.web.post(f"{url}/code", data={"send": "1", "user": user})
        await self._product.settle()
        codes = [re.search(r"\d{6}", words) for words in self._product.words(user) if "登录码" in words]
        return await self.type_code(url, user, codes[-1][0] if codes and codes[-1] else "")

    async def type_code(self, url: str, user: str, code: str) -> httpx.Response:
        return await self.web.post(f"{url}/code", data={"user": user, "code": code}, follow_redirects=True)

    async def form(self, url: str) -> dict[str, str]:
        """The decision page's form, filled as it was shown."""
        return filled(await self.get(url))

    async def post(self, url: str, form: Mapping[str, str], **changes: str) -> httpx.Response:
        """Send a form with changes, lines ended as a browser ends them; field names with dots are given with `__`."""
        changed = {name.replace("__", "."): value for name, value in changes.items()}
        sent = {name: value.replace("\n", "\r\n") for name, value in (dict(form) | changed).items()}
        response = await self.web.post(url, data=sent, follow_redirects=True)
        await self._product.settle()
        return response

    async def close(self) -> None:
        await self.web.aclose()


def filled(page: httpx.Response) -> dict[str, str]:
    """The values of a page's last form with a mark."""
    tree = LexborHTMLParser(page.text)
    values: dict[str, str] = {}
    for entry in tree.css("form input[name], form textarea[name]"):
        if entry.attributes.get("type") == "checkbox" and "checked" not in entry.attributes:
            continue
        value = entry.text() if entry.tag == "textarea" else entry.attributes.get("value")
        values[str(entry.attributes["name"])] = value or ""
    for select_field in tree.css("form select[name]"):
        chosen = select_field.css_first("option[selected]") or select_field.css_first("option")
        values[str(select_field.attributes["name"])] = (
            str(chosen.attributes.get("value") or "") if chosen else ""
        )
    return values
