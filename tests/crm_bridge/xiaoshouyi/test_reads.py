"""Reading 销售易: the pod that a token names, ids of 64 bits, codes of two kinds, batches with a locator, what changed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from crm_bridge import AccountId, CrmUnavailable, UnknownAccount
from crm_bridge.adapters.remote import FlatSystem, RemoteCrm, RemoteFeed
from tests.crm_bridge.xiaoshouyi.conftest import ZHANGSAN, Notes, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.xiaoshouyi import FakeXiaoshouyi, Refused


async def test_a_customer_reads_as_it_stands_in_xiaoshouyi(crm: RemoteCrm, known: AccountId) -> None:
    account = await crm.account(known)
    assert (account.name, account.short_name, account.owner) == (
        "华东仁和医疗科技有限公司",
        "华东仁和",
        "zhangsan",
    )
    assert (account.industry, account.missing) == ("medical", ())
    shown = {field.name: field.shown for field in account.fields}
    assert (shown["tier"], shown["region"], shown["payment_days"]) == ("B", "华东", "60 天")
    assert shown["orders_12m"] == "1 单,¥136,000"
    (deal,) = account.of("opportunity")
    assert [(one.name, one.shown) for one in deal.fields][2:] == [
        ("amount", "¥357,200.50"), ("stage", "方案"), ("close_date", "2026-12-31"),
    ]  # fmt: skip
    assert (account.contacts[0].name, account.contacts[0].title) == ("王建国", "设备科主任")
    (name,) = await crm.directory()
    assert (name.also, name.contacts) == (("华东仁和",), ("王建国|设备科主任",))


async def test_the_template_fits_a_tenant_with_its_fields(crm: RemoteCrm) -> None:
    assert await crm.check() == []


async def test_what_the_tenant_lacks_is_listed_and_the_rest_is_read(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi
) -> None:
    tenant.schema["account"].pop("region__c")
    tenant.schema.pop("serviceCase")
    found = {(one.kind, one.object, one.field) for one in await crm.check()}
    assert found == {("account", "account", "region__c"), ("ticket", "serviceCase", "")}
    account = await crm.account(known)
    assert set(account.missing) == {"工单", "区域"}
    assert account.get("tier") is not None


async def test_codes_and_record_types_that_the_mapping_does_not_meet_are_named(
    crm: RemoteCrm, tenant: FakeXiaoshouyi
) -> None:
    tenant.schema["account"]["level"] = "select:1,2,3,4,8"
    tenant.record_types["task"] = {1: "visit", 2: "call"}
    found = {(one.object, one.field): one.why for one in await crm.check()}
    assert set(found) == {("account", "level"), ("task", "entityType")}
    assert "visit、call" in found["task", "entityType"]


async def test_calls_go_to_the_pod_that_the_token_names(crm: RemoteCrm, known: AccountId, line: Line) -> None:
    await crm.account(known)
    hosts = [request.url.host for request in line.asked]
    assert hosts[0] == "login.xiaoshouyi.com"
    assert set(hosts[1:]) == {"api-p10.xiaoshouyi.com"}


async def test_a_tenant_that_moves_is_followed_with_the_next_token(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, line: Line
) -> None:
    await crm.account(known)
    tenant.instance = "https://api-p11.xiaoshouyi.com"
    assert (await crm.account(known)).id == known
    assert line.asked[-1].url.host == "api-p11.xiaoshouyi.com"
    assert tenant.signed_in == 2


async def test_a_token_is_not_carried_to_a_pod_without_tls(
    line: Line, notes: Notes, clock: Clock, known: AccountId, tenant: FakeXiaoshouyi
) -> None:
    tenant.instance = "http://api-p10.xiaoshouyi.com"
    crm = open_crm(line, notes, clock)
    with pytest.raises(CrmUnavailable, match="without TLS"):
        await crm.account(known)
    assert line.paths() == ["/auc/oauth2/token"]
    await crm.close()


async def test_a_token_that_ended_inside_a_success_is_renewed_once_for_all(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi
) -> None:
    await crm.account(known)
    tenant.tokens.clear()
    await asyncio.gather(*(crm.account(known) for _ in range(5)))
    assert tenant.signed_in == 2


async def test_a_wrong_password_says_so_and_is_not_tried_in_a_loop(
    line: Line, notes: Notes, clock: Clock, known: AccountId
) -> None:
    crm = open_crm(line, notes, clock, token="")
    with pytest.raises(CrmUnavailable, match="用户名或密码错误.*security token"):
        await crm.account(known)
    assert len(line.asked) == 1
    await crm.close()


async def test_a_pod_that_takes_the_bare_token_gets_it(
    line: Line, notes: Notes, clock: Clock, known: AccountId, tenant: FakeXiaoshouyi, tmp_path: object
) -> None:
    path = f"{tmp_path}/bare.yaml"
    with open(path, "w", encoding="utf-8") as file:  # noqa: ASYNC230 - one line
        file.write("extends: xiaoshouyi\noptions: {bearer: false}\n")
    tenant.bare = True
    crm = open_crm(line, notes, clock, mapping=path)
    assert (await crm.account(known)).id == known
    await crm.close()


async def test_an_id_is_the_same_as_a_number_and_as_a_text(crm: RemoteCrm, known: AccountId) -> None:
    """Beyond 2^53 a float would round it; and one row read twice must not look changed."""
    rows = [await crm.system.record("account", known) for _ in range(4)]
    assert {str(type(row["id"])) for row in rows if row} == {"<class 'str'>"}
    assert all(row == rows[0] for row in rows)
    assert int(known) > 2**53


async def test_batches_are_read_to_the_last_locator(crm: RemoteCrm, tenant: FakeXiaoshouyi) -> None:
    tenant.batch = 3
    for one in range(10):
        tenant.add("account", accountName=f"客户{one}", ownerId=ZHANGSAN)
    assert len(await crm.directory()) == 11


async def test_a_locator_that_leads_nowhere_is_a_failure_and_no_endless_loop(
    crm: RemoteCrm, tenant: FakeXiaoshouyi
) -> None:
    tenant.batch, tenant.stuck = 2, True
    for one in range(10):
        tenant.add("account", accountName=f"客户{one}", ownerId=ZHANGSAN)
    with pytest.raises(CrmUnavailable, match="same batch"):
        await crm.directory()


@pytest.mark.parametrize(
    "trouble",
    [Refused(1090001, "访问频率超限"), Refused(429, "Too Many Requests", 429)],
    ids=["inside", "status"],
)
async def test_too_fast_is_asked_again(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, trouble: Refused
) -> None:
    await crm.account(known)
    tenant.reading = [trouble]
    assert await crm.system.record("account", known) is not None


async def test_nothing_at_all_is_taken_for_a_right_that_is_missing(
    line: Line, notes: Notes, clock: Clock, tenant: FakeXiaoshouyi
) -> None:
    crm = open_crm(line, notes, clock)
    with pytest.raises(CrmUnavailable, match="not one customer"):
        await crm.directory()
    await crm.close()


@pytest.mark.parametrize("strange", ["1 or 1 = 1", "99999999999999999999", "-1", "١٢", "x"])
async def test_what_cannot_be_an_id_is_not_asked_for(crm: RemoteCrm, line: Line, strange: str) -> None:
    with pytest.raises(UnknownAccount):
        await crm.account(AccountId(strange))
    assert line.asked == []


def feed_of(crm: RemoteCrm, clock: Clock) -> RemoteFeed:
    assert isinstance(crm.system, FlatSystem)
    return RemoteFeed(crm.system, clock)


async def test_what_changed_is_told_once_to_the_millisecond(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    clock.advance(seconds=30.441)
    number = str(next(iter(tenant.rows["opportunity"])))
    tenant.edit("opportunity", number, money=400000)
    page = await feed.changes(cursor)
    (change,) = page.changes
    assert (change.kind, change.object, change.record_id, change.account) == (
        "opportunity",
        "opportunity",
        number,
        known,
    )
    assert (change.fields["amount"], change.precision) == ("400000", "ms")
    assert change.at == datetime(2026, 11, 26, 8, 4, 30, 441_000, tzinfo=UTC)
    assert (await feed.changes(page.cursor)).changes == ()


async def test_a_cancelled_order_is_told_as_gone(
    crm: RemoteCrm, tenant: FakeXiaoshouyi, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    number = str(next(iter(tenant.rows["order"])))
    tenant.edit("order", number, poStatus=4)
    (change,) = (await feed.changes(cursor)).changes
    assert (change.record_id, change.deleted) == (number, True)


async def test_changes_of_one_millisecond_over_several_batches_are_all_told(
    crm: RemoteCrm, known: AccountId, tenant: FakeXiaoshouyi, clock: Clock
) -> None:
    tenant.batch = 3
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    made = {tenant.add("order", po=str(one), amount=1, poStatus=2, accountId=int(known)) for one in range(10)}
    page = await feed.changes(cursor)
    assert {one.record_id for one in page.changes} == made
    assert (await feed.changes(page.cursor)).changes == ()
