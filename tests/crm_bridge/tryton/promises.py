"""What both ways into a real Tryton 8.0 promise beyond the contract of all adapters: its own client, and its REST interface
told by a mapping file alone. What only one of them does stands in that one's tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

import pytest

from crm_bridge import AccountId, CrmUnavailable, OutcomeUnknown, Receipt, Write, WriteKey, WriteRefused
from crm_bridge.adapters.remote import RemoteCrm
from crm_bridge.adapters.tryton import TrytonRpc
from tests.contracts.remote_crm import DEAL, NOTE, QUOTE, TASK, X200, Made, RemoteContract
from tests.crm_bridge.tryton.conftest import customer
from tests.fakes.clock import Clock
from tests.fakes.tryton_server import Proxy

Open = Callable[[str], RemoteCrm]
"""The adapter at an address, with a memory that all opened by it share."""


class TrytonPromises(RemoteContract):
    makes: ClassVar[tuple[Made, ...]] = (TASK, DEAL, QUOTE, NOTE)
    stages: ClassVar[tuple[str, ...]]
    """Where a deal can be moved to from 需求确认."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        super().pytest_generate_tests(metafunc)
        if "to" in metafunc.fixturenames:
            metafunc.parametrize("to", self.stages)

    @pytest.fixture
    def opens(self) -> Open:
        raise NotImplementedError

    async def test_a_customer_reads_as_it_stands_there_with_tier_and_what_was_ordered(
        self, crm: RemoteCrm
    ) -> None:
        found = next(one for one in await crm.directory() if "华东仁和" in one.also)
        account = await crm.account(found.id)
        shown = {field.name: field.shown for field in account.fields}
        assert (account.name, account.short_name) == ("华东仁和医疗科技有限公司", "华东仁和")
        assert (account.owner, account.industry) == ("zhangsan", "medical")
        assert (shown["tier"], shown["payment_days"]) == ("A", "60 天")
        assert (shown["orders_12m"], shown["open_deals"]) == ("1 单,¥136,000", "1 个,预计 ¥357,200")
        (order,) = account.of("order")
        assert {one.name: one.shown for one in order.fields}["total"] == "¥136,000.00"
        assert (account.contacts[0].name, account.contacts[0].title) == ("王建国", "设备科主任")
        assert any(one.startswith("王建国|") for one in found.contacts)

    async def test_what_is_created_says_all_that_the_rep_confirmed(
        self, crm: RemoteCrm, known: AccountId, rpc: TrytonRpc
    ) -> None:
        receipt = await written(
            crm, known, "opportunity.create", "all-of-it", title="X200 50台", product="X200", quantity=50,
            amount="893000", stage="需求确认", close_date="2026-12-31", note="月底前定",
        )  # fmt: skip
        fields = ["description", "amount", "state", "end_date", "comment", "reference"]
        (row,) = await rpc.model("sale.opportunity", "read", [number(receipt)], fields)
        assert (row["state"], row["end_date"], str(row["amount"])) == (
            "opportunity",
            date(2026, 12, 31),
            "893000",
        )
        assert row["reference"] == "all-of-it"
        assert row["comment"].splitlines() == ["产品:X200", "数量:50", "说明:月底前定"]
        (deal,) = (await crm.account(known)).of("opportunity")
        assert [one.shown for one in deal.fields][:4] == ["X200", "50", "¥893,000.00", "需求确认"]

    async def test_a_stage_moves_and_moves_back(self, crm: RemoteCrm, known: AccountId, to: str) -> None:
        made = await written(crm, known, "opportunity.create", f"stage-{to}", title="X200", stage="需求确认")
        moved = await written(
            crm, known, "opportunity.move_stage", f"move-{to}", opportunity=made.record_id, to=to
        )
        assert await stage(crm, known) == to
        await crm.undo(moved, "zhangsan", WriteKey(f"move-{to}-undo"))
        assert await stage(crm, known) == "需求确认"

    async def test_a_deal_is_not_won_from_here(self, crm: RemoteCrm, known: AccountId) -> None:
        made = await written(crm, known, "opportunity.create", "won", title="X200", stage="需求确认")
        with pytest.raises(WriteRefused, match="不能.*改到“赢单”"):
            await written(
                crm, known, "opportunity.move_stage", "won-2", opportunity=made.record_id, to="赢单"
            )
        assert await stage(crm, known) == "需求确认"

    async def test_a_quote_is_quoted_confirmed_and_cancelled_by_people_and_read_as_such(
        self, crm: RemoteCrm, known: AccountId, rpc: TrytonRpc
    ) -> None:
        first, other = [
            await written(
                crm,
                known,
                "quote.draft",
                f"sale-{one}",
                title="X200 50台",
                lines=[X200],
                valid_until="2026-12-31",
            )
            for one in (1, 2)
        ]
        drafts = {
            one.id: {field.name: field.shown for field in one.fields}
            for one in (await crm.account(known)).of("quote")
        }
        assert drafts[first.record_id] == {
            "total": "¥893,000.00",
            "status": "草稿",
            "valid_until": "2026-12-31",
        }
        party = int(known.removeprefix("ACC-"))
        (address,) = await rpc.model("party.address", "search", [["party", "=", party]], 0, 1, None)
        ready = {"invoice_address": address, "shipment_address": address, "sale_date": date(2026, 11, 28)}
        await rpc.model("sale.sale", "write", [number(first)], ready)
        await rpc.model("sale.sale", "quote", [number(first)])
        assert await status(crm, known, "quote", first.record_id) == "已报价"
        await rpc.model("sale.sale", "confirm", [number(first)])
        assert await status(crm, known, "order", f"SO-{number(first)}") == "已确认"
        with pytest.raises(WriteRefused):
            await crm.undo(first, "zhangsan", WriteKey("sale-1-undo"))
        await rpc.model("sale.sale", "cancel", [number(other)])
        assert [one.id for one in (await crm.account(known)).of("quote")] == []

    async def test_what_a_colleague_changed_since_is_not_taken_back(
        self, crm: RemoteCrm, known: AccountId, rpc: TrytonRpc
    ) -> None:
        receipt = await written(crm, known, "task.create", "changed", title="回电")
        await rpc.model("project.work", "write", [number(receipt)], {"name": "回电,问清交期"})
        with pytest.raises(WriteRefused, match="后来被改过"):
            await crm.undo(receipt, "zhangsan", WriteKey("changed-undo"))

    async def test_of_writers_who_saw_the_same_state_the_first_wins(
        self, crm: RemoteCrm, known: AccountId
    ) -> None:
        """Both read 需求确认; the one that comes later is told that somebody was faster."""
        made = await written(crm, known, "opportunity.create", "race", title="X200", stage="需求确认")
        row = await crm.system.record("opportunity", str(number(made)))
        assert row is not None
        await crm.system.change("opportunity", row, {"stage": "线索"})
        for late in ({"stage": "输单"}, {"title": "第二个"}):
            with pytest.raises(WriteRefused, match="被别人改过"):
                await crm.system.change("opportunity", row, late)
        assert await stage(crm, known) == "线索"

    async def test_another_customers_deal_is_not_moved(
        self, crm: RemoteCrm, known: AccountId, rpc: TrytonRpc
    ) -> None:
        made = await written(crm, known, "opportunity.create", "whose", title="X200")
        other = await customer(rpc, "无锡别家科技有限公司")
        with pytest.raises(WriteRefused, match="没有编号"):
            await written(
                crm, other, "opportunity.move_stage", "whose-2", opportunity=made.record_id, to="输单"
            )

    async def test_two_processes_with_one_key_write_once(
        self, tryton: str, known: AccountId, opens: Open
    ) -> None:
        """One died in the middle; the other, later, finds what it made by the key."""
        first, other = opens(tryton), opens(tryton)
        write = Write("quote.draft", known, {"title": "X200", "lines": [X200]}, "zhangsan")
        made = await first.carry_out(write, WriteKey("two"))
        assert await other.carry_out(write, WriteKey("two")) == made
        found = await other.system.find("quote", WriteKey("two"), known.removeprefix("ACC-"))
        assert found is not None
        assert len((await other.account(known)).of("quote")) == 1
        await asyncio.gather(first.close(), other.close())

    async def test_a_write_whose_answer_was_lost_is_found_again_and_not_repeated(
        self, proxy: Proxy, known: AccountId, opens: Open, write: Write
    ) -> None:
        crm = opens(proxy.address)
        key = WriteKey(f"lost-{write.operation}-{known}")  # both adapters write into one Tryton
        before = await records(crm, known)
        proxy.cut_answers = 1
        with pytest.raises(OutcomeUnknown):
            await crm.carry_out(write, key)
        assert proxy.cut_answers == 0
        found = await crm.receipt(key)
        assert found is not None
        assert await crm.carry_out(write, key) == found
        assert await records(crm, known) - before == {found.record_id}
        assert await crm.undo(found, "zhangsan", WriteKey(f"{key}-undo"))
        assert await records(crm, known) == before
        await crm.close()

    async def test_a_stage_whose_answer_was_lost_is_moved_once(
        self, proxy: Proxy, known: AccountId, opens: Open
    ) -> None:
        crm = opens(proxy.address)
        made = await written(crm, known, "opportunity.create", "lost-stage", title="X200", stage="需求确认")
        move = Write(
            "opportunity.move_stage", known, {"opportunity": made.record_id, "to": "输单"}, "zhangsan"
        )
        proxy.cut_answers = 1
        with pytest.raises(OutcomeUnknown):
            await crm.carry_out(move, WriteKey("lost-move"))
        moved = await crm.carry_out(move, WriteKey("lost-move"))
        assert (moved.record_id, await stage(crm, known)) == (made.record_id, "输单")
        await crm.close()

    async def test_a_write_that_never_arrived_is_done_once_when_tryton_is_back(
        self, proxy: Proxy, known: AccountId, opens: Open, clock: Clock
    ) -> None:
        crm, key = opens(proxy.address), WriteKey("asleep-1")
        write = Write("task.create", known, {"title": "回电"}, "zhangsan")
        await crm.account(known)
        proxy.down = True
        with pytest.raises(CrmUnavailable):
            await crm.carry_out(write, key)
        proxy.down = False
        clock.advance(seconds=30)
        receipt = await crm.carry_out(write, key)
        assert await records(crm, known) == {receipt.record_id}
        await crm.close()

    async def test_an_undo_whose_answer_was_lost_is_done(
        self, proxy: Proxy, known: AccountId, opens: Open
    ) -> None:
        crm, undo = opens(proxy.address), WriteKey("undo-lost-undo")
        receipt = await written(crm, known, "task.create", "undo-lost", title="回电")
        proxy.cut_answers = 1
        with pytest.raises(OutcomeUnknown):
            await crm.undo(receipt, "zhangsan", undo)
        assert await crm.receipt(undo) is not None
        assert await records(crm, known) == set()
        await crm.close()

    async def test_the_template_fits_a_tryton_as_it_comes(self, crm: RemoteCrm) -> None:
        assert await crm.check() == []


async def written(crm: RemoteCrm, known: AccountId, operation: str, key: str, **params: Any) -> Receipt:
    return await crm.carry_out(Write(operation, known, params, "zhangsan"), WriteKey(key))


def number(receipt: Receipt) -> int:
    return int(receipt.record_id.rpartition("-")[2])


async def records(crm: RemoteCrm, known: AccountId) -> set[str]:
    return {record.id for record in (await crm.account(known)).records}


async def stage(crm: RemoteCrm, known: AccountId) -> str:
    (deal,) = (await crm.account(known)).of("opportunity")
    return next(one.shown for one in deal.fields if one.name == "stage")


async def status(crm: RemoteCrm, known: AccountId, kind: str, record: str) -> str:
    found = next(one for one in (await crm.account(known)).of(kind) if one.id == record)
    return {one.name: one.shown for one in found.fields}["status"]
