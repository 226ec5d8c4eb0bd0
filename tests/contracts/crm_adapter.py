"""What every CRM adapter promises. A new adapter subclasses this, gives the four fixtures, and inherits the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from crm_bridge import (
    AccountId,
    CrmAdapter,
    UnknownAccount,
    Write,
    WriteKey,
    WriteRefused,
)

KEY = WriteKey("decision-1-1")
AGAIN = WriteKey("decision-1-1-undo")


class CrmAdapterContract:
    @pytest.fixture
    def crm(self) -> CrmAdapter:
        """The adapter, on a system that knows one customer at least."""
        raise NotImplementedError

    @pytest.fixture
    def known(self) -> AccountId:
        """A customer the system knows."""
        raise NotImplementedError

    @pytest.fixture
    def creates(self) -> tuple[str, dict[str, object]]:
        """An operation that makes a record and can be taken back, with parameters that are in order."""
        return "task.create", {"title": "周五前回复报价", "due": "2026-12-04"}

    @pytest.fixture
    def passes(self) -> Callable[[], None]:
        """Lets a second go by for the system under test."""
        raise NotImplementedError

    @pytest.fixture
    def write(self, creates: tuple[str, dict[str, object]], known: AccountId) -> Write:
        return Write(creates[0], known, creates[1], "zhangsan")

    async def test_the_directory_names_every_customer_with_its_owner(
        self, crm: CrmAdapter, known: AccountId
    ) -> None:
        names = {account.id: account for account in await crm.directory()}
        assert names[known].name
        assert names[known].owner
        assert names[known].name == (await crm.account(known)).name

    async def test_every_field_says_where_and_when_it_comes_from(
        self, crm: CrmAdapter, known: AccountId
    ) -> None:
        account = await crm.account(known)
        fields = [*account.fields, *(field for record in account.records for field in record.fields)]
        assert fields
        for field in fields:
            assert field.label
            assert field.shown
            assert field.lineage.system
            assert field.lineage.at.utcoffset() == field.lineage.read_at.utcoffset() == timedelta(0)

    async def test_an_unknown_customer_is_refused_by_name(self, crm: CrmAdapter) -> None:
        with pytest.raises(UnknownAccount, match="NO-SUCH"):
            await crm.account(AccountId("NO-SUCH"))

    async def test_a_write_shows_in_the_account_with_its_receipt(
        self, crm: CrmAdapter, write: Write, passes: Callable[[], None]
    ) -> None:
        before = {record.id for record in (await crm.account(write.account)).records}
        receipt = await crm.carry_out(write, KEY)
        made = {record.id for record in (await crm.account(write.account)).records} - before
        assert made == {receipt.record_id}
        assert receipt.record_id in receipt.shown

    async def test_a_repeated_key_returns_the_first_receipt_and_writes_nothing(
        self, crm: CrmAdapter, write: Write, passes: Callable[[], None]
    ) -> None:
        first = await crm.carry_out(write, KEY)
        once = (await crm.account(write.account)).records
        passes()
        assert await crm.carry_out(write, KEY) == first
        assert [one.id for one in (await crm.account(write.account)).records] == [one.id for one in once]

    async def test_a_key_used_by_many_at_once_writes_once(self, crm: CrmAdapter, write: Write) -> None:
        before = len((await crm.account(write.account)).records)
        receipts = await asyncio.gather(*(crm.carry_out(write, KEY) for _ in range(8)))
        assert len({receipt.record_id for receipt in receipts}) == 1
        assert len((await crm.account(write.account)).records) == before + 1

    async def test_other_keys_write_beside_each_other(self, crm: CrmAdapter, write: Write) -> None:
        keys = [WriteKey(f"many-{number}") for number in range(8)]
        receipts = await asyncio.gather(*(crm.carry_out(write, key) for key in keys))
        assert len({receipt.record_id for receipt in receipts}) == len(keys)

    async def test_a_key_tells_what_it_wrote(self, crm: CrmAdapter, write: Write) -> None:
        assert await crm.receipt(KEY) is None
        done = await crm.carry_out(write, KEY)
        assert await crm.receipt(KEY) == done

    async def test_a_refused_write_leaves_neither_record_nor_receipt(
        self, crm: CrmAdapter, write: Write
    ) -> None:
        before = (await crm.account(write.account)).records
        with pytest.raises(WriteRefused):
            await crm.carry_out(Write(write.operation, write.account, {}, "zhangsan"), KEY)
        assert await crm.receipt(KEY) is None
        assert len((await crm.account(write.account)).records) == len(before)

    async def test_an_operation_it_does_not_know_is_refused(self, crm: CrmAdapter, known: AccountId) -> None:
        with pytest.raises(WriteRefused, match="universe.end"):
            await crm.carry_out(Write("universe.end", known, {}, "zhangsan"), KEY)

    async def test_a_write_to_an_unknown_customer_is_refused(self, crm: CrmAdapter, write: Write) -> None:
        with pytest.raises(UnknownAccount):
            await crm.carry_out(Write(write.operation, AccountId("NO-SUCH"), write.params, "zhangsan"), KEY)

    async def test_what_was_made_can_be_taken_back_once(
        self, crm: CrmAdapter, write: Write, passes: Callable[[], None]
    ) -> None:
        before = [record.id for record in (await crm.account(write.account)).records]
        receipt = await crm.carry_out(write, KEY)
        passes()
        undone = await crm.undo(receipt, "zhangsan", AGAIN)
        assert sorted(one.id for one in (await crm.account(write.account)).records) == sorted(before)
        assert await crm.undo(receipt, "zhangsan", AGAIN) == undone
        assert await crm.receipt(AGAIN) == undone

    async def test_taking_back_twice_is_refused(
        self, crm: CrmAdapter, write: Write, passes: Callable[[], None]
    ) -> None:
        receipt = await crm.carry_out(write, KEY)
        passes()
        await crm.undo(receipt, "zhangsan", AGAIN)
        passes()
        with pytest.raises(WriteRefused):
            await crm.undo(receipt, "zhangsan", WriteKey("another-undo"))
