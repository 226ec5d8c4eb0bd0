"""Reading 纷享销客: one token for all, errors inside HTTP 200, fields that are left out, pages by id, what changed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from crm_bridge import AccountId, CrmUnavailable, UnknownAccount
from crm_bridge.adapters.fxiaoke.api import FxiaokeApi
from crm_bridge.adapters.remote import FlatSystem, RemoteCrm, RemoteFeed
from crm_bridge.calling import Limit
from tests.crm_bridge.fxiaoke.conftest import Notes, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.fxiaoke import FakeFxiaoke, Refused
from tests.fakes.systems.line import Line


async def test_a_customer_reads_as_it_stands_in_fxiaoke(crm: RemoteCrm, known: AccountId) -> None:
    account = await crm.account(known)
    assert (account.name, account.short_name, account.owner) == (
        "华东仁和医疗科技有限公司",
        "华东仁和",
        "zhangsan",
    )
    assert (account.industry, account.missing) == ("medical", ())
    shown = {field.name: field.shown for field in account.fields}
    assert (shown["tier"], shown["region"], shown["payment_days"]) == ("B", "华东", "60 天")
    assert shown["remark"] == "未填"  # fields that hold nothing are left out of the answer
    assert shown["orders_12m"] == "1 单,¥136,000"
    (deal,) = account.of("opportunity")
    assert [(one.name, one.shown) for one in deal.fields][2:] == [
        ("amount", "¥357,200.50"), ("stage", "方案"), ("close_date", "2026-12-31"),
    ]  # fmt: skip
    assert (account.contacts[0].name, account.contacts[0].title) == ("王建国", "设备科主任")
    (name,) = await crm.directory()
    assert (name.also, name.contacts) == (("华东仁和",), ("王建国|设备科主任",))


async def test_the_template_fits_a_company_with_its_fields(crm: RemoteCrm) -> None:
    assert await crm.check() == []


async def test_what_the_company_lacks_is_listed_and_the_rest_is_read(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    company.schema["AccountObj"].pop("region__c")
    company.schema["SalesOrderObj"]["order_amount"] = "text"
    company.schema.pop("copilot_note__c")
    found = {(one.kind, one.object, one.field) for one in await crm.check()}
    assert found == {("account", "AccountObj", "region__c"), ("order", "SalesOrderObj", "order_amount"), ("note", "copilot_note__c", "")}  # fmt: skip
    account = await crm.account(known)
    assert set(account.missing) == {"跟进", "区域"}
    assert account.get("tier") is not None


async def test_codes_that_no_map_explains_and_codes_that_are_not_there_are_named(
    crm: RemoteCrm, company: FakeFxiaoke
) -> None:
    company.schema["AccountObj"]["account_level"] = "select_one:2,3,4,9"
    assert [(one.field, one.why) for one in await crm.check()] == [
        ("account_level", "the system's choices 9 stand in no `map`: cards show them as they are"),
        ("account_level", "`map` writes 1, the system has no such choice"),
    ]


async def test_many_that_wait_share_one_token(crm: RemoteCrm, known: AccountId, company: FakeFxiaoke) -> None:
    await asyncio.gather(*(crm.account(known) for _ in range(5)))
    assert (company.tokens, company.collisions) == (1, 0)


async def test_another_process_at_the_token_endpoint_is_waited_for(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    company.signing_in = 1
    reading = asyncio.create_task(crm.account(known))
    await company.collided.wait()
    company.signing_in -= 1
    assert (await reading).id == known
    assert company.collisions >= 1


async def test_a_token_that_ended_is_renewed_once(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    await crm.account(known)
    company.token = ""
    await asyncio.gather(*(crm.account(known) for _ in range(5)))
    assert company.tokens == 2


async def test_a_wrong_secret_says_so_and_is_not_tried_in_a_loop(
    line: Line, notes: Notes, clock: Clock, known: AccountId
) -> None:
    crm = open_crm(line, notes, clock, client_secret="old")
    with pytest.raises(CrmUnavailable, match="密钥错误"):
        await crm.account(known)
    assert len(line.asked) == 1
    await crm.close()


async def test_it_speaks_to_the_cloud_that_the_company_is_in(
    line: Line, notes: Notes, clock: Clock, known: AccountId
) -> None:
    for base, host in (
        ("", "open.fxiaoke.com"),
        ("https://open-hwcloud.fxiaoke.com", "open-hwcloud.fxiaoke.com"),
    ):
        line.asked.clear()
        crm = open_crm(line, notes, clock, base_url=base)
        await crm.account(known)
        assert {request.url.host for request in line.asked} == {host}
        await crm.close()


async def test_too_fast_is_asked_again_and_a_used_up_day_is_not(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, line: Line
) -> None:
    await crm.account(known)
    company.reading = [Refused(30004, "调用频率超限")]
    assert (await crm.system.record("account", known)) is not None
    company.reading = [Refused(30002, "当日调用次数已用完")] * 9
    before = len(line.asked)
    with pytest.raises(CrmUnavailable, match="takes no more calls for now"):
        await crm.system.record("account", known)
    assert len(line.asked) == before + 1


def test_no_twenty_seconds_hold_more_calls_than_an_endpoint_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands full plus what flows in during 20 seconds."""
    monkeypatch.undo()  # the shipped limit
    (limit,) = FxiaokeApi("a", "b", "c", "d").caller.manner.limits
    assert isinstance(limit, Limit)
    assert limit.calls + limit.calls / limit.seconds * 20 <= 100


