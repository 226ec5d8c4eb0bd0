"""A customer system behind its data contract: nothing outside it is passed on or written. Implements `CrmAdapter`.

A write beyond it, and asking for a field beyond it, raise. What a system gives beyond it in an answer that also holds
what was agreed is left out and counted (docs/decisions.md): raising would cost the card all the rest.
Every value leaves with the contract it was read under, is marked where it is older than promised, and joins the
history of its field; where another system says otherwise, the contract's authority wins and the loser is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from crm_bridge.contracts.model import DataContract, FieldRule
from crm_bridge.contracts.outside import Outside
from crm_bridge.contracts.writes import undone, written
from crm_bridge.errors import CrmError, CrmUnavailable, OutsideContract
from crm_bridge.feed import Change, ChangePage
from crm_bridge.lineage import Known, keep, known_values, news, settle
from crm_bridge.model import (
    Account,
    AccountId,
    AccountName,
    Contact,
    Field,
    Lineage,
    Receipt,
    Record,
    Write,
    WriteKey,
)
from crm_bridge.port import CrmAdapter

log = structlog.get_logger()
T = TypeVar("T")


class ContractedCrm:
    """What else the system offers (`sync`, `check` …) is reached through it as before."""

    def __init__(
        self,
        crm: CrmAdapter,
        contract: DataContract,
        engine: Engine,
        transaction: Callable[[], AbstractContextManager[Session]],
        clock: Callable[[], datetime],
        heard: Callable[[CrmUnavailable | None], None] = lambda _: None,
    ) -> None:
        """`heard`: told of every call whether the system answered (None) or not."""
        self.name = crm.name
        self.contract = contract
        self._crm = crm
        self._reading = engine.execution_options(yiju_reads=True)
        self._transaction = transaction
        self._clock = clock
        self._heard = heard
        self.outside = Outside()
        self._names: tuple[tuple[AccountName, ...], ...] = ((), ())
        self._writing: set[asyncio.Future[None]] = set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._crm, name)
        return {"changes": self._changes, "changed": self._changed}.get(name, found)

    async def directory(self) -> tuple[AccountName, ...]:
        """Without names that are outside the contract; what tells a customer and its owner is never."""
        names = await self._asked(self._crm.directory())
        if names is not self._names[0]:
            self._names = names, tuple(self._name(one) for one in names)
        return self._names[1]

    def _name(self, one: AccountName) -> AccountName:
        """`also` is the short name and the aliases, which stand there alike."""
        called = all(
            [self._knows(f"account.{name}") for name in ("short_name", "aliases")] if one.also else ()
        )
        met = not one.contacts or self._knows("contact.name")
        if called and met:
            return one
        return replace(one, also=one.also if called else (), contacts=one.contacts if met else ())

    async def account(self, account: AccountId) -> Account:
        """Only what the contract lists. Nobody waits for the line that joins the history: a lost one comes with the next look."""
        read = self._within(await self._asked(self._crm.account(account)))
        known = await asyncio.to_thread(self._known, account)
        if known is None:
            return read
        if news(read.fields, known):
            writing = asyncio.get_running_loop().run_in_executor(None, self._keep, read)
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
        return replace(read, fields=settle(read.fields, known, self.contract))

    async def written_down(self) -> None:
        """Until the history holds every value that was read."""
        await asyncio.gather(*self._writing)

    async def close(self) -> None:
        await self.written_down()
        if close := getattr(self._crm, "close", None):
            await close()

    async def field(self, account: AccountId, name: str) -> Field:
        """One field of an account by its name. Raises `OutsideContract`."""
        self.rule(f"account.{name}")
        found = (await self.account(account)).get(name)
        if found is None:
            raise OutsideContract(f"{self.name} 现在没有给出“{name}”")
        return found

    def rule(self, field: str) -> FieldRule:
        """What the contract says of `account.tier`. Raises `OutsideContract`."""
        found = self.contract.get(field)
        if found is None:
            raise OutsideContract(f"数据契约 {self.contract.stamp} 里没有“{field}”,不能读取")
        return found

    async def carry_out(self, write: Write, key: WriteKey) -> Receipt:
        """Raises `OutsideContract` before the system hears of it."""
        self._check(written(write))
        return await self._asked(self._crm.carry_out(write, key))

    async def receipt(self, key: WriteKey) -> Receipt | None:
        return await self._asked(self._crm.receipt(key))

    async def undo(self, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        """Raises `OutsideContract` where the contract no longer allows what the first write did."""
        self._check(undone(receipt))
        return await self._asked(self._crm.undo(receipt, by, key))

    async def _asked(self, call: Awaitable[T]) -> T:
        """What the system answers. A refusal is an answer as well."""
        try:
            found = await call
        except CrmUnavailable as asleep:
            self._heard(asleep)
            raise
        except CrmError:
            self._heard(None)
            raise
        self._heard(None)
        return found

    def _check(self, fields: Iterable[str]) -> None:
        for field in fields:
            if not self.contract.may_write(field):
                self.outside.count(field, self._clock())
                rule = self.contract.get(field)
                raise OutsideContract(
                    f"数据契约 {self.contract.stamp} 不允许写入“{rule.label if rule else field}”;需要的话请管理员修改契约"
                )

    async def _changes(self, cursor: str) -> ChangePage:
        inner: Any = self._crm
        page: ChangePage = await self._asked(inner.changes(cursor))
        return replace(page, changes=tuple(self._told(one) for one in page.changes))

    async def _changed(self, kind: str, record: str) -> Change | None:
        inner: Any = self._crm
        found: Change | None = await self._asked(inner.changed(kind, record))
        return found and self._told(found)

    def _told(self, change: Change) -> Change:
        fields = {
            name: value for name, value in change.fields.items() if self._knows(f"{change.kind}.{name}")
        }
        return replace(change, fields=fields)

    def _within(self, account: Account) -> Account:
        now = self._clock()
        return replace(
            account,
            fields=self._fields("account", account.fields, now),
            contacts=tuple(self._contact(one) for one in account.contacts),
            records=tuple(self._record(one, now) for one in account.records if self._lists(one.kind)),
        )

    def _record(self, one: Record, now: datetime) -> Record:
        """A note is named by how it begins, every other record by its title."""
        named = self._knows(f"{one.kind}.{'text' if one.kind == 'note' else 'title'}")
        return Record(
            one.kind, one.id, one.title if named else one.id, self._fields(one.kind, one.fields, now)
        )

    def _fields(self, kind: str, fields: tuple[Field, ...], now: datetime) -> tuple[Field, ...]:
        return tuple(self._field(kind, one, now) for one in fields if self._knows(f"{kind}.{one.name}"))

    def _field(self, kind: str, field: Field, now: datetime) -> Field:
        rule, of = self.contract.fields[f"{kind}.{field.name}"], field.lineage
        stale = rule.fresh is not None and now - of.read_at > rule.fresh
        # built outright: an account has some hundred fields, and `replace` takes three times as long
        return Field(
            field.name, field.label, field.value, field.shown,
            Lineage(of.system, of.object, of.field, of.at, of.read_at, of.precision, of.event, self.contract.stamp),
            field.sensitive or rule.sensitivity in {"confidential", "restricted"}, stale, field.others,
        )  # fmt: skip

    def _contact(self, contact: Contact) -> Contact:
        known = {name: self._knows(f"contact.{name}") for name in ("name", "title", "phone")}
        return contact if all(known.values()) else _only(contact, known)

    def _lists(self, kind: str) -> bool:
        return self.contract.lists(kind) or self._knows(f"{kind}.*")

    def _knows(self, field: str) -> bool:
        if field in self.contract.fields:
            return True
        if self.outside.count(field, self._clock()):
            log.warning("outside_contract", contract=self.contract.stamp, field=field)
        return False

    def _known(self, account: AccountId) -> Known | None:
        """None: the store is away, which costs the history, not the turn."""
        try:
            with Session(self._reading) as session:
                return known_values(session, account)
        except SQLAlchemyError as error:
            log.warning("lineage_unknown", account=account, reason=type(error).__name__)
            return None

    def _keep(self, account: Account) -> None:
        try:
            with self._transaction() as session:
                keep(session, account.id, account.fields)
        except SQLAlchemyError as error:
            log.warning("lineage_not_kept", account=account.id, reason=type(error).__name__)


def _only(contact: Contact, known: Mapping[str, bool]) -> Contact:
    values = {"name": contact.name, "title": contact.title, "phone": contact.phone}
    return Contact(contact.id, **{name: value if known[name] else "" for name, value in values.items()})
