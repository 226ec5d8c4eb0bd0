"""A number nobody may see is put into the CRM, another is said by a customer; then every way out is walked.

In the CRM a number is for the core and the sender of messages. What a customer said stays as said for their own rep.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from openpyxl import load_workbook
from sqlalchemy import update
from sqlmodel import col
from typer.testing import CliRunner

import bot.logs
from bot import security
from bot.channels.dingtalk.card_data import card_data
from bot.channels.wecom_bot import Addresses, WeComBot
from bot.cli import app
from bot.console import listing
from bot.language_model import messages
from bot.people import Role
from bot.rewording import brief
from crm_bridge import CrmUnavailable
from crm_bridge.adapters.embedded.tables import ContactRow
from tests.fakes import wecom_platform
from tests.fakes.product import ASKED, Browser, DemoCompany, Product, start
from tests.fakes.wecom_bot_platform import SETTINGS, BotPlatform
from tests.fakes.wecom_platform import WeComPlatform

IN_CRM, SAID = "13777771234", "13766665678"
WORDS = f"{ASKED},请回电 {SAID} 或 call me at {SAID}"


@pytest.fixture(autouse=True)
def _logged() -> Iterator[None]:
    """Lines as they are written in production, to the standard error of the moment."""
    before = structlog.get_config()
    bot.logs.configure("json")
    structlog.configure(cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.fixture
async def product(
    demo: DemoCompany, data_dir: Path, clock: Any, wecom: WeComPlatform
) -> AsyncIterator[Product]:
    """Every contact of the demo company has the canary for a number."""
    running = start(demo, data_dir, clock, wecom)
    with running.parts.store.begin() as session:
        session.execute(update(ContactRow).values(phone=IN_CRM).where(col(ContactRow.phone) != ""))
    await running.hears("zhangsan", WORDS)
    yield running
    await running.close()


def headers(product: Product, *scopes: str) -> dict[str, str]:
    with product.parts.store.begin() as session:
        return {"Authorization": f"Bearer {security.new_key(session, 'other', scopes, product.clock())[1]}"}


def chat(product: Product) -> str:
    return json.dumps([shown.content for shown in product.wecom.inbox("zhangsan")], ensure_ascii=False)


async def test_a_card_and_its_page_show_what_was_said_and_no_number_of_the_crm(product: Product) -> None:
    (card,) = product.cards("zhangsan")
    page = await Browser(product).sign_in(product.parts.cards.path(product.decision(card)), "zhangsan")
    assert (page.status_code, SAID in page.text) == (200, True)
    drawn = product.parts.cards.draw(product.decision(card), None, [])
    assert SAID in drawn.subtitle
    assert IN_CRM not in chat(product) + page.text + repr(drawn)
    assert SAID not in product.decision(card).draft.text


async def test_the_same_card_on_dingtalk_and_in_a_list_for_a_spreadsheet(product: Product) -> None:
    (decision,) = product.decisions()
    drawn = card_data(product.parts.cards.draw(decision, None, []))
    policy = product.parts.copilot.policy

    def rows() -> Iterator[list[str]]:
        return listing.table(iter([decision]), {}, {}, policy, Role.MANAGER)

    book = load_workbook(io.BytesIO(listing.as_xlsx(rows()))).active
    cells = " ".join(str(cell) for row in book.iter_rows(values_only=True) for cell in row)  # type: ignore[union-attr]
    for exported in (cells, listing.as_csv(rows()).decode()):
        assert "137****5678" in exported
        assert SAID not in exported
        assert IN_CRM not in exported
    assert SAID in repr(drawn)
    assert IN_CRM not in repr(drawn)


async def test_asked_for_a_number_the_answer_leaves_its_ends(product: Product) -> None:
    await product.hears("zhangsan", "查一下华东仁和的联系人电话")
    assert "137****1234" in product.words("zhangsan")[-1]
    assert IN_CRM not in chat(product)


async def test_the_ai_bots_card_and_answers_leave_its_ends(
    product: Product, data_dir: Path, demo: DemoCompany, clock: Any, wecom: WeComPlatform
) -> None:
    platform = BotPlatform(clock)
    http = platform.http()
    robot = WeComBot(wecom_platform.settings(**SETTINGS), Addresses(product.parts.store, clock), clock, http)
    office = start(demo, data_dir, clock, wecom, more={"wecom_bot": robot})
    for words in (f"客户华东仁和说:50台X350什么价,请回电 {SAID}", "查一下华东仁和的联系人电话"):
        office.pass_by(seconds=1)
        assert (await office.deliver(platform.say("zhangsan", words), "/wecom/bot")).status_code == 200
        await office.settle()
    shown = json.dumps(platform.sent, ensure_ascii=False)
    (card,) = platform.cards()
    drawn = json.dumps(card, ensure_ascii=False)
    assert "137****1234" in shown
    assert "确认" in drawn
    assert IN_CRM not in shown
    assert SAID not in office.decisions()[-1].draft.text
    await office.close()
    await http.aclose()


async def test_a_language_model_is_told_neither(product: Product) -> None:
    (decision,) = product.decisions()
    account = await product.parts.crm.account(decision.customer)  # type: ignore[arg-type]
    hidden = product.parts.copilot.policy.withheld(account, "model", "prompt")
    told = "\n".join(str(one.content) for one in messages(brief(decision, "formal", hidden)))
    assert IN_CRM in hidden
    assert "请回电" in told
    assert IN_CRM not in told
    assert SAID not in told


async def test_interfaces_give_neither(product: Product) -> None:
    (decision,) = product.decisions()
    reads = headers(product, "read")
    api = await product.web.get(f"/api/v1/decisions/{decision.id}", headers=reads)
    facts = await product.web.get(f"/api/v1/customers/{decision.customer}/facts", headers=reads)
    event = {"specversion": "1.0", "id": "1", "source": "/x", "type": "unknown", "data": {"phone": SAID}}
    sent = await product.web.post(
        "/api/v1/events",
        content=json.dumps(event),
        headers=headers(product, "events") | {"content-type": "application/cloudevents+json"},
    )
    traced = await product.web.get(f"/api/v1/events/{sent.json()['events'][0]['event']}", headers=reads)
    assert (api.status_code, facts.status_code, traced.status_code) == (200, 200, 200)
    assert "137****5678" in api.text
    for answer in (api, facts, traced):
        assert IN_CRM not in answer.text
        assert SAID not in answer.text


async def test_logs_errors_and_metrics_hold_neither(
    product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    log = structlog.get_logger()
    try:
        raise CrmUnavailable(f"could not read the row of {SAID} with {IN_CRM}")
    except CrmUnavailable as error:
        log.exception("turn_failed", reason=str(error), rows=[{"phone": IN_CRM, "said": {"words": SAID}}])
    await product.hears("zhangsan", f"客户华东仁和说:打 {SAID} 退货")
    metrics = await product.web.get("/metrics")
    written = capsys.readouterr().err + metrics.text
    assert "turn_failed" in written
    assert "CrmUnavailable" in written
    assert IN_CRM not in written
    assert SAID not in written


@pytest.mark.parametrize(
    "verb",
    [
        ("journal", "export"),
        ("crm", "show", "华东仁和", "--json"),
        ("crm", "show", "华东仁和"),
        ("crm", "lineage", "华东仁和", "tier", "--json"),
        ("crm", "dead-letters", "list", "--json"),
    ],
    ids=" ".join,
)
async def test_no_export_holds_either(
    product: Product, data_dir: Path, verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/x", "type": "unknown", "data": {"phone": SAID}}
    await product.parts.intake.accept([event])
    for name, value in {"DATA_DIR": str(data_dir), "SECRET_KEY": "scenario-secret"}.items():
        monkeypatch.setenv(f"YIJU_{name}", value)
    monkeypatch.setattr(bot.logs, "configure", lambda form: None)
    ended = await asyncio.to_thread(CliRunner().invoke, app, list(verb))
    assert (ended.exit_code, bool(ended.output)) == (0, True), ended.output
    assert IN_CRM not in ended.output
    assert SAID not in ended.output
