"""The light package of a proactive card: the case is of a customer's own industry or region, or there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.app import Parts
from bot.signals.package import Package, headline, pack
from crm_bridge import Account, accounts_named

TODAY = date(2026, 11, 28)


async def account(parts: Parts, name: str) -> Account:
    (found,) = accounts_named(await parts.crm.directory(), name)
    return await parts.crm.account(found.id)


async def packed(parts: Parts, of: Account, product: str = "") -> Package:
    return await pack(parts.copilot.knowledge, parts.copilot.catalog, of, TODAY, product)


@pytest.mark.parametrize(
    ("name", "product", "told"),
    [
        ("华东仁和", "X350", "医疗行业 · 华东：一家市级血站用 X350 换下老式分装线"),
        ("苇泽血液中心", "X350", "医疗行业 · 华中：一家血液中心用 X350 做成分制备"),
        ("恒川新材", "P60H", "制造行业 · 华中：一家新材料工厂用 P60H 输送高压助剂"),
        ("远航云科", "禾云专业版", "软件行业 · 华南：一家运维公司用禾云专业版管分散的设备"),
        ("青鲤生鲜", "D80", "电商行业 · 华东：一家生鲜仓用 D80 解决运费争议"),
    ],
)
async def test_the_case_has_industry_region_and_product_in_common(
    quiet_parts: Parts, name: str, product: str, told: str
) -> None:
    found = await packed(quiet_parts, await account(quiet_parts, name))
    assert (found.product, found.case and headline(found.case)) == (product, told)
    assert found.case in found.evidence
    told_of = [f"{one.passage.citation.title} {one.excerpt} {one.passage.products}" for one in found.evidence]
    assert all(product.removeprefix("禾云") in one for one in told_of)
    assert found.materials


async def test_who_has_no_like_among_the_cases_is_told_of_none(quiet_parts: Parts) -> None:
    known = await account(quiet_parts, "华东仁和")
    fields = tuple(one for one in known.fields if one.name != "region")
    stranger = replace(known, industry="航天", fields=fields)
    found = await packed(quiet_parts, stranger, "X350")
    assert found.case is None
    assert found.compared
