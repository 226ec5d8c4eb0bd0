"""A customer system that can be sent to sleep, and that can write and lose the answer, as real ones do."""

from __future__ import annotations

from crm_bridge import Account, AccountId, AccountName, CrmAdapter, CrmUnavailable, Receipt, Write, WriteKey


class SleepingCrm:
    """Passes everything on while awake."""

    def __init__(self, awake: CrmAdapter) -> None:
        self.name = awake.name
        self.asleep = False
        self.lost_answers = 0
        """How many of the next writes are done and answered with a time-out."""
        self._awake = awake

    async def directory(self) -> tuple[AccountName, ...]:
        return await self._waking().directory()

    async def account(self, account: AccountId) -> Account:
        return await self._waking().account(account)

    async def carry_out(self, write: Write, key: WriteKey) -> Receipt:
        receipt = await self._waking().carry_out(write, key)
        if self.lost_answers:
            self.lost_answers -= 1
            raise CrmUnavailable("no answer within 10 s; the write may have been done")
        return receipt

    async def receipt(self, key: WriteKey) -> Receipt | None:
        return await self._waking().receipt(key)

    async def undo(self, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        return await self._waking().undo(receipt, by, key)

    def _waking(self) -> CrmAdapter:
        if self.asleep:
            raise CrmUnavailable("the CRM does not answer")
        return self._awake
