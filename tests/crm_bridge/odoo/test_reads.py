"""Reading an Odoo through both doors: versions, keys, archived rows, whole seconds, customers behind contacts."""

from __future__ import annotations

from datetime import datetime

import pytest

from crm_bridge import AccountId, CrmUnavailable, UnknownAccount
from crm_bridge.adapters.remote import RemoteCrm, RemoteFeed
from tests.crm_bridge.odoo.conftest import Notes, number, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.odoo import FakeOdoo


async def test_a_customer_reads_as_it_stands_in_odoo(crm: RemoteCrm, known: AccountId) -> None:
    account = await crm.account(known)
    assert (account.name, account.short_name, account.owner) == (
        "华东仁和医疗科技有限公司",
        "华东仁和",
        "zhangsan",
    )
    assert (account.industry, account.missing) == ("medical", ())
    shown = {field.name: field.shown for field in account.fields}
    assert (shown["tier"], shown["payment_days"], shown["remark"], shown["region"]) == (
        "B",
        "60 天",
        "老客户",
        "未填",
    )
    assert shown["orders_12m"] == "1 单,¥136,000"
    (deal,) = account.of("opportunity")
    assert [(one.name, one.shown) for one in deal.fields][2:] == [
        ("amount", "¥357,200.50"), ("stage", "需求确认"), ("close_date", "未填"),
    ]  # fmt: skip
    assert (account.contacts[0].name, account.contacts[0].title) == ("王建国", "设备科主任")
    (name,) = await crm.directory()
    assert name.contacts == ("王建国|设备科主任",)


async def test_the_template_fits_an_odoo_as_it_comes(crm: RemoteCrm) -> None:
    assert await crm.check() == []


async def test_what_odoo_lacks_is_listed_and_the_rest_is_read(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo
) -> None:
    """Helpdesk is not part of the community edition; one unknown field would refuse the whole read."""
    odoo.schema.pop("helpdesk.ticket")
    odoo.schema["res.partner"].pop("ref")
    odoo.schema["sale.order"]["amount_total"] = "char"
    found = {(one.kind, one.object, one.field) for one in await crm.check()}
    assert found == {("account", "res.partner", "ref"), ("order", "sale.order", "amount_total"), ("quote", "sale.order", "amount_total"), ("ticket", "helpdesk.ticket", "")}  # fmt: skip
    account = await crm.account(known)
    assert set(account.missing) == {"工单", "简称"}
    assert account.short_name == account.name
    assert account.of("order")


async def test_an_order_of_a_contact_is_the_companys(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo
) -> None:
    """Even of one who stands under a department of it."""
    partner = int(known.removeprefix("ACC-"))
    department = odoo.add("res.partner", name="设备科", parent_id=partner)
    person = odoo.add("res.partner", name="赵晓", parent_id=department)
    lead = odoo.add("crm.lead", name="X900", type="opportunity", partner_id=person)
    row = await crm.system.record("opportunity", str(lead))
    assert row is not None
    assert row["partner_id"] == str(partner)
    assert f"OPP-{lead}" in {one.id for one in (await crm.account(known)).records}


async def test_an_archived_customer_is_none(crm: RemoteCrm, known: AccountId, odoo: FakeOdoo) -> None:
    odoo.edit("res.partner", int(known.removeprefix("ACC-")), active=False)
    assert await crm.directory() == ()
    with pytest.raises(UnknownAccount):
        await crm.account(known)


async def test_a_directory_beyond_one_page_is_read_by_id(crm: RemoteCrm, odoo: FakeOdoo) -> None:
    for one in range(1100):
        odoo.add("res.partner", name=f"客户{one}", is_company=True)
    assert len(await crm.directory()) == 1101


async def test_each_version_is_spoken_to_through_its_own_door(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, line: Line
) -> None:
    await crm.account(known)
    doors = {path.split("/")[1] for path in line.paths()} - {"web"}
    assert doors == ({"json"} if odoo.version == "19.0" else {"jsonrpc"})
    if odoo.version != "19.0":  # there the key stands in the arguments: it must not stand in a header as well
        assert "authorization" not in next(r for r in line.asked if r.url.path == "/jsonrpc").headers


async def test_a_key_that_is_wrong_says_so_and_is_not_tried_in_a_loop(
    line: Line, notes: Notes, clock: Clock, known: AccountId
) -> None:
    crm = open_crm(line, notes, clock, token="old")
    with pytest.raises(CrmUnavailable, match=r"Invalid apikey|does not sign in bot"):
        await crm.account(known)
    assert len(line.asked) <= 3
    await crm.close()


async def test_before_version_19_the_login_is_asked_for(
    line: Line, notes: Notes, clock: Clock, known: AccountId, odoo: FakeOdoo
) -> None:
    crm = open_crm(line, notes, clock, user="")
    if odoo.version == "19.0":
        assert (await crm.account(known)).id == known
    else:
        with pytest.raises(CrmUnavailable, match="YIJU_CRM__USER"):
            await crm.account(known)
    await crm.close()


def feed_of(crm: RemoteCrm, clock: Clock) -> RemoteFeed:
    return RemoteFeed(crm.system, clock)  # type: ignore[arg-type]


async def test_what_changed_is_told_once_though_the_wire_drops_what_the_database_keeps(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, clock: Clock
) -> None:
    """`write_date > 07:22:03` finds the row of 07:22:03.441 again and again."""
    clock.advance(hours=1)
    feed = feed_of(crm, clock)
    cursor = (await feed.changes("")).cursor
    clock.advance(seconds=30.441)
    (lead,) = odoo.rows["crm.lead"]
    odoo.edit("crm.lead", lead, expected_revenue=1.0)
    page = await feed.changes(cursor)
    (change,) = page.changes
    assert (change.kind, change.object, change.record_id, change.account) == (
        "opportunity",
        "crm.lead",
        f"OPP-{lead}",
        known,
    )
    assert (change.at, change.precision) == (clock().replace(microsecond=0), "s")
    assert (await feed.changes(page.cursor)).changes == ()
    odoo.edit("crm.lead", lead, expected_revenue=2.0)
    page = await feed.changes(page.cursor)
    assert [one.fields["amount"] for one in page.changes] == ["2.0"]


async def test_a_lost_deal_is_a_change_and_an_archived_ticket_is_gone(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, clock: Clock
) -> None:
    ticket = odoo.add("helpdesk.ticket", name="E03", partner_id=int(known.removeprefix("ACC-")))
    clock.advance(hours=1)
    feed = feed_of(crm, clock)
    cursor = (await feed.changes("")).cursor
    (lead,) = odoo.rows["crm.lead"]
    odoo.edit("crm.lead", lead, active=False, probability=0)
    odoo.edit("helpdesk.ticket", ticket, active=False)
    told = {one.kind: (one.fields.get("stage"), one.deleted) for one in (await feed.changes(cursor)).changes}
    assert told == {"opportunity": ("输单", False), "ticket": (None, True)}


async def test_an_order_that_was_cancelled_without_an_event_is_told(
    crm: RemoteCrm, known: AccountId, odoo: FakeOdoo, clock: Clock
) -> None:
    clock.advance(hours=1)
    feed = feed_of(crm, clock)
    cursor = (await feed.changes("")).cursor
    order = number(odoo, "sale.order", "name", "S00100")
    odoo.edit("sale.order", order, state="cancel")
    (change,) = (await feed.changes(cursor)).changes
    assert (change.record_id.partition("-")[2], change.account, change.deleted) == (str(order), known, True)
    assert isinstance(change.at, datetime)
