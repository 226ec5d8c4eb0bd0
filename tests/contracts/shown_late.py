"""What an adapter promises of a system that finds new records only after a while: nothing is made twice."""

from __future__ import annotations

import pytest

from crm_bridge import CrmUnavailable, Write, WriteKey
from crm_bridge.adapters.remote import RemoteCrm
from tests.fakes.clock import Clock
from tests.fakes.systems.late import Late

KEY = WriteKey("late-1")


class ShownLateContract:
    @pytest.fixture
    def late(self) -> Late:
        """Of the fake system."""
        raise NotImplementedError

    async def test_a_record_that_is_shown_late_is_made_once_and_its_receipt_comes_later(
        self, crm: RemoteCrm, write: Write, late: Late, clock: Clock
    ) -> None:
        before = {one.id for one in (await crm.account(write.account)).records}
        late.lags = True
        for _ in range(3):
            with pytest.raises(CrmUnavailable, match="does not show it"):
                await crm.carry_out(write, KEY)
            clock.advance(minutes=1)  # longer than an answer that is late may be waited for
        late.catch_up()
        receipt = await crm.carry_out(write, KEY)
        assert {one.id for one in (await crm.account(write.account)).records} - before == {receipt.record_id}
        assert await crm.receipt(KEY) == receipt
        await crm.undo(receipt, "zhangsan", WriteKey("late-1-undo"))
        assert {one.id for one in (await crm.account(write.account)).records} == before
