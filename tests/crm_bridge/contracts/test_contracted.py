"""What a contract says is what is passed on and written: the adapter behind it gives more and is not told of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlmodel import Session

from crm_bridge import (
    AccountId,
    AccountName,
    Contact,
    Field,
    Lineage,
    OutsideContract,
    Receipt,
    Record,
    Write,
    WriteKey,
)
from crm_bridge.contracts import ContractedCrm, load_contract
from crm_bridge.contracts.outside import MOST_FIELDS, MOST_TIMES, Outside
from crm_bridge.contracts.writes import written
from crm_bridge.feed import Change, ChangePage
from crm_bridge.lineage import known_values
from crm_bridge.quality import board, load_bounds
from tests.fakes.clock import Clock
from tests.fakes.evidence import account as an_account
from tests.fakes.evidence import field as a_field


class Adapter:
    """A customer system that gives more than was agreed and remembers what it was told to write."""

    name = "embedded"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.writes: list[Write] = []
        self.read_at = clock()

        self.names = (
            AccountName(AccountId("ACC-1"), "华东仁和医疗科技", "zhangsan", ("华东仁和",), ("王建国|主任",)),
        )

    async def directory(self) -> tuple[AccountName, ...]:
        return self.names

    async def account(self, account: AccountId) -> Any:
        lineage = Lineage("内置CRM", "客户", "x", self.read_at, self.read_at)
        fields = (a_field("tier", "客户等级", "VIP"), a_field("shoe_size", "鞋码", "43"))
        return replace(
            an_account(),
            id=account,
            fields=tuple(replace(one, lineage=lineage) for one in fields),
            contacts=(Contact("CT-1", "王建国", "主任", "13900001001"),),
            records=(Record("order", "SO-1", "X200 两台", ()), Record("ticket", "WO-1", "异响", ())),
        )

    async def carry_out(self, write: Write, key: WriteKey) -> Any:
        self.writes.append(write)

    async def receipt(self, key: WriteKey) -> None:
        return None

    async def undo(self, receipt: Any, by: str, key: WriteKey) -> Any:
        return receipt

    async def changes(self, cursor: str) -> ChangePage:
        fields = {"tier": "A", "shoe_size": "44"}
        told = Change("内置CRM", "account", "客户", "ACC-1", "ACC-1", fields, self.clock(), "us")
        return ChangePage((told,), "2")


@pytest.fixture
def adapter(clock: Clock) -> Adapter:
    return Adapter(clock)


@pytest.fixture
def crm(adapter: Adapter, store: Any, clock: Clock) -> ContractedCrm:
    return ContractedCrm(adapter, load_contract("embedded"), store.engine, store.begin, clock)


def names(fields: tuple[Field, ...]) -> list[str]:
    return [one.name for one in fields]


async def test_only_what_the_contract_lists_is_passed_on_and_says_under_which_it_was_read(
    crm: ContractedCrm,
) -> None:
    account = await crm.account(AccountId("ACC-1"))
    assert names(account.fields) == ["tier"]
    assert account.fields[0].lineage.contract == "yiju.crm.embedded@2.0.0"
    (told,) = (await crm.changes("1")).changes
    assert dict(told.fields) == {"tier": "A"}


async def test_what_was_kept_out_is_counted_for_a_while_and_stands_on_the_quality_board(
    crm: ContractedCrm, store: Any, clock: Clock
) -> None:
    start = clock()
    account = await crm.account(AccountId("ACC-1"))
    await crm.changes("1")
    refused = Write("field.set", AccountId("ACC-1"), {"field": "credit_limit", "value": "1"}, "zhangsan")
    with pytest.raises(OutsideContract):
        await crm.carry_out(refused, WriteKey("k1"))
    with store.look() as session:
        outside = crm.outside.since(start)
        found = board(session, start, load_bounds(), crm.contract, crm.name, [account], outside)
    counted = {one.field: one.violations for one in found.fields if one.violations}
    assert counted == {"account.shoe_size": 2, "account.credit_limit": 1}
    assert crm.outside.since(start + timedelta(seconds=1)) == {}


def test_what_is_counted_of_a_system_that_gives_ever_new_fields_is_bounded(clock: Clock) -> None:
    outside = Outside()
    for number in range(MOST_FIELDS + 50):
        outside.count(f"account.x{number}", clock())
    for _ in range(MOST_TIMES + 50):
        outside.count("account.x0", clock())
    found = outside.since(clock())
    assert len(found) == MOST_FIELDS
    assert found["account.x0"] == (MOST_TIMES, clock())


async def test_asking_by_name_for_what_is_outside_raises(crm: ContractedCrm) -> None:
    assert (await crm.field(AccountId("ACC-1"), "tier")).value == "VIP"
    with pytest.raises(OutsideContract, match="shoe_size"):
        await crm.field(AccountId("ACC-1"), "shoe_size")


async def test_a_value_read_longer_ago_than_promised_is_marked(
    crm: ContractedCrm, adapter: Adapter, clock: Clock
) -> None:
    assert not (await crm.account(AccountId("ACC-1"))).fields[0].stale
    clock.now += timedelta(minutes=6)
    assert (await crm.account(AccountId("ACC-1"))).fields[0].stale


async def test_nobody_waits_for_the_history_and_it_holds_the_value_in_the_end(
    adapter: Adapter, store: Any, clock: Clock
) -> None:
    busy = Event()

    @contextmanager
    def behind_others() -> Iterator[Session]:
        busy.wait(5)
        with store.begin() as session:
            yield session

    def history() -> list[str]:
        with store.look() as session:
            return [row.value for rows in known_values(session, AccountId("ACC-1")).values() for row in rows]

    crm = ContractedCrm(adapter, load_contract("embedded"), store.engine, behind_others, clock)
    await asyncio.wait_for(crm.account(AccountId("ACC-1")), 4)
    assert history() == []
    busy.set()
    await crm.close()
    assert history() == ["VIP"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("field.set", {"field": "credit_limit", "value": "1000000"}),
        ("field.set", {"field": "shoe_size", "value": "43"}),
        ("order.create", {"title": "X200"}),
    ],
)
async def test_a_write_outside_the_contract_never_reaches_the_system(
    crm: ContractedCrm, adapter: Adapter, operation: str, params: dict[str, Any]
) -> None:
    with pytest.raises(OutsideContract):
        await crm.carry_out(Write(operation, AccountId("ACC-1"), params, "zhangsan"), WriteKey("k1"))
    assert adapter.writes == []


async def test_a_parameter_that_nobody_knows_is_a_field_outside_the_contract(
    crm: ContractedCrm, adapter: Adapter
) -> None:
    params = {"title": "X200", "secret_discount": "30"}
    with pytest.raises(OutsideContract, match=r"opportunity\.secret_discount"):
        await crm.carry_out(
            Write("opportunity.create", AccountId("ACC-1"), params, "zhangsan"), WriteKey("k1")
        )
    assert adapter.writes == []
    moved = Write(
        "opportunity.move_stage", AccountId("ACC-1"), {"opportunity": "OPP-1", "to": "报价"}, "zhangsan"
    )
    await crm.carry_out(moved, WriteKey("k2"))
    assert adapter.writes == [moved]


def done(kind: str, clock: Clock, **before: Any) -> Receipt:
    return Receipt(WriteKey("k1"), "x", "内置CRM", kind, "R-1", "已写", clock(), True, before)


@pytest.mark.parametrize(
    ("kind", "before", "field"),
    [("account", {"credit_limit": "1"}, "信用额度"), ("order", {}, r"order\.\*"), ("shoe", {}, r"shoe\.\*")],
)
async def test_taking_back_what_the_contract_no_longer_lets_be_written_raises(
    crm: ContractedCrm, clock: Clock, kind: str, before: dict[str, Any], field: str
) -> None:
    with pytest.raises(OutsideContract, match=field):
        await crm.undo(done(kind, clock, **before), "zhangsan", WriteKey("k2"))
    allowed = done("account", clock, tier="A"), done("task", clock)
    assert [await crm.undo(one, "zhangsan", WriteKey("k3")) for one in allowed] == list(allowed)


async def test_records_and_names_beyond_the_contract_are_left_out_and_counted(
    adapter: Adapter, store: Any, clock: Clock
) -> None:
    listed = load_contract("embedded")
    kept = {
        name: rule
        for name, rule in listed.fields.items()
        if not name.startswith("ticket.") and name not in {"order.title", "account.aliases", "contact.name"}
    }
    narrow = replace(listed, fields=kept)
    crm = ContractedCrm(adapter, narrow, store.engine, store.begin, clock)
    start = clock()
    account = await crm.account(AccountId("ACC-1"))
    assert [(one.kind, one.title) for one in account.records] == [("order", "SO-1")]
    (name,) = await crm.directory()
    assert (name.also, name.contacts, name.owner) == ((), (), "zhangsan")
    assert await crm.directory() is await crm.directory()
    expected = {"ticket.*", "order.title", "account.aliases", "contact.name", "account.shoe_size"}
    assert set(crm.outside.since(start)) == expected
    (same,) = await ContractedCrm(adapter, listed, store.engine, store.begin, clock).directory()
    assert (same.also, same.contacts) == (("华东仁和",), ("王建国|主任",))


async def test_a_write_inside_reaches_it(crm: ContractedCrm, adapter: Adapter) -> None:
    write = Write("field.set", AccountId("ACC-1"), {"field": "tier", "value": "A"}, "zhangsan")
    await crm.carry_out(write, WriteKey("k1"))
    assert adapter.writes == [write]


def test_every_operation_of_the_embedded_crm_is_known_to_the_contract() -> None:
    from crm_bridge.adapters.embedded.operations import OPERATIONS

    touched = {
        operation: list(written(Write(operation, AccountId("ACC-1"), {"field": "tier"}, "zhangsan")))
        for operation in OPERATIONS
    }
    assert touched
    assert all(touched.values())
