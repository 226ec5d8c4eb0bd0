"""Adapters by name, each imported only where it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from crm_bridge.errors import CrmUnavailable
from crm_bridge.model import Account, AccountId, AccountName, Receipt, Write, WriteKey
from crm_bridge.port import CrmAdapter

__all__ = ["ADAPTERS", "NEEDED", "Access", "Host", "Unset", "missing", "open_adapter"]

NEEDED: Mapping[str, tuple[str, ...]] = {
    "embedded": (),
    "tryton": ("base_url", "database", "user", "password"),
    "rest": ("base_url", "mapping"),
    "salesforce": ("base_url", "client_id", "client_secret"),
    "hubspot": ("token",),
    "odoo": ("base_url", "database", "token"),
    "kingdee": ("base_url", "database", "user", "client_id", "client_secret"),
    "fxiaoke": ("client_id", "client_secret", "token", "user"),
    "xiaoshouyi": ("client_id", "client_secret", "user", "password"),
}
"""What each adapter cannot do without."""
ADAPTERS = tuple(NEEDED)


@dataclass(frozen=True)
class Access:
    """Where a system is and who we are to it; what each value is called there, its adapter says."""

    base_url: str = ""
    user: str = ""
    password: str = ""
    token: str = ""
    client_id: str = ""
    client_secret: str = ""
    database: str = ""
    tenant: str = ""
    mapping: str = ""
    """A mapping file or the name of a template; empty: the system's own template."""
    timeout_s: float = 10.0


@dataclass(frozen=True)
class Host:
    """What an adapter gets from the program around it."""

    engine: Engine
    transaction: Callable[[], AbstractContextManager[Session]]
    clock: Callable[[], datetime]


def missing(name: str, access: Access) -> tuple[str, ...]:
    """Which of the values that this adapter needs are not set."""
    return tuple(one for one in NEEDED[name] if not getattr(access, one))


def open_adapter(name: str, access: Access, host: Host) -> CrmAdapter:
    """The adapter; where values are missing one that says so at every call, so that nothing is written elsewhere.

    An adapter is a module of this package with a function `connect(access, host)`. Raises
    `crm_bridge.mapping.MappingUnusable` and `crm_bridge.calling.AddressRefused`.
    """
    if name == "embedded":
        from crm_bridge.adapters.embedded import EmbeddedCrm

        return EmbeddedCrm(host.engine, host.clock, host.transaction)
    if lacking := missing(name, access):
        return Unset(name, f"half set, {', '.join(lacking)} missing")
    module: Any = import_module(f"{__name__}.{name}")
    opened: CrmAdapter = module.connect(access, host)
    return opened


class Unset:
    """Stands in for a system that cannot be called. Implements `CrmAdapter`: every call says why."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self._why = f"{name}: {why}"

    async def directory(self) -> tuple[AccountName, ...]:
        raise CrmUnavailable(self._why)

    async def account(self, account: AccountId) -> Account:
        raise CrmUnavailable(self._why)

    async def carry_out(self, write: Write, key: WriteKey) -> Receipt:
        raise CrmUnavailable(self._why)

    async def receipt(self, key: WriteKey) -> Receipt | None:
        raise CrmUnavailable(self._why)

    async def undo(self, receipt: Receipt, by: str, key: WriteKey) -> Receipt:
        raise CrmUnavailable(self._why)
