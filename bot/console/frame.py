"""What every page of the console looks like: menu by role, who I am, and a place for the page itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog
from nicegui import Client, events, ui
from sqlmodel import Session

from bot import journal, people
from bot.app import Parts
from bot.console.access import PLACES, may_open
from bot.console.gate import AT
from bot.console.refusals import REFUSALS, in_chinese
from bot.console.sessions import Sessions, token_of
from bot.errors import NotAllowed
from bot.people import Person
from intents import Taxonomy
from prompts import phrase

T = TypeVar("T")
log = structlog.get_logger()
ACCENT = "#2456b8"
_STYLE = """
:root { --nicegui-default-padding: 0; --line: #e3e7ee; --quiet: #5d6673; }
body { background: #f4f6f9; color: #1c2430; font-family: system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
.page { max-width: 1280px; margin: 0 auto; padding: 20px 24px 40px; width: 100%; gap: 16px; }
@media (max-width: 700px) { .page { padding: 12px 12px 32px; gap: 12px; } }
.panel { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; width: 100%; gap: 8px; box-shadow: none; }
.title { font-size: 1.25rem; font-weight: 650; line-height: 1.4; }
.heading { font-size: .95rem; font-weight: 650; }
.quiet { color: var(--quiet); font-size: .85rem; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0; }
.as-said { color: var(--quiet); font: .8rem/1.5 ui-monospace, monospace; }
.quoted { background: #eef3fd; border-left: 3px solid #2456b8; padding: 8px 12px; border-radius: 0 8px 8px 0; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 16px; width: 100%; align-items: start; }
.sides.small { grid-template-columns: 1fr 1fr; gap: 10px; }
.was, .is-now { border-radius: 8px; padding: 8px 10px; min-width: 0; } .was { background: #fbecea; } .is-now { background: #e6f4ec; }
table.plain { border-collapse: collapse; width: 100%; font-size: .9rem; } table.plain th { text-align: left; color: var(--quiet); font-weight: 600; white-space: nowrap; }
table.plain th, table.plain td { padding: 8px 12px; border-bottom: 1px solid var(--line); } table.plain tr:last-child td { border-bottom: 0; }
.q-dialog .nicegui-card { padding: 18px 20px; }
.scrolls { overflow-x: auto; width: 100%; } .scrolls table.plain td, .scrolls table.plain th { min-width: 72px; padding: 6px 8px; vertical-align: top; white-space: normal; } table.plain tbody th { position: sticky; left: 0; background: #fff; }
.told { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
table.numbers th, table.numbers td { padding: 6px 10px; } table.numbers td:first-child { min-width: 96px; } .sample { white-space: nowrap; font-size: .78rem; }
.empty { color: var(--quiet); padding: 32px 12px; text-align: center; width: 100%; }
.q-stepper .q-stepper__tab, .q-stepper .q-stepper__label { color: var(--quiet) !important; opacity: 1 !important; }
.q-stepper .q-stepper__tab--active .q-stepper__label { color: #2456b8 !important; }
.q-table th { color: var(--quiet); font-weight: 600; }
.q-table tbody tr { cursor: pointer; }
.tag { border-radius: 999px; padding: 1px 10px; font-size: .78rem; line-height: 1.6; white-space: nowrap; display: inline-block; background: #eceff4; color: #3a4452; }
.tag.good { background: #dff3e7; color: #10603a; } .tag.bad { background: #fbe4e2; color: #8d2620; }
.tag.warn { background: #fdf0d7; color: #6d4400; } .tag.open { background: #e2ebfc; color: #173f88; }
.menu a { color: #2b3442; text-decoration: none; border-radius: 8px; display: flex; gap: 10px; align-items: center; padding: 8px 12px; width: 100%; min-height: 40px; }
.menu a:hover { background: #eef1f6; } .menu a.here { background: #e2ebfc; color: #173f88; font-weight: 600; }
.nicegui-content { padding: 0; }
.nicegui-link:not(.menu *) { color: #1d4aa3; overflow-wrap: anywhere; }
.nicegui-row { align-items: center; } .nicegui-row.items-start { align-items: flex-start; } .nicegui-row.items-end { align-items: flex-end; }
.q-pagination .row { flex-wrap: nowrap; }
.panel > .q-btn { align-self: flex-start; }
@media (max-width: 700px) { .nicegui-row.filters { display: grid; grid-template-columns: 1fr 1fr; }
  .filters > * { width: auto !important; min-width: 0 !important; } .filters > .whole { grid-column: 1 / -1; } }
"""

_ONE_CLICK = """<script>
document.addEventListener('click', event => {
  const pressed = event.target.closest('.q-btn');
  if (event.detail > 1 && pressed && !pressed.closest('.q-pagination')) event.stopPropagation();
}, true);
</script>"""
"""A double click is one click: the second would comment again, open a second window, or fall on what took the button's place."""
_RECONNECT = "window.socket.disconnect(); window.socket.connect()"
"""The connection is made anew, with the cookie that the browser has now; the page stays as it is."""
PATIENCE_S = 20.0
"""A page that takes longer to build is an error. NiceGUI's own three seconds are too few on a busy machine."""


@dataclass(frozen=True)
class Console:
    """What pages work with."""

    parts: Parts
    sessions: Sessions
    paths: frozenset[str] = frozenset()
    """Of the pages that this installation has: the menu shows no others."""
    _asking: WeakKeyDictionary[Client, ui.dialog] = field(default_factory=WeakKeyDictionary, repr=False)
    """Pages whose session ended, with the dialog that says so."""

    async def read(self, work: Callable[[Session], T]) -> T:
        return await self.parts.store.read(work)

    async def write(self, work: Callable[[Session], T]) -> T:
        return await self.parts.store.write(work)

    async def taxonomy(self) -> Taxonomy:
        """The intents as the company calls them now."""
        return await asyncio.to_thread(self.parts.registry.taxonomy)

    async def names(self, ids: Iterable[str]) -> dict[str, str]:
        """How people are called, by id; whoever is no user here, as a terminal may name anybody, keeps the id."""
        asked = set(ids)
        known = await self.read(lambda session: people.names(session, asked))
        return {one: known.get(one, one) for one in asked}

    def viewer(self) -> Person:
        """Who opened this page; the gate has put them there."""
        person: Person = ui.context.client.request.scope["state"]["person"]
        return person

    async def acting(self, path: str) -> Person:
        """Who acts now: a page stays open for hours, its session may have ended meanwhile, or the role changed.

        Raises `NotAllowed`."""
        person = await self.sessions.who(_token())
        if person is None or person.id != self.viewer().id:
            self._ask_to_sign_in()
            raise NotAllowed(phrase("console_signed_out"))
        if not may_open(person.role, path):
            raise NotAllowed(phrase("console_not_yours", role=phrase(f"role_{person.role}")))
        return person

    async def still_here(self) -> bool:
        """For what a page does by itself: looking does not keep a session alive. One that ended is said, once."""
        person, viewer = await self.sessions.who(_token(), visits=False), self.viewer()
        if person is None or (person.id, person.role) != (viewer.id, viewer.role):
            self._ask_to_sign_in()
            return False
        if dialog := self._asking.pop(ui.context.client, None):
            dialog.close()
        return True

    def _ask_to_sign_in(self) -> None:
        """In a window of its own, so that what was typed here stays; then this page goes on where it was."""
        if ui.context.client in self._asking:
            return
        with ui.context.client.content, ui.dialog(value=True).props("persistent") as dialog, ui.card():
            ui.label(phrase("console_signed_out_title")).classes("heading")
            ui.label(phrase("console_signed_out_page")).classes("words")
            with ui.row().classes("justify-end items-center").style("width:100%"):
                ui.link("重新登录", "/sign-in", new_tab=True)
                ui.button("继续", on_click=lambda: ui.run_javascript(_RECONNECT)).props("unelevated no-caps")
        self._asking[ui.context.client] = dialog

    def note(self, session: Session, person: Person, what: str, subject: str, **body: Any) -> None:
        """What somebody did here, as a line of the journal."""
        journal.append(session, who=person.id, what=what, subject=subject, at=self.parts.clock(), body=body)

    async def noted(self, person: Person, what: str, subject: str, **body: Any) -> None:
        """`note` of an act that wrote somewhere else than in a session of ours."""
        await self.write(lambda session: self.note(session, person, what, subject, **body))


def _token() -> str:
    """Of the page's live connection, which a browser that signed in again makes anew; at first of its request."""
    client = ui.context.client
    cookies = (client.environ or {}).get("HTTP_COOKIE") or client.request.headers.get("cookie", "")
    return token_of(cookies)


def opens(path: str) -> ui.page:
    """Decorates what builds the page at this path below `/console`."""
    return ui.page(path, response_timeout=PATIENCE_S)


@contextmanager
def framed(console: Console, path: str, title: str) -> Iterator[ui.element]:
    """The page around what follows: `with framed(console, "/board", "看板"): …`."""
    person = console.viewer()
    ui.colors(primary=ACCENT)
    ui.add_css(_STYLE)
    ui.add_head_html(_ONE_CLICK)
    ui.page_title(f"{title} · 依据")
    with (
        ui.header(elevated=False)
        .classes("items-center")
        .style(
            "align-items:center;background:#fff;color:#1c2430;border-bottom:1px solid #e3e7ee;padding:6px 16px;min-height:52px"
        )
    ):
        menu = ui.button(icon="menu").props('flat round color=primary aria-label="菜单"').classes("lt-md")
        ui.label("依据").style("font-weight:700;font-size:1.1rem;color:#2456b8")
        ui.label("控制台").classes("quiet")
        ui.space()
        ui.label(f"{person.name} · {phrase(f'role_{person.role}')}").classes("quiet")
        _sign_out()
    drawer = (
        ui.left_drawer(value=False, bordered=True)
        .props("width=208 breakpoint=1023 show-if-above")
        .style("background:#fff;padding:12px 10px")
    )
    menu.on_click(drawer.toggle)
    with drawer:
        _menu(person, path, console.paths)
    with ui.element("div").classes("page column") as content:
        ui.label(title).classes("title").props("role=heading aria-level=1")
        yield content


def _menu(person: Person, here: str, paths: frozenset[str]) -> None:
    """Targets of links are below `/console`: NiceGUI puts that before them."""
    mine = [place for place in PLACES if person.role in place.roles and place.path in paths]
    with ui.element("nav").classes("menu column").props('aria-label="主菜单"').style("gap:2px;width:100%"):
        for group, places in groupby(mine, key=lambda place: place.group):
            ui.label(group).classes("quiet").style("padding:10px 12px 2px")
            for place in places:
                link = ui.link(target=place.path)
                if place.path == here:
                    link.classes("here").props("aria-current=page")
                with link:
                    ui.icon(place.icon, size="20px").props("aria-hidden=true")
                    ui.label(place.name)


def _sign_out() -> None:
    with ui.element("form").props(f"method=post action={AT}/sign-in/out"):
        ui.button("退出", icon="logout").props("flat dense type=submit color=grey-8").classes("gt-xs")
        ui.button(icon="logout").props('flat round dense type=submit color=grey-8 aria-label="退出"').classes(
            "lt-sm"
        )


@contextmanager
def panel(heading: str = "") -> Iterator[None]:
    with ui.element("section").classes("panel column"):
        if heading:
            ui.label(heading).classes("heading").props("role=heading aria-level=2")
        yield


def tag(words: str, kind: str = "") -> ui.label:
    return ui.label(words).classes(f"tag {kind}")


def as_said(detail: str) -> None:
    """What a library or another system said, in its own words: for whoever has to look into it."""
    if detail:
        ui.label(detail).classes("as-said words").props("translate=no")


def empty(words: str) -> None:
    """What stands where there is nothing yet: what would be here, and how it comes."""
    ui.label(words).classes("empty")


def on_enter(field: ui.input, do: Callable[[], Any]) -> None:
    """What the field holds when Enter is pressed counts: on a page that still connects, the server may hear of the key
    before it hears of what was typed. An Enter that only picks characters of an input method does nothing."""

    def pressed(event: events.GenericEventArguments) -> Any:
        field.set_value(event.args)
        return do()

    field.on("keydown.enter", pressed, js_handler="event => event.isComposing || emit(event.target.value)")


async def tell(work: Awaitable[T], done: str = "") -> T | None:
    """Do it, and say what came of it. An expected refusal is a sentence, not a broken page."""
    try:
        found = await work
    except REFUSALS as refused:
        log.info("console_refused", kind=type(refused).__name__, reason=str(refused))
        ui.notify(in_chinese(refused), type="warning", multi_line=True, timeout=8000)
        return None
    if done:
        ui.notify(done, type="positive")
    return found
