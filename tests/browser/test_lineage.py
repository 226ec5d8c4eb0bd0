"""From a CRM reason of a decision, and from the quality page, down to the system that said it and when."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.browser.environment import clean
from tests.browser.test_console import said, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
TOLD = "2026-02-14T15:22:03.441 金蝶云星空 更新客户等级为 VIP"
EVENT = {
    "specversion": "1.0",
    "id": "lineage-1",
    "source": "/erp/kingdee/main",
    "type": "BD_Customer.Save",
    "data": {
        "FNumber": "华东仁和",
        "FModifyDate": "2026-02-14T15:22:03.441",
        "FCustTypeId": {"FNumber": "KHLB_VIP"},
    },
}


@pytest.fixture(scope="module")
def reported(server: str, data: Path) -> None:
    """The ERP has told the server of the tier; the same event again changes nothing."""
    command = [sys.executable, "-m", "bot", "keys", "add", "erp-of-lineage", "--scope", "events"]
    done = subprocess.run(command, env=clean(data), capture_output=True, check=True, text=True)
    key = re.search(r"yk_\S+", done.stdout)
    assert key is not None
    headers = {"Authorization": f"Bearer {key[0]}", "Content-Type": "application/cloudevents+json"}
    httpx.post(f"{server}/api/v1/events", json=EVENT, headers=headers).raise_for_status()


@pytest.mark.usefixtures("reported")
async def test_a_crm_reason_of_a_decision_opens_the_lineage_of_its_field(
    browser: Browser, server: str, data: Path, password: str
) -> None:
    decision = said(data, "X200来五台,这个价能不能再谈谈")
    page = await signed_in(browser, server, "chenjing", password, path=f"/decisions/{decision}")
    reason = page.locator(".q-row, .row", has_text="客户等级").last
    await reason.get_by_role("button", name="看血缘").first.click()
    dialog = page.locator(".q-dialog")
    await expect(dialog).to_contain_text("客户等级")
    await expect(dialog.get_by_text(TOLD)).to_be_visible()
    await expect(dialog.get_by_text("起因:/erp/kingdee/main BD_Customer.Save lineage-1")).to_be_visible()
    await expect(dialog.get_by_text("现在用的")).to_have_count(1)


@pytest.mark.usefixtures("reported")
async def test_the_quality_page_prints_the_chain_of_a_field(
    browser: Browser, server: str, password: str
) -> None:
    page = await signed_in(browser, server, "admin", password, path="/quality")
    await expect(page.get_by_text("血缘:来源 → 字段 → 卡片")).to_be_visible()
    await page.get_by_label("客户", exact=True).fill("华东仁和")
    await page.locator(".q-menu .q-item").first.click()
    await page.get_by_role("button", name="查", exact=True).click()
    await expect(page.get_by_text(TOLD)).to_be_visible()
    await page.get_by_label("字段,例如 客户等级").fill("电话")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("华东仁和没有这个字段;有的是:客户等级、")).to_be_visible()
