"""The shipped descriptions of 用友 U9 and 鼎捷 T100 drive the `rest` adapter against gateways that answer as they describe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
import stamina
from sqlmodel import Session

from crm_bridge import AccountId, CrmUnavailable, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters import Access
from crm_bridge.adapters.remote import Receipts, RemoteCrm, RemoteFeed, feed_of
from crm_bridge.adapters.rest import RestSystem
from crm_bridge.contracts import load_contract
from crm_bridge.mapping import load_mapping
from tests.contracts.crm_adapter import CrmAdapterContract
from tests.fakes.clock import Clock
from tests.fakes.systems.line import Line
from tests.fakes.systems.t100 import FakeT100
from tests.fakes.systems.u9 import FakeU9

Notes = Callable[[], AbstractContextManager[Session]]
QUOTE = {"title": "X200 50台", "lines": [{"product": "X200", "quantity": 50, "unit_price": "18800", "discount_percent": "5"}]}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def opened(line: Line, notes: Notes, clock: Clock, access: Access) -> RemoteCrm:
    mapping = load_mapping("rest", access.mapping)
    system = RestSystem(
        mapping.model_copy(update={"options": mapping.options | {"per_second": 10_000}}), access, line
    )
    return RemoteCrm(system, Receipts(f"rest:{mapping.name}", notes), clock)


@pytest.fixture
def u9(clock: Clock) -> FakeU9:
    u9 = FakeU9(clock)
    u9.put("V_YIJU_CUSTOMER", CODE="C001", NAME="华东仁和医疗科技有限公司", SHORT_NAME="华东仁和", SALESMAN_CODE="zhangsan", INDUSTRY="medical", CATEGORY_CODE="02", TERRITORY="华东", PAY_TERM="月结60天", CREDIT_LIMIT=500000)  # fmt: skip
    u9.put(
        "V_YIJU_CONTACT",
        ID="P1",
        CUSTOMER_CODE="C001",
        NAME="王建国",
        JOB_TITLE="设备科主任",
        MOBILE="021-1234",
    )
    u9.put("V_YIJU_SO", DOC_NO="SO1", CUSTOMER_CODE="C001", SUMMARY="X200 8台", TOTAL_MONEY_TC=136000, STATUS="2", BUSINESS_DATE="2026-10-08", DELIVERY_DATE="2026-12-01")  # fmt: skip
    u9.put("V_YIJU_AR", DOC_NO="AR1", CUSTOMER_CODE="C001", SUMMARY="X200", AR_MONEY=50000, PAID_MONEY=12000.5, DUE_DATE="2026-10-31")  # fmt: skip
    return u9


@pytest.fixture
async def u9_crm(u9: FakeU9, notes: Notes, clock: Clock) -> AsyncIterator[RemoteCrm]:
    access = Access("https://u9.test/api", user="yiju", password="pw", tenant="01", database="100", mapping="yonyou_u9")  # fmt: skip
    crm = opened(Line(u9.app), notes, clock, access)
    yield crm
    await crm.close()


async def test_a_customer_reads_through_the_views_of_u9(u9_crm: RemoteCrm) -> None:
    account = await u9_crm.account(AccountId("ACC-C001"))
    shown = {field.name: field.shown for field in account.fields}
    assert (account.short_name, account.owner, account.industry, account.missing) == ("华东仁和", "zhangsan", "medical", ())  # fmt: skip
    assert (shown["tier"], shown["payment_days"], shown["credit_limit"]) == ("B", "60 天", "¥500,000.00")
    assert (shown["orders_12m"], shown["overdue"]) == ("1 单,¥136,000", "¥37,999.50")
    (order,) = account.of("order")
    assert (order.id, order.title, [one.shown for one in order.fields]) == (
        "SO1", "X200 8台", ["¥136,000.00", "已核准", "2026-10-08", "2026-12-01"],
    )  # fmt: skip
    at = account.fields[0].lineage
    assert (at.system, at.at, at.precision) == ("用友U9", datetime(2026, 11, 26, 7, 4, tzinfo=UTC), "s")
    (name,) = await u9_crm.directory()
    assert name.contacts == ("王建国|设备科主任",)
    assert await u9_crm.check() == []


async def test_a_view_or_column_that_is_not_there_is_named(u9_crm: RemoteCrm, u9: FakeU9) -> None:
    u9.views["V_YIJU_CUSTOMER"].remove("TERRITORY")
    u9.views.pop("V_YIJU_AR")
    assert [(one.object, one.field) for one in await u9_crm.check()] == [("V_YIJU_CUSTOMER", "TERRITORY")]
    assert (await u9_crm.account(AccountId("ACC-C001"))).missing == ("应收",)


async def test_a_token_of_u9_that_ended_inside_http_200_is_renewed(u9_crm: RemoteCrm, u9: FakeU9) -> None:
    await u9_crm.account(AccountId("ACC-C001"))
    u9.tokens.clear()
    await u9_crm.account(AccountId("ACC-C001"))
    assert u9.signed_in == 2


async def test_u9_is_read_only_until_a_company_opens_it(u9_crm: RemoteCrm) -> None:
    for operation, params, words in (
        ("quote.draft", QUOTE, "没有放报价单的地方"),
        ("field.set", {"field": "tier", "value": "VIP"}, "不能从这里改客户等级"),
    ):
        with pytest.raises(WriteRefused, match=words):
            await u9_crm.carry_out(
                Write(operation, AccountId("ACC-C001"), params, "zhangsan"), WriteKey(operation)
            )


async def test_an_order_that_was_cancelled_in_u9_is_told(u9_crm: RemoteCrm, u9: FakeU9, clock: Clock) -> None:
    feed = feed_of(u9_crm, clock)
    assert isinstance(feed, RemoteFeed)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    u9.put("V_YIJU_SO", DOC_NO="SO1", STATUS="4")
    page = await feed.changes(cursor)
    (change,) = page.changes
    assert (change.kind, change.record_id, change.account, change.deleted, change.at) == (
        "order", "SO1", "ACC-C001", True, clock(),
    )  # fmt: skip
    assert (await feed.changes(page.cursor)).changes == ()


@pytest.fixture
def t100(clock: Clock) -> FakeT100:
    t100 = FakeT100(clock)
    t100.customer("C001", pmaal003="华东仁和医疗科技有限公司", pmaal004="华东仁和", pmab081="zhangsan", pmaa090="medical", pmaa006="B", pmaa092="华东", pmab087="60")  # fmt: skip
    t100.order("XM-1", xmda004="C001", xmda044="136000.00", xmdadocdt="2026-10-08")
    return t100


@pytest.fixture
def t100_line(t100: FakeT100) -> Line:
    return Line(t100.app)


@pytest.fixture
async def t100_crm(t100_line: Line, notes: Notes, clock: Clock) -> AsyncIterator[RemoteCrm]:
    access = Access("https://t100.test/restful/service", token="t-1", tenant="99", mapping="digiwin_t100")
    crm = opened(t100_line, notes, clock, access)
    yield crm
    await crm.close()


class TestT100Quotes(CrmAdapterContract):
    @pytest.fixture
    def crm(self, t100_crm: RemoteCrm) -> RemoteCrm:
        return t100_crm

    @pytest.fixture
    def known(self) -> AccountId:
        return AccountId("ACC-C001")

    @pytest.fixture
    def creates(self) -> tuple[str, dict[str, object]]:
        return "quote.draft", QUOTE

    @pytest.fixture
    def passes(self, clock: Clock) -> Callable[[], None]:
        return lambda: clock.advance(seconds=1) and None  # type: ignore[return-value]


async def quoted(crm: RemoteCrm) -> Receipt:
    return await crm.carry_out(Write("quote.draft", AccountId("ACC-C001"), QUOTE, "zhangsan"), WriteKey("k"))


async def test_a_customer_reads_through_the_services_of_t100(t100_crm: RemoteCrm) -> None:
    account = await t100_crm.account(AccountId("ACC-C001"))
    shown = {field.name: field.shown for field in account.fields}
    assert (account.short_name, account.owner, shown["tier"], shown["payment_days"]) == ("华东仁和", "zhangsan", "B", "60 天")  # fmt: skip
    assert shown["orders_12m"] == "1 单,¥136,000"
    assert account.missing == ()
    assert await t100_crm.check() == []


async def test_a_quote_stands_in_t100_with_the_price_after_the_discount(
    t100_crm: RemoteCrm, t100: FakeT100
) -> None:
    receipt = await quoted(t100_crm)
    row = t100.quotations[receipt.record_id]
    assert row["details"] == [{"item_no": "X200", "qty": "50", "price": "17860.0000"}]
    assert (row["xmfd003"], row["remark"], row["yiju_key"], row["xmfd024"]) == (
        "C001",
        "X200 50台",
        "k",
        "893000.00",
    )


async def test_a_quote_whose_answer_was_lost_is_found_in_t100_by_its_key(
    t100_crm: RemoteCrm, t100_line: Line, t100: FakeT100
) -> None:
    t100_line.lose_answers(lambda request: request.url.path.endswith("quotation.create"))
    with pytest.raises(OutcomeUnknown):
        await quoted(t100_crm)
    receipt = await quoted(t100_crm)
    assert list(t100.quotations) == [receipt.record_id]


async def test_what_t100_says_no_to_inside_http_200_is_a_no_and_busy_is_tried_again(
    t100_crm: RemoteCrm, t100: FakeT100
) -> None:
    await t100_crm.account(AccountId("ACC-C001"))
    t100.trouble = [("429", "请求过于频繁")]
    assert await t100_crm.system.record("account", "C001") is not None
    t100.trouble = [("500", "服务未发布")]
    with pytest.raises(CrmUnavailable, match="服务未发布"):
        await t100_crm.system.record("account", "C001")


async def test_an_order_that_was_voided_in_t100_is_told(
    t100_crm: RemoteCrm, t100: FakeT100, clock: Clock
) -> None:
    feed = feed_of(t100_crm, clock)
    assert isinstance(feed, RemoteFeed)
    clock.advance(hours=1)
    cursor = (await feed.changes("")).cursor
    t100.order("XM-1", xmdastus="X")
    (change,) = (await feed.changes(cursor)).changes
    assert (change.record_id, change.deleted) == ("XM-1", True)


@pytest.mark.parametrize("name", ["yonyou_u9", "digiwin_t100"])
def test_every_field_that_a_template_reads_is_one_that_the_contract_knows(name: str) -> None:
    known = set(load_contract("rest").fields)
    objects = load_mapping("rest", name).objects()
    assert {
        f"{kind}.{one}" for kind, mapped in objects for one, how in mapped.fields.items() if how.source
    } <= known
