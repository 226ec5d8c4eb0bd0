"""Write keys and what they wrote, in our own store: for every system, whether it can hold the key itself or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlmodel import Session, col

from crm_bridge.adapters.remote.tables import DirectoryRow, ReceiptRow
from crm_bridge.model import AccountName, Receipt, WriteKey

_RECEIPT = TypeAdapter(Receipt)
_NAME = TypeAdapter(AccountName)
T = TypeVar("T")
MADE = "made"
"""In place of a receipt's stamp: the record is there, and was not seen yet."""
MISSED = "missed"
"""In place of a receipt's stamp: `started_at` is when the answer was found to be missing."""


@dataclass(frozen=True)
class Kept:
    """A write key as we know it. `receipt` None: begun, outcome not known here."""

    key: WriteKey
    operation: str
    kind: str
    account: str
    record: str
    wanted: dict[str, Any]
    before: dict[str, Any]
    shown: str
    started_at: datetime
    unsure: bool
    receipt: Receipt | None = None
    stamp: str = ""

    @property
    def changes(self) -> bool:
        """Whether it is about a record that was there before, instead of making one."""
        return bool(self.record) and self.stamp != MADE

    @property
    def is_made(self) -> bool:
        """Made for sure and not seen yet: it is looked for, and never sent again."""
        return self.receipt is None and self.stamp == MADE

    @property
    def missed_at(self) -> datetime | None:
        """Since when the answer is known to be missing; None where nobody noticed yet, as after a crash."""
        return self.started_at if self.receipt is None and self.stamp == MISSED else None


class Receipts:
    """One system's keys and names. `transaction` is the host's, so that its writers take turns."""

    def __init__(self, system: str, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        self.system = system
        self._transaction = transaction

    async def get(self, key: WriteKey) -> Kept | None:
        return await self._do(lambda session: _kept(session.get(ReceiptRow, key)))

    async def begin(self, kept: Kept) -> None:
        """Committed before the system is called: a crash leaves a key that is asked for."""

        def work(session: Session) -> None:
            values = {name: getattr(kept, name) for name in _COLUMNS}
            session.merge(ReceiptRow(key=kept.key, system=self.system, **values))

        await self._do(work)

    async def done(self, key: WriteKey, receipt: Receipt, stamp: str) -> None:
        def work(session: Session) -> None:
            row = session.get_one(ReceiptRow, key)
            row.receipt, row.stamp, row.unsure = _RECEIPT.dump_python(receipt, mode="json"), stamp, False

        await self._do(work)

    async def release(self, key: WriteKey) -> None:
        """It surely was not done: the next attempt need not wait."""

        def work(session: Session) -> None:
            session.get_one(ReceiptRow, key).unsure = False

        await self._do(work)

    async def missed(self, key: WriteKey, at: datetime) -> None:
        """The answer is missing at this moment: from now on the system gets its time to show what it did."""

        def work(session: Session) -> None:
            row = session.get_one(ReceiptRow, key)
            row.started_at, row.stamp = at, MISSED

        await self._do(work)

    async def made(self, key: WriteKey, record: str) -> None:
        """The system says that it made the record, which it does not show yet. `record`: our id, where it told one."""

        def work(session: Session) -> None:
            row = session.get_one(ReceiptRow, key)
            row.record, row.stamp = record, MADE

        await self._do(work)

    async def drop(self, key: WriteKey) -> None:
        await self._do(lambda session: session.execute(delete(ReceiptRow).where(col(ReceiptRow.key) == key)))

    async def names(self) -> tuple[tuple[AccountName, ...], datetime | None]:
        """The directory as last saved, and when."""

        def work(session: Session) -> tuple[tuple[AccountName, ...], datetime | None]:
            rows = session.execute(
                select(DirectoryRow)
                .where(col(DirectoryRow.system) == self.system)
                .order_by(col(DirectoryRow.id))
            )
            found = list(rows.scalars())
            return (
                tuple(_NAME.validate_python(row.account) for row in found),
                max((row.read_at for row in found), default=None),
            )

        return await self._do(work)

    async def save_names(self, names: Sequence[AccountName], at: datetime) -> None:
        def work(session: Session) -> None:
            session.execute(delete(DirectoryRow).where(col(DirectoryRow.system) == self.system))
            for name in names:
                plain = _NAME.dump_python(name, mode="json")
                session.add(
                    DirectoryRow(id=f"{self.system}:{name.id}", system=self.system, account=plain, read_at=at)
                )

        await self._do(work)

    async def _do(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with self._transaction() as session:
                return work(session)

        return await asyncio.to_thread(run)


_COLUMNS = (
    "operation", "kind", "account", "record", "wanted", "before", "shown", "started_at", "unsure",
)  # fmt: skip


def _kept(row: ReceiptRow | None) -> Kept | None:
    if row is None:
        return None
    receipt = _RECEIPT.validate_python(row.receipt) if row.receipt else None
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Kept(key=WriteKey(row.key), receipt=receipt, stamp=row.stamp, **values)
