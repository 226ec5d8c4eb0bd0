"""The words of events: what came in, what it says has changed, and how sure its clock is (values, no I/O)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventState(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    """Its changes are part of the history; the newest of each field count."""
    HELD = "held"
    """Its clock is ahead of ours by more than clocks differ: it counts when that time has come."""
    DEAD = "dead"
    """Broken or unknown; it stands in the list of dead letters with its reason and can be replayed."""


class EventUnreadable(ValueError):
    """An event that cannot be understood; the message says what was found, what was expected."""


@dataclass(frozen=True)
class Incoming:
    """An event as its source sent it. `id` may have been made of its content, where the source gave none."""

    id: str
    source: str
    type: str
    time: Any = None
    """As written; whoever translates the event knows how its source writes times."""
    subject: str = ""
    sequence: str = ""
    causation: str = ""
    correlation: str = ""
    data: Any = None

    @property
    def uid(self) -> str:
        """The event's address here: the same for the same source and id."""
        return hashlib.sha256(f"{self.source}\0{self.id}".encode()).hexdigest()[:24]


@dataclass(frozen=True)
class ChangeEvent:
    """What an event means in our own words: `order.cancelled` of one entity of one account, with the fields it set."""

    id: str
    source: str
    type: str
    kind: str
    """Of the entity: order, opportunity, device, customer …"""
    entity: str
    account: str
    """As the source names the customer; empty where the event does not say."""
    fields: Mapping[str, Any]
    at: datetime
    precision: str
    """s, ms or us: finer than that the source's clock says nothing."""
    sequence: str = ""
    causation: str = ""
    correlation: str = ""
    write_key: str = ""
    """The key of our own write, where the source carries it back."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What a card tells of it beyond the fields."""


@dataclass(frozen=True)
class Taken:
    """What became of one event on its way in. `current`: the fields that it made newest."""

    uid: str
    status: str
    """accepted, duplicate, held or dead."""
    reason: str = ""
    change: ChangeEvent | None = None
    current: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
