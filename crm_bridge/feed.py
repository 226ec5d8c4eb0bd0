"""What a customer system tells of changes when it is asked, and up to where it has been asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Change:
    """A record as it was found after a change: the source says that it changed, not which field."""

    system: str
    kind: str
    """Ours: account, opportunity, order …"""
    object: str
    """The source's own name of it: Opportunity, crm.lead."""
    record_id: str
    account: str
    """Whose record it is, as the adapter's account ids are; empty where the source does not say."""
    fields: Mapping[str, Any]
    """By their canonical names."""
    at: datetime
    precision: str
    """s, ms or us: finer than that the source's clock says nothing."""
    deleted: bool = False


@dataclass(frozen=True)
class ChangePage:
    """`cursor` is to be kept in the same transaction as what is made of the changes."""

    changes: tuple[Change, ...]
    cursor: str


@dataclass(frozen=True)
class Hint:
    """A system's word that a record changed, without being asked: which, and when; what it is now is looked up."""

    key: str
    """The same hint sent again has the same."""
    kind: str
    record: str
    """The source's own id."""
    at: datetime
    deleted: bool = False


class LooksUp(Protocol):
    """A `ChangeFeed` that can also be asked for one record."""

    async def changed(self, kind: str, record: str) -> Change | None:
        """The record as it is now, as `changes` tells it; None where there is none. Raises `CrmUnavailable`."""

    def taken_away(self, hint: Hint) -> Change:
        """A record that is gone, by its hint."""


class ChangeFeed(Protocol):
    """One customer system's changes, oldest first."""

    async def changes(self, cursor: str) -> ChangePage:
        """What changed since the cursor was given out; an empty one begins now. Every state of a record that is still
        there is told once, and none is lost to clocks of whole seconds, late commits or page ends; states that were
        overwritten between two calls are not told. Raises `CrmUnavailable`."""
