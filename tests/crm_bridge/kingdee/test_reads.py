"""Reading 金蝶云星空: signed sessions, errors that look like rows, times without a zone, and silence that means no right."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_bridge import AccountId, CrmUnavailable, UnknownAccount
from crm_bridge.adapters.kingdee.api import signature
from crm_bridge.adapters.remote import FlatSystem, RemoteCrm, RemoteFeed
from crm_bridge.mapping import MappingUnusable
from tests.crm_bridge.kingdee.conftest import Notes, open_crm
from tests.fakes.clock import Clock
from tests.fakes.systems.kingdee import FakeKingdee
from tests.fakes.systems.line import Line


async def test_a_customer_reads_as_it_stands_in_galaxy(crm: RemoteCrm, known: AccountId) -> None:
    account = await crm.account(known)
    assert (account.name, account.short_name, account.owner) == (
        "华东仁和医疗科技有限公司",
        "华东仁和",
        "YG0001",
    )
    assert (account.industry, account.missing) == ("medical", ())
    shown = {field.name: field.shown for field in account.fields}
    assert (shown["tier"], shown["region"], shown["payment_days"]) == ("B", "上海", "60 天")
    assert (shown["orders_12m"], shown["overdue"]) == ("1 单,¥136,000", "¥37,999.50")
    (order,) = account.of("order")
    assert (order.id, [(one.name, one.shown) for one in order.fields]) == (
        "XSDD000019",
        [("total", "¥136,000.00"), ("status", "执行中"), ("ordered_on", "2026-10-08")],
    )
    assert (account.contacts[0].name, account.contacts[0].title) == ("王建国", "设备科主任")
    (name,) = await crm.directory()
    assert (name.also, name.contacts) == (("华东仁和",), ("王建国|设备科主任",))


async def test_the_template_fits_a_galaxy_with_its_fields(crm: RemoteCrm) -> None:
    assert await crm.check() == []


async def test_what_galaxy_lacks_is_listed_and_the_rest_is_read(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    """One unknown name fails the whole question, and its error comes as if it were a row."""
    galaxy.schema["BD_Customer"].pop("F_YJ_Industry")
    galaxy.schema["AR_receivable"].pop("FWRITTENOFFAMOUNTFOR")
    galaxy.schema.pop("SAL_QUOTATION")
    found = {(one.kind, one.object, one.field) for one in await crm.check()}
    assert found == {("account", "BD_Customer", "F_YJ_Industry"), ("invoice", "AR_receivable", "FWRITTENOFFAMOUNTFOR"), ("quote", "SAL_QUOTATION", "")}  # fmt: skip
    account = await crm.account(known)
    assert set(account.missing) == {"报价单", "行业", "应收的已付"}
    assert account.get("overdue") is None  # without what was paid nobody knows what is overdue
    assert account.get("tier") is not None


async def test_a_condition_on_a_field_that_is_not_there_is_named(crm: RemoteCrm, galaxy: FakeKingdee) -> None:
    galaxy.schema["BD_CommonContact"].pop("FCompanyType")
    (lack,) = await crm.check()
    assert (lack.kind, lack.field) == ("contact", "FCompanyType")
    assert "`where` asks for it" in lack.why


async def test_a_clock_of_another_zone_than_the_mapping_says_is_named(
    crm: RemoteCrm, galaxy: FakeKingdee
) -> None:
    galaxy.offset = timedelta(hours=9)
    (lack,) = await crm.check()
    assert "UTC+9:00:00" in lack.why


async def test_a_session_that_is_lost_inside_a_success_is_renewed_once_for_all(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    await crm.account(known)
    galaxy.end_sessions()
    await asyncio.gather(*(crm.account(known) for _ in range(5)))
    assert galaxy.signed_in == 2


async def test_a_signature_is_the_one_that_was_recorded() -> None:
    secret = "0123456789abcdef0123456789abcdef"
    app = "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
    signed = signature("5f0000000000aa", "demo", app, secret, "1760000000")
    assert signed == "eba540bf3f8429a7c40d869506efa5bac27f94a6a1d7207a6cbc1274bf81827a"


@pytest.mark.parametrize(
    ("access", "words"),
    [({"client_secret": "old"}, "签名不正确"), ({"database": "other"}, "会话信息已丢失")],
    ids=["secret", "account set"],
)
async def test_a_sign_in_that_fails_says_why_and_is_not_tried_in_a_loop(
    line: Line, notes: Notes, clock: Clock, known: AccountId, access: dict[str, str], words: str
) -> None:
    crm = open_crm(line, notes, clock, **access)
    with pytest.raises(CrmUnavailable, match=words):
        await crm.account(known)
    assert len(line.asked) == 1
    await crm.close()


async def test_a_signature_is_made_for_the_hour_it_is_used_in(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee, clock: Clock
) -> None:
    await crm.account(known)
    clock.advance(hours=3)
    galaxy.end_sessions()
    assert (await crm.account(known)).id == known


async def test_a_text_that_reports_a_failure_is_asked_again_and_then_is_one(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    assert await crm.directory()
    galaxy.bodies = ["response_error: 服务器繁忙"]
    assert (await crm.system.record("account", known)) is not None
    galaxy.bodies = ["response_error: 服务器繁忙"] * 9
    with pytest.raises(CrmUnavailable, match="服务器繁忙"):
        await crm.system.record("account", known)


async def test_the_sign_in_page_is_a_session_that_ended(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    await crm.account(known)
    galaxy.bodies = ["<!DOCTYPE html><html>登录</html>"]
    assert (await crm.system.record("account", known)) is not None
    assert galaxy.signed_in == 2


async def test_nothing_at_all_is_taken_for_a_right_that_is_missing(
    line: Line, notes: Notes, clock: Clock, known: AccountId, galaxy: FakeKingdee
) -> None:
    """Otherwise the directory would be empty, and every customer unknown, without a word."""
    galaxy.hidden = True
    crm = open_crm(line, notes, clock)
    with pytest.raises(CrmUnavailable, match="not one customer"):
        await crm.directory()
    assert [one.why for one in await crm.check()] == [
        "the system shows our account not one customer; look at which customers it may see"
    ]
    await crm.close()


async def test_a_customer_of_several_organisations_is_one(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    galaxy.add("BD_Customer", FNumber=known, FName="华东仁和", FSELLER="YG0009", FUseOrgId="200")
    (name,) = await crm.directory()
    assert name.owner == "YG0001"


async def test_a_disabled_customer_is_none(crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee) -> None:
    (number,) = galaxy.rows["BD_Customer"]
    galaxy.edit("BD_Customer", number, FForbidStatus="B")
    with pytest.raises(UnknownAccount):
        await crm.account(known)


@pytest.mark.parametrize("strange", ["' OR '1'='1", "CUST0001' OR FNumber<>'", "a\nb", "x" * 200])
async def test_an_id_never_becomes_part_of_a_condition(
    crm: RemoteCrm, known: AccountId, strange: str
) -> None:
    with pytest.raises(UnknownAccount):
        await crm.account(AccountId(strange))


async def test_a_quote_in_a_number_is_a_quote(crm: RemoteCrm, galaxy: FakeKingdee) -> None:
    galaxy.add("BD_Customer", FNumber="O'B", FName="O'Brien", FSELLER="YG0001")
    assert (await crm.account(AccountId("O'B"))).name == "O'Brien"


async def test_a_directory_beyond_one_page_is_read_by_its_keys(crm: RemoteCrm, galaxy: FakeKingdee) -> None:
    for one in range(2100):
        galaxy.add("BD_Customer", FNumber=f"C{one % 7}{one}", FName=f"客户{one}", FSELLER="YG0001")
    assert len(await crm.directory()) == 2101


async def test_a_field_of_the_lines_does_not_make_two_orders_of_one(
    line: Line, notes: Notes, clock: Clock, known: AccountId
) -> None:
    crm = open_crm(line, notes, clock)
    assert isinstance(crm.system, FlatSystem)
    mapped = crm.system.mapping.records["order"]
    await crm.system.api.types(mapped)
    found = await crm.system.api.newest(mapped, ["FBillNo", "FMaterialId.FNumber"], [], 10)
    assert [(row["FBillNo"], row["FMaterialId.FNumber"]) for row in found] == [("XSDD000019", "X200")]
    await crm.close()


async def test_a_closed_order_is_done_and_a_cancelled_one_is_gone(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee
) -> None:
    (number,) = galaxy.rows["SAL_SaleOrder"]
    galaxy.edit("SAL_SaleOrder", number, FCloseStatus="B")
    (order,) = (await crm.account(known)).of("order")
    status = order.get("status")
    assert status is not None
    assert status.shown == "已完成"
    galaxy.edit("SAL_SaleOrder", number, FCancelStatus="B")
    assert (await crm.account(known)).of("order") == ()


def feed_of(crm: RemoteCrm, clock: Clock) -> RemoteFeed:
    assert isinstance(crm.system, FlatSystem)
    return RemoteFeed(crm.system, clock)


async def test_what_changed_is_told_once_in_utc_though_the_wire_names_no_zone(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    clock.advance(seconds=30.44)
    (number,) = galaxy.rows["SAL_SaleOrder"]
    galaxy.edit("SAL_SaleOrder", number, FBillAllAmount=200000.0)
    page = await feed.changes(cursor)
    (change,) = page.changes
    assert (change.kind, change.object, change.record_id, change.account) == (
        "order",
        "SAL_SaleOrder",
        "XSDD000019",
        known,
    )
    assert (change.fields["total"], change.precision, change.deleted) == ("200000.0", "ms", False)
    assert change.at == datetime(2026, 11, 26, 8, 4, 30, 440_000, tzinfo=UTC)
    assert (await feed.changes(page.cursor)).changes == ()


async def test_an_order_that_was_cancelled_without_an_event_is_told(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee, clock: Clock
) -> None:
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    (number,) = galaxy.rows["SAL_SaleOrder"]
    galaxy.edit("SAL_SaleOrder", number, FCancelStatus="B")
    (change,) = (await feed.changes(cursor)).changes
    assert (change.record_id, change.deleted, change.fields["status"]) == ("XSDD000019", True, "已取消")


async def test_changes_of_one_instant_over_several_pages_are_all_told(
    crm: RemoteCrm, known: AccountId, galaxy: FakeKingdee, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_bridge.adapters.kingdee.rows._PAGE", 3)
    feed = feed_of(crm, clock)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    made = {f"SO{number}" for number in range(10)}
    for one in made:
        galaxy.add("SAL_SaleOrder", FBillNo=one, FCustId=known, FBillAllAmount=1)
    page = await feed.changes(cursor)
    assert {one.record_id for one in page.changes} == made
    assert (await feed.changes(page.cursor)).changes == ()


@pytest.mark.parametrize(
    "where", ["FForbidStatus = 'A'", "[[FForbidStatus, A]]", "[[FForbidStatus, like, A]]"]
)
def test_a_condition_of_another_form_is_refused_with_its_place(
    line: Line, notes: Notes, clock: Clock, tmp_path: Path, where: str
) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(f"extends: kingdee\naccount: {{where: {where}}}\n", encoding="utf-8")
    with pytest.raises(MappingUnusable, match="account.where"):
        open_crm(line, notes, clock, mapping=str(path))
