"""A customer system for tests: writes once per key, and sleeps, refuses or breaks when told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from crm_bridge import Account, AccountId, AccountName, Receipt, Write, WriteKey


class FakeCrm:
    """`trouble` holds what to raise per operation; `lost` operations are written and then raise, as in a time-out."""

    name = "fake"

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.written: dict[str, Receipt] = {}
        self.writes: list[str] = []
        """Operations in the order they were really written."""
        self.asked: list[str] = []
        """Keys that were asked for before a second attempt."""
        self.trouble: dict[str, Exception] = {}
        self.lost: dict[str, Exception] = {}
        self.undoable = True

    async def directory(self) -> tuple[AccountName, ...]:
        return ()

    async def account(self, account: AccountId) -> Account:
        return Account(account, "华东仁和医疗科技有限公司", "华东仁和", "zhangsan", "medical", ())

    async def carry_out(self, write: Write, key: WriteKey) -> Receipt:
        return self._write(write.operation, key)

    async def receipt(self, key: WriteKey) -> Receipt | None:
        self.asked.append(key)
        return self.written.get(key)

    async def undo(self, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        return replace(self._write(f"undo:{receipt.operation}", key), undoable=False)

    def _write(self, operation: str, key: WriteKey) -> Receipt:
        if operation in self.trouble:
            raise self.trouble[operation]
        if key not in self.written:
            self.writes.append(operation)
            shown = f"已写入 {operation}"
            self.written[key] = Receipt(
                key,
                operation,
                self.name,
                "task",
                f"R-{len(self.writes)}",
                shown,
                self._clock(),
                self.undoable,
            )
        if operation in self.lost:
            raise self.lost.pop(operation)
        return self.written[key]
