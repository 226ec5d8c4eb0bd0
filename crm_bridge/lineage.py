"""Where a value came from, down to the sentence a person reads; and whose word counts where systems differ.

Nothing here is more exact than its source: a system with a clock of whole seconds is never shown with milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select
from sqlmodel import Session, col

from crm_bridge.adapters.embedded.tables import ChangeRow
from crm_bridge.events.tables import EventRow
from crm_bridge.given import SHANGHAI
from crm_bridge.mapping.labels import FIELD_LABELS
from crm_bridge.model import AccountId, Field, Lineage, Other
from crm_bridge.tables import ValueRow

if TYPE_CHECKING:
    from crm_bridge.contracts.model import DataContract

SYSTEM_NAMES: Mapping[str, str] = {
    "embedded": "内置CRM", "tryton": "Tryton", "salesforce": "Salesforce", "hubspot": "HubSpot", "odoo": "Odoo",
    "kingdee": "金蝶云星空", "fxiaoke": "纷享销客", "xiaoshouyi": "销售易", "rest": "业务系统", "u9": "用友 U9",
    "t100": "鼎捷 T100", "iot": "设备物联平台", "web": "官网",
}  # fmt: skip
OF_THE_ACCOUNT = frozenset({"customer", "account"})
"""Kinds of entity whose fields are the account's own."""
Known = Mapping[str, Sequence[ValueRow]]
"""Field → the last value of each system (plain rows with the columns of these)."""
_VALUES = ValueRow.__table__  # type: ignore[attr-defined]
_NEWEST = (
    select(func.max(_VALUES.c.seq))
    .where(_VALUES.c.account == bindparam("account"))
    .group_by(_VALUES.c.field, _VALUES.c.system)
)
# Plain and built once: asked in every turn.
_LAST = select(_VALUES).where(_VALUES.c.seq.in_(_NEWEST)).order_by(_VALUES.c.seq)
_NEW = insert(_VALUES)


def system_name(key: str) -> str:
    """As people call it: kingdee → 金蝶云星空. A name that is no key stays."""
    return SYSTEM_NAMES.get(key, key)


def is_same_system(one: str, other: str) -> bool:
    """Whether two keys or names mean one system: u9, 用友U9 and 用友 U9 do."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return system_name(name).replace(" ", "").lower()


def known_values(session: Session, account: AccountId) -> Known:
    """The last value that each system gave for each field of the account."""
    found: dict[str, list[Any]] = {}
    for row in session.execute(_LAST, {"account": account}):
        found.setdefault(row.field, []).append(row)
    return found


def news(fields: Iterable[Field], known: Known) -> list[Field]:
    """Those whose value is not what their system gave last time."""
    new = []
    for one in fields:
        last = next((row for row in known.get(one.name, ()) if row.system == one.lineage.system), None)
        if last is None or last.value != one.value:
            new.append(one)
    return new


def _row(account: AccountId, field: Field) -> dict[str, Any]:
    of = field.lineage
    return {
        "account": account, "field": field.name, "label": field.label, "value": field.value, "shown": field.shown,
        "system": of.system, "object": of.object, "source_field": of.field, "at": of.at, "precision": of.precision,
        "event": of.event, "read_at": of.read_at, "contract": of.contract,
    }  # fmt: skip


def keep(session: Session, account: AccountId, fields: Iterable[Field]) -> int:
    """Add what changed to the history of the account's fields. Returns how many values that were."""
    new = news(fields, known_values(session, account))
    if (
        new
    ):  # as plain rows: a new customer has some twenty, and each as an object costs as much as all of them so
        session.execute(_NEW, [_row(account, one) for one in new])
    return len(new)


