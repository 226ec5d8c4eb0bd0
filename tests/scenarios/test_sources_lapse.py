"""While a card waits its document is narrowed, replaced, runs out or is deleted: nobody sends words it no longer carries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlmodel import SQLModel, create_engine

from bot.app import assemble
from bot.channels.wecom import WeCom
from bot.decision import ReasonKind, State
from bot.tables import ActionRow, ConfirmationRow
from knowledge import MANAGERS, DocumentInfo, Library
from tests.fakes import wecom_platform
from tests.fakes.clock import START, Clock
from tests.fakes.product import UNHURRIED, Browser, DemoCompany, Product, settings_for
from tests.fakes.wecom_platform import Shown, WeComPlatform
from tests.scenarios.test_wecom_sidebar import AT, Toolbar

MANUAL = "# X系列离心机用户手册\n\n## X200 技术参数\n\nX200 的噪声不超过 {noise} dB(A)。\n"
ASKED = "客户华东仁和说:你们X200噪声多大"
TITLE = "《X系列离心机用户手册》"
Change = Callable[[Library, DocumentInfo, Path], object]


def new_edition(shelf: Library, document: DocumentInfo, folder: Path) -> None:
    again = folder / "again" / document.file_name
    again.parent.mkdir()
    again.write_text(MANUAL.format(noise=52), encoding="utf-8")
    shelf.add(again)


def narrowed(shelf: Library, document: DocumentInfo, folder: Path) -> None:
    shelf.amend(replace(document, visibility=MANAGERS))


def run_out(shelf: Library, document: DocumentInfo, folder: Path) -> None:
    shelf.amend(replace(document, valid_until=START.date() - timedelta(days=1)))


def deleted(shelf: Library, document: DocumentInfo, folder: Path) -> None:
    shelf.remove(document.id)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Library]:
    """A library of its own with one manual: these stories change it."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shelf.db'}")
    SQLModel.metadata.create_all(engine)
    found = Library(engine, tmp_path / "shelf")
    paper = tmp_path / "X系列离心机用户手册.md"
    paper.write_text(MANUAL.format(noise=56), encoding="utf-8")
    found.add(paper)
    yield found
    engine.dispose()


@pytest.fixture
async def office(
    demo: DemoCompany, data_dir: Path, clock: Clock, wecom: WeComPlatform, shelf: Library
) -> AsyncIterator[Product]:
    channels = {"wecom": WeCom(wecom_platform.settings(), wecom.http(), clock, UNHURRIED)}
    running = Product(assemble(settings_for(data_dir), clock, channels, library=shelf), clock, wecom)
    yield running
    await running.close()


@pytest.fixture
async def card(office: Product) -> Shown:
    await office.hears("zhangsan", ASKED)
    (shown,) = office.open_cards("zhangsan")
    assert "56 dB(A)" in office.decision(shown).draft.text
    return shown


@pytest.fixture
async def browser(office: Product, card: Shown) -> AsyncIterator[Browser]:
    opened = Browser(office)
    await opened.sign_in(url_of(card), "zhangsan")
    yield opened
    await opened.close()


def url_of(card: Shown) -> str:
    return str(card.content["card_action"]["url"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (narrowed, f"{TITLE}不再对您开放"),
        (new_edition, f"{TITLE}已更新为 V2"),
        (run_out, f"{TITLE}已不在有效期内"),
        (deleted, f"{TITLE}已被删除"),
    ],
)
async def test_a_yes_to_a_card_whose_source_lapsed_brings_a_new_card_and_sends_nothing(
    office: Product, shelf: Library, tmp_path: Path, card: Shown, change: Change, told: str
) -> None:
    change(shelf, shelf.list()[0], tmp_path)
    await office.taps(card, "确认")
    assert told in office.words("zhangsan")[-1]
    assert (office.rows(ConfirmationRow), office.rows(ActionRow)) == ([], [])
    before = office.decision(card)
    assert (before.state, before.note) == (State.SUPERSEDED, "source_lapsed")
    assert "所依据的资料有变化" in str(card.content)
    (fresh,) = office.open_cards("zhangsan")
    again = office.decision(fresh)
    assert again.follows == before.id
    assert again.intent == before.intent
    assert "56 dB" not in again.draft.text
    assert ("52 dB(A)" in again.draft.text) is (change is new_edition)
    await office.taps(fresh, "确认")
    assert office.decision(fresh).state is State.CARRIED_OUT


