"""What the bot asks of a customer system, whichever it is."""

from __future__ import annotations

from typing import Protocol

from crm_bridge.model import Account, AccountId, AccountName, Receipt, Write, WriteKey


class CrmAdapter(Protocol):
    """One customer system. Every method may raise `CrmUnavailable`; none blocks the event loop."""

    name: str

    async def directory(self) -> tuple[AccountName, ...]:
        """Every account's names and owner, for recognising customers in a sentence. May be seconds old."""

    async def account(self, account: AccountId) -> Account:
        """The account with its fields and open records, each with lineage. Raises `UnknownAccount`."""

    async def carry_out(self, write: Write, key: WriteKey) -> Receipt:
        """Write once per key: a repeated key returns the first receipt. Raises `WriteRefused`, `UnknownAccount`."""

    async def receipt(self, key: WriteKey) -> Receipt | None:
        """What the key wrote, if it did: asked after a time-out, before a second attempt."""

    async def undo(self, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        """Take a write back, once per key. Raises `WriteRefused` where it cannot be or was changed since."""
