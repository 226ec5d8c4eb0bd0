"""The words of this package: the CRM's nouns as read, each value with its lineage, and writes (values, no I/O)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

AccountId = NewType("AccountId", str)
WriteKey = NewType("WriteKey", str)
"""One key per confirmed action: a repeated key returns the first receipt and writes nothing."""


@dataclass(frozen=True)
class Lineage:
    """Where and when a value came from: system, object and field; `at` when the source changed it (UTC)."""

    system: str
    object: str
    field: str
    at: datetime
    read_at: datetime
    precision: str = "us"
    """day, s, ms or us: finer than that the source's clock says nothing."""
    event: str = ""
    """The event that brought it; empty where it was read."""
    contract: str = ""
    """id@version of the data contract it was read under."""


@dataclass(frozen=True)
class Other:
    """What a system that is not the authority holds for a field."""

    system: str
    shown: str
    at: datetime
    precision: str = "us"


@dataclass(frozen=True)
class Field:
    """One CRM field as read. `name` is canonical (`tier`), `label` Chinese (客户等级), `shown` ready for a card."""

    name: str
    label: str
    value: Any
    shown: str
    lineage: Lineage
    sensitive: bool = False
    stale: bool = False
    """Read longer ago than its data contract allows."""
    others: tuple[Other, ...] = ()
    """What further systems say, where they say otherwise; the contract's authority won."""


@dataclass(frozen=True)
class Contact:
    id: str
    name: str
    title: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Record:
    """A row that belongs to an account: `kind` opportunity, order, quote, ticket, contract, task, meeting, note, invoice."""

    kind: str
    id: str
    title: str
    fields: tuple[Field, ...]

    def get(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True)
class Account:
    """A customer frozen at the moment it was read. `missing` names fields the source could not give just now."""

    id: AccountId
    name: str
    short_name: str
    owner: str
    """The rep's user id."""
    industry: str
    fields: tuple[Field, ...]
    contacts: tuple[Contact, ...] = ()
    records: tuple[Record, ...] = ()
    missing: tuple[str, ...] = ()

    def get(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def of(self, kind: str) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.kind == kind)


@dataclass(frozen=True)
class AccountName:
    """What an account may be called, for recognising it in a sentence."""

    id: AccountId
    name: str
    owner: str
    also: tuple[str, ...] = ()
    """Short names and aliases."""
    contacts: tuple[str, ...] = ()
    industry: str = ""

    @property
    def short_name(self) -> str:
        return self.also[0] if self.also else self.name


@dataclass(frozen=True)
class Write:
    """One write to one system. `operation` like `opportunity.create`; `params` validated by the caller."""

    operation: str
    account: AccountId
    params: Mapping[str, Any]
    by: str
    """User id of the person who confirmed it."""


@dataclass(frozen=True)
class Receipt:
    """Proof that a write happened once: the record it made or changed, and what was there before (for undo)."""

    key: WriteKey
    operation: str
    system: str
    record_kind: str
    record_id: str
    shown: str
    """In a rep's words: 已创建商机 OPP-1042「X200 50台」."""
    at: datetime
    undoable: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
