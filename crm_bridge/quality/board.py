"""The quality board: what events and the customer system give, and what of it is beyond its bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from crm_bridge.contracts.model import DataContract
from crm_bridge.model import Account
from crm_bridge.quality import breaches, given, reported
from crm_bridge.quality.bounds import QualitySheet
from crm_bridge.quality.model import Board


def board(
    session: Session,
    now: datetime,
    bounds: QualitySheet,
    contract: DataContract | None = None,
    system: str = "",
    accounts: Sequence[Account] = (),
    outside: Mapping[str, tuple[int, datetime]] | None = None,
    read_at: datetime | None = None,
) -> Board:
    """Of the stored events, and of accounts that were read from `system`, just now or at `read_at`; `outside`: what its
    contract kept out, per field how often and when last."""
    sources, of_events = reported.read(session, now, contract, bounds)
    of_system = tuple(given.fields(system, accounts, read_at or now, contract, outside or {}))
    found = [
        *breaches.of_sources(sources, bounds),
        *breaches.of_events(of_events, sources, contract, bounds),
        *breaches.of_system(of_system, contract, bounds),
        *breaches.of_identities(session, bounds),
    ]
    worst = sorted(found, key=lambda one: -(one.found - one.bound) / (one.bound or 1))
    return Board(now, sources, (*of_events, *of_system), tuple(worst))
