"""The adapter keeps the contract of all adapters on a real Tryton 8.0."""

from __future__ import annotations

import pytest

from crm_bridge import AccountId, WriteKey, WriteRefused
from crm_bridge.adapters.remote import RemoteCrm
from tests.crm_bridge.tryton.conftest import Notes, open_crm
from tests.crm_bridge.tryton.promises import Open, TrytonPromises, written
from tests.fakes.clock import Clock


class TestTryton(TrytonPromises):
    stages = ("线索", "方案", "谈判", "输单")

    @pytest.fixture
    def opens(self, notes: Notes, clock: Clock) -> Open:
        return lambda address: open_crm(address, notes, clock)


async def test_a_tier_changes_and_changes_back(crm: RemoteCrm, known: AccountId) -> None:
    receipt = await written(crm, known, "field.set", "tier", field="tier", value="VIP")
    assert "已从“B”改为“VIP”" in receipt.shown
    assert (await tier(crm, known)) == "VIP"
    with pytest.raises(WriteRefused, match="已经是"):
        await written(crm, known, "field.set", "tier-2", field="tier", value="VIP")
    await crm.undo(receipt, "zhangsan", WriteKey("tier-undo"))
    assert (await tier(crm, known)) == "B"


async def test_what_held_nothing_holds_nothing_after_an_undo(crm: RemoteCrm, known: AccountId) -> None:
    receipt = await written(crm, known, "field.set", "region", field="region", value="华东")
    assert await region(crm, known) == "华东"
    await crm.undo(receipt, "zhangsan", WriteKey("region-undo"))
    assert await region(crm, known) is None
    assert await tier(crm, known) == "B"
    made = await written(crm, known, "opportunity.create", "empty", title="X200", amount="5000")
    row = await crm.system.record("opportunity", made.record_id.removeprefix("OPP-"))
    assert row is not None
    assert (await crm.system.change("opportunity", row, {"amount": None}))["amount"] is None


async def test_what_tryton_has_no_place_for_is_refused_in_words(crm: RemoteCrm, known: AccountId) -> None:
    with pytest.raises(WriteRefused, match="Tryton 里不能从这里改账期"):
        await written(crm, known, "field.set", "days", field="payment_days", value="30")


async def region(crm: RemoteCrm, known: AccountId) -> str | None:
    row = await crm.system.record("account", known.removeprefix("ACC-"))
    assert row is not None
    value: str | None = row["category:区域"]
    return value


async def tier(crm: RemoteCrm, known: AccountId) -> str:
    field = (await crm.account(known)).get("tier")
    assert field is not None
    return field.shown