def keep_event(
    session: Session,
    account: AccountId,
    uid: str,
    system: str,
    current: Mapping[str, Any],
    contract: DataContract | None = None,
) -> int:
    """Add what an event made newest of an account's own fields. Events of orders and devices add nothing, nor does a
    field outside the contract: the board counts it (crm_bridge/quality.py)."""
    event = session.get(EventRow, uid)
    if event is None or event.at is None or event.kind not in OF_THE_ACCOUNT:
        return 0
    labels, stamp = FIELD_LABELS["account"], contract.stamp if contract else ""
    fields = [
        Field(
            name, labels[name], value, str(value),
            Lineage(system, event.kind, name, event.at, event.received_at, event.precision or "us", uid, stamp),
        )
        for name, value in current.items()
        if name in labels and value is not None and (contract is None or contract.get(f"account.{name}"))
    ]  # fmt: skip
    return keep(session, account, fields)


def settle(fields: Iterable[Field], known: Known, contract: DataContract) -> tuple[Field, ...]:
    """Each field with the authority's value; what other systems say otherwise stays with it."""
    return tuple(_settled(one, known.get(one.name, ()), contract) for one in fields)


def _settled(field: Field, rows: Sequence[ValueRow], contract: DataContract) -> Field:
    read_from = (field.lineage.system, contract.source)
    others = [
        row
        for row in rows
        if not any(is_same_system(row.system, one) for one in read_from)
        and str(row.value) != str(field.value)
    ]
    if not others:
        return field
    rule = contract.get(f"account.{field.name}")
    authority = rule.authority if rule else contract.source
    winner = next((row for row in others if is_same_system(row.system, authority)), None)
    if winner is None:
        return replace(field, others=tuple(_other(row) for row in others))
    loser = Other(field.lineage.system, field.shown, field.lineage.at, field.lineage.precision)
    rest = (_other(row) for row in others if row is not winner and row.value != winner.value)
    return replace(
        field,
        value=winner.value,
        shown=winner.shown,
        lineage=lineage_of(winner),
        others=(loser, *rest),
    )


def _other(row: ValueRow) -> Other:
    return Other(row.system, row.shown, row.at, row.precision)


def lineage_of(row: ValueRow) -> Lineage:
    return Lineage(
        row.system, row.object, row.source_field, row.at, row.read_at, row.precision, row.event, row.contract
    )


def history(session: Session, account: AccountId, field: str) -> list[ValueRow]:
    """Every value the field had, the latest first; of the embedded CRM also those that nobody read in between."""
    of = select(ValueRow).where(col(ValueRow.account) == account, col(ValueRow.field) == field)
    kept = list(session.execute(of.order_by(col(ValueRow.seq))).scalars())
    own = [row for row in kept if is_same_system(row.system, "embedded")]
    unread = _changed_unread(session, account, field, own[-1], {row.at for row in own}) if own else []
    return sorted((*kept, *unread), key=lambda row: (row.at, row.seq or 0), reverse=True)


def _changed_unread(
    session: Session, account: AccountId, field: str, like: ValueRow, seen: set[datetime]
) -> list[ValueRow]:
    of = select(ChangeRow).where(col(ChangeRow.record) == account, col(ChangeRow.field) == field)
    return [
        ValueRow(
            account=account, field=field, label=like.label, value=change.after, shown=change.after or "",
            system=like.system, object=like.object, source_field=like.source_field, at=change.at, precision="us",
            read_at=change.at, contract="",
        )
        for change in session.execute(of.order_by(col(ChangeRow.seq))).scalars()
        if change.at not in seen
    ]  # fmt: skip


def sentence(row: ValueRow) -> str:
    """`2026-02-14T15:22:03.441 金蝶云星空 更新客户等级为 VIP`"""
    return f"{shown_time(row.at, row.precision)} {system_name(row.system)} 更新{row.label}为 {row.shown}"


def shown_time(at: datetime, precision: str) -> str:
    """Local time with as many digits as the source gave, and no more."""
    there = at.astimezone(SHANGHAI)
    match precision:
        case "day":
            return f"{there:%Y-%m-%d}"
        case "s":
            return f"{there:%Y-%m-%dT%H:%M:%S}"
        case "ms":
            return f"{there:%Y-%m-%dT%H:%M:%S}.{there.microsecond // 1000:03d}"
    return f"{there:%Y-%m-%dT%H:%M:%S.%f}"
