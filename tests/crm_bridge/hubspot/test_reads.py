"""Reading a HubSpot account: tokens, pages, a search that lags, rights that are missing, and what changed."""

from __future__ import annotations

import asyncio

import pytest

from crm_bridge import AccountId, CrmUnavailable, UnknownAccount
from crm_bridge.adapters.remote import RemoteCrm, RemoteFeed
from crm_bridge.adapters.remote.html import to_html, to_text
from tests.crm_bridge.hubspot.conftest import Notes, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.hubspot import FakeHubSpot
from tests.fakes.systems.line import Line


async def test_a_customer_reads_as_it_stands_in_hubspot(crm: RemoteCrm, known: AccountId) -> None:
    account = await crm.account(known)
    assert (account.name, account.short_name, account.owner) == (
        "华东仁和医疗科技有限公司",
        "华东仁和",
        "zhangsan",
    )
    assert (account.industry, account.missing) == ("medical", ())
    shown = {field.name: field.shown for field in account.fields}
    assert shown["tier"] == "B"
    assert shown["payment_days"] == "60 天"
    assert shown["orders_12m"] == "1 单,¥136,000"
    (deal,) = account.of("opportunity")
    assert [(one.name, one.shown) for one in deal.fields][2:] == [
        ("amount", "¥357,200.50"), ("stage", "方案"), ("close_date", "2026-12-31"),
    ]  # fmt: skip
    assert (account.contacts[0].name, account.contacts[0].title) == ("王建国", "设备科主任")
    names = {one.id: one for one in await crm.directory()}
    assert names[known].contacts == ("王建国|设备科主任",)
    assert {one.owner for one in names.values()} == {"zhangsan", "chenjing"}


async def test_the_template_fits_an_account_with_its_properties(crm: RemoteCrm) -> None:
    assert await crm.check() == []


async def test_what_the_account_lacks_is_listed_and_the_rest_is_read(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot
) -> None:
    portal.schema["companies"].pop("customer_tier")
    portal.schema["deals"]["copilot_key"] = "string"
    portal.schema["orders"]["hs_total_price"] = "string"
    found = {(one.kind, one.object, one.field) for one in await crm.check()}
    assert found == {("account", "companies", "customer_tier"), ("opportunity", "deals", "copilot_key"), ("order", "orders", "hs_total_price")}  # fmt: skip
    account = await crm.account(known)
    assert account.missing == ("客户等级",)
    assert account.get("region") is not None


async def test_a_right_that_is_missing_takes_its_kind_only(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot
) -> None:
    """Asked together with the others it refuses them all."""
    portal.forbidden = {"quotes"}
    account = await crm.account(known)
    assert account.missing == ("报价单",)
    assert account.of("opportunity")
    assert {(one.kind, one.field) for one in await crm.check()} == {("quote", "")}


async def test_a_deal_of_two_companies_belongs_to_its_primary_one(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot
) -> None:
    (number,) = portal.rows["deals"]
    row = await crm.system.record("opportunity", number)
    assert row is not None
    assert f"HS-{row['company']}" == known


async def test_new_records_show_before_the_search_knows_them(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot
) -> None:
    portal.catch_up()
    portal.lags = True
    number = portal.add("tickets", company=known.removeprefix("HS-"), subject="E03", hs_pipeline_stage="1")
    assert [one.id for one in (await crm.account(known)).of("ticket")] == [f"WO-{number}"]


async def test_a_directory_beyond_one_page_and_beyond_ten_thousand_is_read_by_id(
    crm: RemoteCrm, portal: FakeHubSpot
) -> None:
    for number in range(450):
        portal.add("companies", name=f"客户{number}")
    assert len(await crm.directory()) == 452
    pages = [one for one in portal.searches if "name" in one["properties"]]
    assert len(pages) == 3
    assert all("after" not in one for one in pages)