async def test_a_change_that_leaves_the_source_standing_changes_nothing(
    office: Product, shelf: Library, card: Shown
) -> None:
    document = shelf.list()[0]
    shelf.amend(replace(document, owner="chenjing", valid_until=START.date() + timedelta(days=365)))
    await office.taps(card, "确认")
    assert office.decision(card).state is State.CARRIED_OUT


async def test_a_correction_to_another_intent_is_not_held_up(
    office: Product, shelf: Library, card: Shown
) -> None:
    shelf.remove(shelf.list()[0].id)
    await office.taps(card, "修正", choice="quote_request")
    assert office.decision(card).note == "intent_corrected"
    assert office.decision(office.open_cards("zhangsan")[0]).intent == "quote_request"


async def test_the_page_says_what_became_of_the_source_before_anything_is_tapped(
    office: Product, shelf: Library, tmp_path: Path, card: Shown, browser: Browser
) -> None:
    url = url_of(card)
    assert "已更新为" not in (await browser.get(url)).text
    new_edition(shelf, shelf.list()[0], tmp_path)
    page = await browser.get(url)
    assert f"{TITLE}已更新为 V2" in page.text
    assert "data-copying" not in page.text
    refused = await browser.post(url, await browser.form(url), move="confirm")
    assert refused.status_code == 409
    assert "请看新卡片" in refused.text
    assert office.rows(ConfirmationRow) == []
    (after,) = LexborHTMLParser(refused.text).css("a[href$='/next']")
    assert "52 dB(A)" in (await browser.get(str(after.attributes["href"]))).text


async def test_words_of_the_rep_s_own_that_quote_it_no_more_are_a_correction(
    office: Product, shelf: Library, card: Shown, browser: Browser
) -> None:
    url = url_of(card)
    shelf.remove(shelf.list()[0].id)
    form = await browser.form(url)
    kept = await browser.post(url, form | {"draft": f"{form['draft']} 请您过目。"}, move="confirm")
    assert kept.status_code in {409, 422}
    assert office.rows(ConfirmationRow) == []


async def test_a_rep_who_writes_the_sentence_anew_without_the_source_may_send_it(
    office: Product, shelf: Library, card: Shown, browser: Browser
) -> None:
    url = url_of(card)
    shelf.remove(shelf.list()[0].id)
    form = await browser.form(url)
    page = await browser.post(url, form | {"draft": "您好,我向厂里核实后回复您。"}, move="confirm")
    assert page.status_code == 200
    assert office.decision(card).state is State.CARRIED_OUT
    assert office.decision(card).draft.text == "您好,我向厂里核实后回复您。"


async def test_a_confirmed_draft_is_not_copied_or_placed_once_its_source_lapsed(
    office: Product, shelf: Library, tmp_path: Path, card: Shown, browser: Browser
) -> None:
    await office.taps(card, "确认")
    toolbar = Toolbar(office, "zhangsan")
    await toolbar.send(await toolbar.open(), f"{AT}/link", account=office.decision(card).customer or "")
    (button,) = LexborHTMLParser((await toolbar.open()).text).css("#place")
    may = str(button.attributes["data-may"])
    assert (await toolbar.web.get(may)).status_code == 204
    new_edition(shelf, shelf.list()[0], tmp_path)
    assert (await toolbar.web.get(may)).status_code == 409
    page = await toolbar.open()
    assert LexborHTMLParser(page.text).css_first("#place") is None
    assert f"{TITLE}已更新为 V2" in page.text
    page = await browser.get(url_of(card))
    assert "请不要再发给客户" in page.text
    assert "data-copying" not in page.text
    await toolbar.close()


async def test_what_a_card_rests_on_is_still_named_as_it_was(office: Product, card: Shown) -> None:
    """The check reads the reasons: a card that cites must have one of each document."""
    cited = [one for one in office.decision(card).rationale.reasons if one.kind is ReasonKind.PASSAGE]
    assert [one.source.startswith(TITLE) for one in cited] == [True]
