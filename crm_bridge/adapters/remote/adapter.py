"""A remote system as the bot sees it. Implements `CrmAdapter`.

A write key is committed in our store before the system is called and completed afterwards. In between, after a crash
or a time-out, the system itself is asked what the key made, and nothing is sent again before the system's stated time has
passed since the answer was missed: a write may be at work for longer than we wait, and be found later still. A record whose
making takes several calls is done when it is as it was confirmed: whoever finds it by its key takes the steps that are missing,
and what the system refuses of them the receipt says. While the system sleeps, names come from our copy, and an account from the last
time it was read, which it says.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from crm_bridge.adapters.remote.plans import Change, Create, plan_of
from crm_bridge.adapters.remote.polling import feed_of
from crm_bridge.adapters.remote.receipts import Kept, Receipts
from crm_bridge.adapters.remote.sheets import is_as_made, is_sealed, seal
from crm_bridge.adapters.remote.system import Lack, RemoteSystem
from crm_bridge.adapters.remote.words import ID, blank, came_to_be
from crm_bridge.errors import (
    CrmUnavailable,
    KeyTaken,
    NotShownYet,
    OutcomeUnknown,
    UnknownAccount,
    WriteRefused,
)
from crm_bridge.given import local
from crm_bridge.mapping import Row, account_of, gone, identity, name_of, pick, read_value
from crm_bridge.mapping.convert import plain
from crm_bridge.mapping.labels import KIND_LABELS
from crm_bridge.model import Account, AccountId, AccountName, Receipt, Write, WriteKey

log = structlog.get_logger()
FRESH = timedelta(seconds=60)
"""A directory this old is still good; an older one is used once more while it is read anew."""
MOST_COPIES = 500
_UNDO = "undo:"
_LOCKS = 64
"""Keys share them; two that do only take turns."""


class RemoteCrm:
    """How long a write whose answer is missing may be at work there and unseen, `settle_s` of the mapping says."""

    def __init__(
        self,
        system: RemoteSystem,
        receipts: Receipts,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        copies_for: timedelta = timedelta(hours=12),
    ) -> None:
        self.name = system.mapping.system
        self.system = system
        self._mapping = system.mapping
        self._receipts = receipts
        self._clock = clock
        self._settle = timedelta(seconds=system.mapping.settle_s)
        self._copies_for = copies_for
        self._names: tuple[AccountName, ...] = ()
        self._names_at: datetime | None = None
        self._reading: asyncio.Task[Any] | None = None
        self._copies: OrderedDict[str, tuple[Account, datetime]] = OrderedDict()
        if feed := feed_of(self, clock):
            # a `ChangeFeed` that `LooksUp`, only where the system can be asked what changed
            self.changes, self.changed, self.taken_away = feed.changes, feed.changed, feed.taken_away
        self._locks: tuple[asyncio.AbstractEventLoop, tuple[asyncio.Lock, ...]] | None = None

    async def directory(self) -> tuple[AccountName, ...]:
        """The same tuple as long as nothing changed. Waits for the system only where nothing was ever read."""
        if self._names_at is None:
            self._names, self._names_at = await self._receipts.names()
        if self._names_at is None:
            return await self.sync()
        if self._clock() - self._names_at >= FRESH and not self._is_reading():
            self._reading = asyncio.create_task(self._sync_quietly())
        return self._names

    async def remembered(self) -> tuple[AccountName, ...]:
        """The names as last read, without asking the system."""
        return (await self._receipts.names())[0]

    async def sync(self) -> tuple[AccountName, ...]:
        """Read all names and owners now."""
        rows, people = await asyncio.gather(self.system.accounts(), self.system.contacts())
        mapped = self._mapping.account
        names = tuple(
            name_of(self._mapping, row, people.get(str(pick(row, mapped.id)), ()))
            for row in rows
            if not gone(mapped, row)
        )
        now = self._clock()
        if names != self._names:
            self._names = names
        await self._receipts.save_names(names, now)
        self._names_at = now
        return self._names

    async def account(self, account: AccountId) -> Account:
        """Fresh, or the copy of the last time while the system does not answer."""
        try:
            found = await self._read(account)
        except UnknownAccount:
            self._copies.pop(account, None)
            raise
        except CrmUnavailable as asleep:
            copy, at = self._copies.get(account, (None, self._clock()))
            if copy is None or self._clock() - at > self._copies_for:
                raise
            log.warning("crm_copy_shown", system=self.name, account=account, read_at=at, reason=str(asleep))
            return replace(copy, missing=(*copy.missing, f"最新资料(连不上,以上是 {local(at)} 读到的)"))
        self._copies[account] = found, self._clock()
        self._copies.move_to_end(account)
        while len(self._copies) > MOST_COPIES:
            self._copies.popitem(last=False)
        return found

    async def check(self) -> Sequence[Lack]:
        return await self.system.check()

    async def close(self) -> None:
        if self._is_reading() and self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.system.close()

    async def receipt(self, key: WriteKey) -> Receipt | None:
        async with self._only(key):
            kept = await self._receipts.get(key)
            return await self._known(kept) if kept else None

    async def carry_out(self, write: Write, key: WriteKey) -> Receipt:
        async with self._only(key):
            if written := await self._before_writing(key):
                return written
            row, plan = await self._prepared(write)
            if isinstance(plan, Create):
                return await self._create(write, plan, row, key)
            return await self._change(write, plan, row, key)

    async def undo(self, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        async with self._only(key):
            if written := await self._before_writing(key):
                return written
            if not receipt.undoable:
                raise WriteRefused(f"{receipt.shown}:这个操作不能撤销")
            kept, kind = await self._receipts.get(receipt.key), receipt.record_kind
            row = await self._record(kind, receipt.record_id)
            if row is None or gone(self._object(kind), row):
                raise WriteRefused(f"{receipt.record_id} 已经取消了或被删除")
            if kept is None or not is_sealed(kept.stamp, self._object(kind), row):
                tried = await self._receipts.get(key)
                why = (
                    "后来被改过" if tried is None or not tried.unsure else "的撤销只做了一部分,或者后来被改过"
                )
                raise WriteRefused(f"{receipt.record_id} {why},不能直接撤销;请在 {self._mapping.name} 里处理")
            begun = Kept(
                key, f"{_UNDO}{receipt.operation}", kind, kept.account, receipt.record_id, dict(receipt.before), {},
                f"已撤销:{receipt.shown}", self._clock(), unsure=True,
            )  # fmt: skip
            if receipt.before:
                return await self._written(begun, lambda: self.system.change(kind, row, receipt.before))
            return await self._written(begun, lambda: self._cancelled(kind, row))

    async def _cancelled(self, kind: str, row: Row) -> Row:
        await self.system.cancel(kind, row)
        return row

    async def _before_writing(self, key: WriteKey) -> Receipt | None:
        """What the key wrote already. Raises `CrmUnavailable` where it is too early to tell."""
        kept = await self._receipts.get(key)
        if kept is None:
            return None
        if written := await self._known(kept, finishing=True):
            return written
        if kept.is_made:
            raise CrmUnavailable(f"{self.name} made what {key} asked for and does not show it yet")
        if kept.unsure and await self._is_early(kept):
            raise CrmUnavailable(f"{self.name} may still be working on {key}; asked again in a moment")
        return None

    async def _is_early(self, kept: Kept) -> bool:
        """Whether what the key wrote may still appear. A clock that was put back starts the wait anew."""
        now, since = self._clock(), kept.missed_at
        if since is None or since > now:
            await self._receipts.missed(kept.key, now)
            return self._settle > timedelta(0)
        return now - since < self._settle

    async def _known(self, kept: Kept, finishing: bool = False) -> Receipt | None:
        """The receipt, or one made from what the system says the key did; what is half done counts as not done, unless it
        is to be finished."""
        if kept.receipt:
            return kept.receipt
        if kept.changes:
            row = await self._record(kept.kind, kept.record)
            if not self._has_happened(kept, row):
                return None
            return await self._keep(kept, row or {})
        if kept.record:
            found = await self._record(kept.kind, kept.record)
        else:
            found = await self.system.find(kept.kind, kept.key, kept.account)
        if found is None or (self._lacking(kept, found) and not finishing):
            return None
        if is_as_made(self._mapping, kept.kind, found):
            return await self._completed(kept, found)
        return await self._keep(kept, found, "建好后被别人改过")

    async def _completed(self, kept: Kept, row: Row) -> Receipt:
        """Of a new record: what its making left out is set now."""
        lacking = self._lacking(kept, row)
        if not lacking:
            return await self._keep(kept, row)
        record = identity(self._mapping, kept.kind, row)
        await self._receipts.made(kept.key, record)
        try:
            row = await self.system.change(kept.kind, row, lacking)
        except WriteRefused as no:
            return await self._keep(kept, await self._record(kept.kind, record) or row, str(no))
        return await self._keep(kept, row)

    def _lacking(self, kept: Kept, row: Row) -> dict[str, Any]:
        """What was to be set afterwards and is not."""
        return {
            name: value
            for name, value in kept.wanted.items()
            if str(plain(self._value(kept.kind, row, name))) != str(value)
        }

    def _has_happened(self, kept: Kept, row: Row | None) -> bool:
        mapped = self._object(kept.kind)
        if not kept.wanted:
            return row is None or gone(mapped, row)
        return row is not None and all(
            str(plain(self._value(kept.kind, row, name))) == str(value) for name, value in kept.wanted.items()
        )

    async def _prepared(self, write: Write) -> tuple[Row, Create | Change]:
        row = await self._record("account", write.account)
        if row is None:
            raise UnknownAccount(f"{self._mapping.name} 里没有编号 {write.account} 的客户")
        known = name_of(self._mapping, row)
        return row, plan_of(write, known.short_name)

    async def _create(self, write: Write, plan: Create, account: Row, key: WriteKey) -> Receipt:
        if self._mapping.of(plan.kind) is None:
            raise WriteRefused(
                f"{self._mapping.name} 里没有放{KIND_LABELS[plan.kind]}的地方,请在系统里手工处理"
            )
        source = str(pick(account, self._mapping.account.id))
        later = self._afterwards(plan.kind, plan.values)
        words = plan.words(ID, {**plan.values, **{name: blank(name) for name in later}})
        begun = Kept(
            key, write.operation, plan.kind, source, "", later, {}, words, self._clock(), unsure=True
        )
        return await self._written(begun, lambda: self.system.create(plan.kind, source, plan.values, key))

    def _afterwards(self, kind: str, values: Dict[str, Any]) -> dict[str, Any]:
        """What a `Stepwise` system sets once the record is there."""
        later = self.system.afterwards(kind, values) if hasattr(self.system, "afterwards") else {}
        return {name: plain(value) for name, value in later.items()}

    async def _change(self, write: Write, plan: Change, account: Row, key: WriteKey) -> Receipt:
        kind, (name,) = plan.kind, plan.values
        how = self._mapping.of(kind)
        if how is None or name not in how.fields or not how.fields[name].place:
            raise WriteRefused(f"{self._mapping.name} 里不能从这里改{self._mapping.label(kind, name)}")
        record, row = write.account if kind == "account" else plan.record, account
        if kind != "account":
            row = await self._own(kind, record, account)
        before = self._value(kind, row, name)
        plan.allowed(record, before)
        source = str(pick(account, self._mapping.account.id))
        values = {one: plain(value) for one, value in plan.values.items()}
        tried = await self._receipts.get(key)
        if tried is not None and tried.unsure and (tried.record, tried.wanted) == (record, values):
            before = tried.before[name]  # what is there now may be half of our own change
        begun = Kept(
            key, write.operation, kind, source, record, values, {name: plain(before)}, plan.words(record, before),
            self._clock(), unsure=True,
        )  # fmt: skip
        return await self._written(begun, lambda: self.system.change(kind, row, plan.values))

    async def _own(self, kind: str, record: str, account: Row) -> Row:
        row = await self._record(kind, record)
        mapped = self._object(kind)
        owner = str(pick(row, mapped.account)) if row else ""
        if row is None or gone(mapped, row) or owner != str(pick(account, self._mapping.account.id)):
            name = name_of(self._mapping, account).short_name
            raise WriteRefused(f"{name} 没有编号 {record} 的{KIND_LABELS[kind]}")
        return row

    async def _written(self, begun: Kept, write: Callable[[], Any]) -> Receipt:
        """Remember the key, write, remember the receipt."""
        before = await self._receipts.get(begun.key)
        await self._receipts.begin(begun)
        try:
            row = await write()
        except NotShownYet as unseen:
            prefix = self._mapping.prefix(begun.kind)
            await self._receipts.made(begun.key, f"{prefix}{unseen.record}" if unseen.record else "")
            raise
        except OutcomeUnknown:
            await self._receipts.missed(begun.key, self._clock())  # the key stays unsure
            raise
        except CrmUnavailable:
            await self._receipts.release(begun.key)
            raise
        except KeyTaken as taken:
            if before is None or not before.unsure:
                await self._receipts.drop(begun.key)
                raise
            await self._receipts.made(begun.key, "")  # by our own first attempt, whose answer was lost
            raise NotShownYet(
                f"{self.name} refuses {begun.key} as there already and does not show it"
            ) from taken
        except WriteRefused:
            await self._receipts.drop(begun.key)
            raise
        return await (self._keep(begun, row) if begun.changes else self._completed(begun, row))

    async def _keep(self, kept: Kept, row: Row, why: str = "") -> Receipt:
        """`why`: something of a new record could not be set, and the rep is told."""
        record = kept.record or identity(self._mapping, kept.kind, row)
        undone = kept.operation.startswith(_UNDO)
        receipt = Receipt(
            key=kept.key,
            operation=kept.operation,
            system=self._mapping.name,
            record_kind=kept.kind,
            record_id=record,
            shown=self._said(kept, record, row, why),
            at=self._clock(),
            undoable=not undone and self._can_undo(kept),
            before=kept.before,
        )
        await self._receipts.done(kept.key, receipt, seal(self._object(kept.kind), row) if row else "")
        self._copies.clear()
        return receipt

    def _said(self, kept: Kept, record: str, row: Row, why: str) -> str:
        if kept.changes:
            return kept.shown.replace(ID, record)
        now = {name: self._value(kept.kind, row, name) for name in kept.wanted}
        return came_to_be(self._mapping, kept, record, now, self._lacking(kept, row), why)

    def _can_undo(self, kept: Kept) -> bool:
        return bool(kept.before) or bool(self._object(kept.kind).cancel)

    def _value(self, kind: str, row: Row, name: str) -> Any:
        how = self._object(kind).fields[name]
        return read_value(pick(row, how.source), how, self._mapping)

    def _object(self, kind: str) -> Any:
        mapped = self._mapping.of(kind)
        assert mapped is not None
        return mapped

    async def _record(self, kind: str, ours: str) -> Row | None:
        source = self._mapping.source_id(kind, ours)
        return await self.system.record(kind, source) if source else None

    async def _read(self, account: AccountId) -> Account:
        source = self._mapping.source_id("account", account)
        sheet = await self.system.sheet(source) if source else None
        if sheet is None or gone(self._mapping.account, sheet.account):
            raise UnknownAccount(f"{self._mapping.name} 里没有编号 {account} 的客户")
        return account_of(self._mapping, sheet, self._clock())

    async def _sync_quietly(self) -> None:
        try:
            await self.sync()
        except CrmUnavailable as asleep:
            log.warning("crm_names_stale", system=self.name, read_at=self._names_at, reason=str(asleep))

    def _is_reading(self) -> bool:
        task = self._reading
        return task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop()

    def _only(self, key: WriteKey) -> asyncio.Lock:
        """One at a time per key in this process; leases keep other processes away."""
        loop = asyncio.get_running_loop()
        if self._locks is None or self._locks[0] is not loop:
            self._locks = loop, tuple(asyncio.Lock() for _ in range(_LOCKS))
        return self._locks[1][hash(key) % _LOCKS]
