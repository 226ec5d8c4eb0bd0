"""Which customer system answers, by the settings; and what an operator should know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import structlog

from bot.connections import Heard, nobody_listens
from bot.errors import InvalidInput
from bot.settings import CrmSettings
from bot.store import Store
from crm_bridge import CrmAdapter, CrmError
from crm_bridge.adapters import Access, Host, missing, open_adapter

if TYPE_CHECKING:
    from crm_bridge.contracts import FieldPolicy
    from crm_bridge.feed import Hint
    from crm_bridge.mapping import Mapping

log = structlog.get_logger()


CONTRACTS = "contracts"
"""Folder of the data dir with a company's own data contracts and field policy."""


def records_of(crm: Any) -> Mapping | None:
    """How the customer system's records are read; None for one without a mapping (`embedded`)."""
    found: Mapping | None = getattr(getattr(crm, "system", None), "mapping", None)
    return found


def hints_read_by(crm: Any) -> Callable[[Any], Sequence[Hint]] | None:
    """What reads one event of the system's webhooks; None for a system that sends none."""
    from crm_bridge.adapters.hubspot.webhooks import hints_of

    found = records_of(crm)
    return partial(hints_of, mapping=found) if found and found.system == "hubspot" else None


def open_crm(
    settings: CrmSettings,
    store: Store,
    clock: Callable[[], datetime],
    data_dir: Path | None = None,
    heard: Heard = nobody_listens,
) -> CrmAdapter:
    """The system behind its data contract. Half set, what is missing is named and every call says so.

    Raises `InvalidInput` for an unusable mapping, address or contract.
    """
    from crm_bridge.calling import AddressRefused
    from crm_bridge.contracts import ContractedCrm, ContractUnusable, load_contract
    from crm_bridge.mapping import MappingUnusable

    if lacking := unset(settings):
        log.warning("crm_off", adapter=settings.adapter, missing=", ".join(lacking))
    try:
        opened = open_adapter(settings.adapter, access(settings), Host(store.engine, store.begin, clock))
        contract = load_contract(settings.adapter, data_dir / CONTRACTS if data_dir else None)
        if settings.adapter == "embedded":  # there is nothing between us that could fail
            return ContractedCrm(opened, contract, store.engine, store.begin, clock)
        return ContractedCrm(
            opened, contract, store.engine, store.begin, clock, lambda error: heard("crm", error)
        )
    except MappingUnusable as error:
        raise InvalidInput(f"{error}; check YIJU_CRM__MAPPING") from error
    except AddressRefused as error:
        raise InvalidInput(f"{error}; check YIJU_CRM__BASE_URL") from error
    except ContractUnusable as error:
        raise InvalidInput(f"{error}; `yiju crm contracts lint` checks it") from error


def field_policy(data_dir: Path, crm: CrmAdapter | None = None) -> FieldPolicy:
    """Who may read which field for what; within the contract, where the system has one. Raises `InvalidInput`."""
    from crm_bridge.contracts import PolicyUnusable, open_policy

    try:
        return open_policy(data_dir / CONTRACTS, getattr(crm, "contract", None))
    except PolicyUnusable as error:
        raise InvalidInput(f"{error}; `yiju crm contracts lint` checks it") from error


def unset(settings: CrmSettings) -> tuple[str, ...]:
    """The variables that the chosen adapter needs and that are empty."""
    lacking = missing(settings.adapter, access(settings))
    return tuple(f"YIJU_CRM__{name.upper()}" for name in lacking)


def access(settings: CrmSettings) -> Access:
    return Access(
        base_url=settings.base_url,
        user=settings.user,
        password=settings.password.get_secret_value(),
        token=settings.token.get_secret_value(),
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        database=settings.database,
        tenant=settings.tenant,
        mapping=settings.mapping,
        timeout_s=settings.timeout_s,
    )


@dataclass(frozen=True)
class Examined:
    """Whether the customer system is fit for use: a name of `prompts/findings.yaml`."""

    what: Literal["crm", "crm_silent", "crm_lacks", "crm_empty"]
    names: int = 0
    detail: str = ""


async def examined(crm: CrmAdapter) -> Examined:
    """Whether the system answers, knows customers and has what the mapping names."""
    try:
        names = await (getattr(crm, "sync", None) or crm.directory)()
        lacks = await lacking_fields(crm)
    except CrmError as error:
        return Examined("crm_silent", detail=str(error))
    if lacks:
        return Examined("crm_lacks", len(names), "; ".join(lacks[:5]))
    return Examined("crm", len(names)) if names else Examined("crm_empty")


async def lacking_fields(crm: CrmAdapter) -> list[str]:
    """What the mapping names and the live system does not have, one line each."""
    check = getattr(crm, "check", None)
    if check is None:
        return []
    found = await check()
    return [f"{one.kind}: {one.object}{'.' if one.field else ''}{one.field}: {one.why}" for one in found]
