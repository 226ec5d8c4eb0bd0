"""Reading a Salesforce org: tokens, pages, ids, fields that are not there, and what changed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from crm_bridge import AccountId, Change, CrmUnavailable, UnknownAccount
from crm_bridge.adapters.remote import RemoteCrm, RemoteFeed
from crm_bridge.adapters.salesforce import SalesforceSystem
from crm_bridge.adapters.salesforce.soql import literal, long_id
from tests.crm_bridge.salesforce.conftest import Notes, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.salesforce import FakeSalesforce


async def test_a_customer_reads_as_it_stands_in_salesforce(crm: RemoteCrm, known: AccountId) -> None:
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
    (name,) = await crm.directory()
    assert name.also == ("华东仁和", "仁和", "仁和医疗")
    assert name.contacts == ("王建国|设备科主任",)


async def test_the_template_fits_an_org_with_its_custom_fields(crm: RemoteCrm) -> None:
    assert await crm.check() == []


async def test_what_the_org_lacks_is_listed_and_the_rest_is_read(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce
) -> None:
    """One unknown name would be INVALID_FIELD for the whole query."""
    org.schema["Account"].pop("Customer_Tier__c")
    org.schema["Opportunity"]["Amount"] = "string"
    org.schema.pop("Quote")
    found = {(one.kind, one.object, one.field) for one in await crm.check()}
    assert found == {("account", "Account", "Customer_Tier__c"), ("opportunity", "Opportunity", "Amount"), ("quote", "Quote", "")}  # fmt: skip
    account = await crm.account(known)
    assert account.missing == ("报价单", "客户等级")
    assert account.get("tier") is None
    assert account.get("region") is not None


async def test_a_session_that_ends_in_mid_run_is_renewed_once_for_all(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce, line: Line
) -> None:
    await crm.account(known)
    org.end_sessions()
    line.asked.clear()
    await asyncio.gather(*(crm.account(known) for _ in range(5)))
    assert line.paths().count("/services/oauth2/token") == 1


async def test_calls_go_to_where_the_org_says_it_lives(
    line: Line, org: FakeSalesforce, notes: Notes, clock: Clock, known: AccountId
) -> None:
    org.instance = "https://acme--cn77.my.salesforce.com"
    crm = open_crm(line, notes, clock)
    assert (await crm.account(known)).id == known
    hosts = {request.url.host for request in line.asked if "/services/data/" in request.url.path}
    assert hosts == {"acme--cn77.my.salesforce.com"}
    await crm.close()


async def test_a_token_is_not_carried_to_an_instance_without_tls(
    line: Line, org: FakeSalesforce, notes: Notes, clock: Clock, known: AccountId
) -> None:
    org.instance = "http://acme.my.salesforce.com"
    crm = open_crm(line, notes, clock)
    with pytest.raises(CrmUnavailable, match="without TLS"):
        await crm.account(known)
    assert line.paths() == ["/services/oauth2/token"]
    await crm.close()


async def test_a_wrong_secret_says_so(line: Line, notes: Notes, clock: Clock, known: AccountId) -> None:
    crm = open_crm(line, notes, clock, client_secret="old")
    with pytest.raises(CrmUnavailable, match="invalid client credentials"):
        await crm.account(known)
    await crm.close()


async def test_a_directory_of_several_pages_is_read_to_its_end(
    crm: RemoteCrm, org: FakeSalesforce, owner: str
) -> None:
    org.page = 2
    for number in range(4):
        org.add("Account", Name=f"客户{number}", OwnerId=owner)
    assert len(await crm.directory()) == 5


async def test_an_id_of_fifteen_letters_is_the_same_customer(crm: RemoteCrm, known: AccountId) -> None:
    assert len(known) == 18
    assert (await crm.account(AccountId(known[:15]))).id == known


@pytest.mark.parametrize("strange", ["001' OR Name != '", "001Dx0000000001AA1'", "x" * 18])
async def test_an_id_is_never_part_of_a_query_unless_it_is_one(crm: RemoteCrm, strange: str) -> None:
    with pytest.raises(UnknownAccount):
        await crm.account(AccountId(strange))


def test_ids_and_texts_are_spelled_as_salesforce_documents_them() -> None:
    assert long_id("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert literal('O\'Brien\\ "x"\n') == "'O\\'Brien\\\\ \\\"x\\\"\\n'"


def feed_of(crm: RemoteCrm, clock: Clock) -> RemoteFeed:
    assert isinstance(crm.system, SalesforceSystem)
    return RemoteFeed(crm.system, clock)


def told(changes: tuple[Change, ...]) -> list[tuple[str, object]]:
    return [(one.record_id, one.fields.get("amount")) for one in changes]


async def test_what_changed_is_told_once_with_whose_it_is_and_how_exact_the_time_is(
    crm: RemoteCrm, known: AccountId, org: FakeSalesforce, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    clock.advance(seconds=30)
    number = next(iter(org.rows["Opportunity"]))
    org.edit("Opportunity", number, Amount=400000)
    page = await feed.changes(cursor)
    (change,) = page.changes
    assert (change.kind, change.object, change.record_id, change.account) == (
        "opportunity",
        "Opportunity",
        number,
        known,
    )
    assert (change.fields["amount"], change.at, change.precision, change.deleted) == (
        "400000",
        clock(),
        "s",
        False,
    )
    assert (await feed.changes(page.cursor)).changes == ()


async def test_two_edits_in_one_second_are_two_changes_if_they_were_seen_apart(
    crm: RemoteCrm, org: FakeSalesforce, clock: Clock
) -> None:
    """Their times are equal: by the time alone the second would look as if it had been told."""
    feed, number = feed_of(crm, clock), next(iter(org.rows["Opportunity"]))
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    org.edit("Opportunity", number, Amount=1)
    first = await feed.changes(cursor)
    org.edit("Opportunity", number, Amount=2)
    second = await feed.changes(first.cursor)
    assert told(first.changes) == [(number, "1")]
    assert told(second.changes) == [(number, "2")]


async def test_a_change_that_becomes_visible_late_is_not_lost(
    crm: RemoteCrm, org: FakeSalesforce, known: AccountId, clock: Clock
) -> None:
    """Its time is from before what was told already: a long transaction, or a clock that is behind."""
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    clock.advance(seconds=90)
    early = clock()
    clock.advance(seconds=20)
    org.add("Order", OrderNumber="7", TotalAmount=1, AccountId=known)
    page = await feed.changes(cursor)
    assert len(page.changes) == 1
    late = org.add("Order", OrderNumber="8", TotalAmount=1, AccountId=known)
    org.rows["Order"][late]["SystemModstamp"] = f"{early:%Y-%m-%dT%H:%M:%S.000+0000}"
    assert [one.record_id for one in (await feed.changes(page.cursor)).changes] == [late]


async def test_what_was_deleted_is_told_as_deleted(crm: RemoteCrm, org: FakeSalesforce, clock: Clock) -> None:
    feed, number = feed_of(crm, clock), next(iter(org.rows["Order"]))
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    org.edit("Order", number, IsDeleted=True)
    assert [(one.record_id, one.deleted) for one in (await feed.changes(cursor)).changes] == [(number, True)]


async def test_changes_over_several_pages_with_one_time_are_all_told(
    crm: RemoteCrm, org: FakeSalesforce, known: AccountId, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    org.page = 3
    made = {org.add("Order", OrderNumber=str(number), AccountId=known) for number in range(10)}
    page = await feed.changes(cursor)
    assert {one.record_id for one in page.changes} == made
    assert (await feed.changes(page.cursor)).changes == ()


async def test_a_source_whose_clock_is_ahead_does_not_make_us_miss_others(
    crm: RemoteCrm, org: FakeSalesforce, known: AccountId, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    ahead = org.add("Order", OrderNumber="1", AccountId=known)
    org.rows["Order"][ahead]["SystemModstamp"] = f"{clock() + timedelta(hours=2):%Y-%m-%dT%H:%M:%S.000+0000}"
    page = await feed.changes(cursor)
    assert [one.record_id for one in page.changes] == [ahead]
    clock.advance(minutes=1)
    there = org.add("Order", OrderNumber="2", AccountId=known)
    page = await feed.changes(page.cursor)
    assert [one.record_id for one in page.changes] == [there]


async def test_polling_stops_while_people_need_what_is_left_of_the_day(
    crm: RemoteCrm, org: FakeSalesforce, known: AccountId, clock: Clock
) -> None:
    org.used = 80_500
    assert (await crm.account(known)).name
    with pytest.raises(CrmUnavailable, match="the rest is for people"):
        await feed_of(crm, clock).changes("")
    assert (await crm.account(known)).name