async def test_a_code_that_nobody_listed_is_no_success(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    await crm.account(known)
    company.reading = [Refused(77777, "success")]
    with pytest.raises(CrmUnavailable, match="77777.*traceId t-1"):
        await crm.system.record("account", known)


async def test_one_row_alone_may_come_as_itself(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke
) -> None:
    company.alone = True
    account = await crm.account(known)
    assert (len(account.of("order")), len(account.contacts)) == (1, 1)


async def test_a_directory_beyond_what_offsets_reach_is_read_by_id(
    crm: RemoteCrm, company: FakeFxiaoke
) -> None:
    for one in range(250):
        company.add("AccountObj", name=f"客户{one}", owner=["1000"])
    assert len(await crm.directory()) == 251


@pytest.mark.parametrize("hides", [True, False], ids=["hidden", "shown"])
async def test_a_voided_customer_is_none_whether_it_is_shown_or_not(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, hides: bool
) -> None:
    other = company.add("AccountObj", name="另一家", owner=["1001"])
    company.hides_void = hides
    company.edit("AccountObj", known, life_status="invalid", is_deleted=True)
    assert [one.id for one in await crm.directory()] == [other]
    with pytest.raises(UnknownAccount):
        await crm.account(known)


async def test_an_employee_who_sees_nobody_is_a_failure_and_no_empty_list(
    line: Line, notes: Notes, clock: Clock
) -> None:
    crm = open_crm(line, notes, clock)
    with pytest.raises(CrmUnavailable, match="not one customer"):
        await crm.directory()
    await crm.close()


@pytest.mark.parametrize("strange", ["", "../x", "a b", "x" * 65, "编号"])
async def test_what_cannot_be_an_id_is_not_asked_for(crm: RemoteCrm, line: Line, strange: str) -> None:
    with pytest.raises(UnknownAccount):
        await crm.account(AccountId(strange))
    assert line.asked == []


def feed_of(crm: RemoteCrm, clock: Clock) -> RemoteFeed:
    assert isinstance(crm.system, FlatSystem)
    return RemoteFeed(crm.system, clock)


async def test_what_changed_is_told_once_to_the_millisecond(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    clock.advance(seconds=30.441)
    number = next(iter(company.rows["NewOpportunityObj"]))
    company.edit("NewOpportunityObj", number, amount="400000")
    page = await feed.changes(cursor)
    (change,) = page.changes
    assert (change.kind, change.object, change.record_id, change.account) == (
        "opportunity",
        "NewOpportunityObj",
        number,
        known,
    )
    assert (change.fields["amount"], change.precision) == ("400000", "ms")
    assert change.at == datetime(2026, 11, 26, 8, 4, 30, 441_000, tzinfo=UTC)
    assert (await feed.changes(page.cursor)).changes == ()


async def test_a_voided_order_is_told_as_gone_where_it_is_shown(
    crm: RemoteCrm, company: FakeFxiaoke, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    number = next(iter(company.rows["SalesOrderObj"]))
    company.edit("SalesOrderObj", number, life_status="invalid", is_deleted=True)
    (change,) = (await feed.changes(cursor)).changes
    assert (change.record_id, change.deleted) == (number, True)


async def test_changes_of_one_millisecond_over_several_pages_are_all_told(
    crm: RemoteCrm, known: AccountId, company: FakeFxiaoke, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    made = {
        company.add("SalesOrderObj", name=str(one), order_amount="1", account_id=known) for one in range(230)
    }
    page = await feed.changes(cursor)
    assert {one.record_id for one in page.changes} == made
    assert (await feed.changes(page.cursor)).changes == ()