async def test_a_token_that_ran_out_is_renewed_once_for_all(
    line: Line, portal: FakeHubSpot, notes: Notes, clock: Clock, known: AccountId
) -> None:
    crm = open_crm(line, notes, clock, token="refresh", client_id="app", client_secret="s3cret")
    await crm.account(known)
    portal.tokens.clear()
    line.asked.clear()
    await asyncio.gather(*(crm.account(known) for _ in range(4)))
    assert line.paths().count("/oauth/v1/token") == 1
    await crm.close()


async def test_a_token_that_is_wrong_says_so(
    line: Line, notes: Notes, clock: Clock, known: AccountId
) -> None:
    for given in ({"token": "pat-old"}, {"token": "old", "client_id": "app", "client_secret": "s3cret"}):
        crm = open_crm(line, notes, clock, **given)
        with pytest.raises(CrmUnavailable, match=r"does not accept our credentials|gives no token"):
            await crm.account(known)
        await crm.close()


@pytest.mark.parametrize("strange", ["HS-../../owners", "HS-1?idProperty=name", "HS-", "501"])
async def test_an_id_is_never_part_of_a_path_unless_it_is_one(
    crm: RemoteCrm, line: Line, strange: str
) -> None:
    with pytest.raises(UnknownAccount):
        await crm.account(AccountId(strange))
    assert line.asked == []


def test_texts_survive_their_way_through_html() -> None:
    text = "产品:<X200> & 配件\n报警代码:E03"
    assert to_text(to_html(text)) == text
    assert to_text("<div><p>第一行</p><p>第二行&nbsp;</p></div>") == "第一行\n第二行"


async def test_what_changed_is_told_once_with_whose_it_is(
    crm: RemoteCrm, known: AccountId, portal: FakeHubSpot, clock: Clock
) -> None:
    feed = RemoteFeed(crm.system, clock)  # type: ignore[arg-type]
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    clock.advance(seconds=30.441)
    (number,) = portal.rows["deals"]
    portal.edit("deals", number, dealstage="9003")
    page = await feed.changes(cursor)
    (change,) = page.changes
    assert (change.kind, change.record_id, change.account) == ("opportunity", f"OPP-{number}", known)
    assert (change.fields["stage"], change.at, change.precision) == ("报价", clock(), "ms")
    assert (await feed.changes(page.cursor)).changes == ()


async def test_a_change_that_the_search_shows_late_is_not_lost(
    crm: RemoteCrm, portal: FakeHubSpot, clock: Clock
) -> None:
    feed = RemoteFeed(crm.system, clock)  # type: ignore[arg-type]
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    (deal,), (order,) = portal.rows["deals"], portal.rows["orders"]
    portal.lags = True
    portal.edit("deals", deal, amount="1")
    late = {kind: dict(rows) for kind, rows in portal.indexed.items()}
    clock.advance(seconds=40)
    portal.edit("orders", order, hs_total_price="1")
    portal.catch_up()
    portal.indexed["deals"] = late["deals"]
    page = await feed.changes(cursor)
    assert [one.kind for one in page.changes] == ["order"]
    portal.catch_up()
    page = await feed.changes(page.cursor)
    assert [one.kind for one in page.changes] == ["opportunity"]


async def test_changes_over_several_pages_are_all_told_while_rows_move(
    crm: RemoteCrm, portal: FakeHubSpot, known: AccountId, clock: Clock
) -> None:
    """A row that is modified while pages are read moves to the end: by offsets its neighbour would be skipped."""
    feed = RemoteFeed(crm.system, clock, ["order"])  # type: ignore[arg-type]
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    made = [portal.add("orders", company=known.removeprefix("HS-"), hs_order_name=str(n)) for n in range(250)]
    answer, moved = portal._search, iter([made[0]])

    def search_and_move(kind: str, body: dict[str, object]) -> dict[str, object]:
        found = answer(kind, body)
        for number in moved:
            clock.advance(seconds=1)
            portal.edit("orders", number, hs_total_price="1")
        return found

    portal._search = search_and_move  # type: ignore[method-assign,assignment]
    page = await feed.changes(cursor)
    assert {one.record_id for one in page.changes} == {f"SO-{number}" for number in made}
    page = await feed.changes(page.cursor)
    assert [one.record_id for one in page.changes] == [f"SO-{made[0]}"]
