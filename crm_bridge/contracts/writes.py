"""Which fields a write or its undoing touches, so that it can be held against the contract before a system hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm_bridge.errors import OutsideContract
from crm_bridge.model import Receipt, Write

_WRITES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "opportunity.create": (
        "opportunity",
        {name: name for name in ("title", "product", "quantity", "amount", "stage", "close_date", "note")},
    ),
    "opportunity.move_stage": ("opportunity", {"opportunity": "", "to": "stage"}),
    "task.create": ("task", {name: name for name in ("title", "assignee", "due", "priority")}),
    "ticket.create": (
        "ticket",
        {name: name for name in ("title", "description", "severity", "product", "alarm")},
    ),
    "meeting.schedule": (
        "meeting",
        {name: name for name in ("title", "start", "end", "place", "attendees")},
    ),
    "quote.draft": ("quote", {name: name for name in ("title", "lines", "valid_until")}),
    "note.log": ("note", {"text": "text"}),
    "escalate": ("task", {"reason": "title", "manager": "assignee", "due": "due"}),
}
"""Operation → what it makes or changes, and which parameter becomes which field; "": it only names the record."""


def written(write: Write) -> Iterator[str]:
    """`object.field` for everything that the write would set; a parameter that nobody knows is a field of its own name.

    Raises `OutsideContract` for an unknown operation.
    """
    if write.operation == "field.set":
        yield f"account.{write.params.get('field') or ''}"
        return
    if write.operation not in _WRITES:
        raise OutsideContract(f"没有“{write.operation}”这种写入;已知:{'、'.join((*_WRITES, 'field.set'))}")
    kind, fields = _WRITES[write.operation]
    given = (name for name, value in write.params.items() if value not in (None, "", []))
    yield from (f"{kind}.{field}" for name in given if (field := fields.get(name, name)))


def undone(receipt: Receipt) -> Iterator[str]:
    """What taking it back would set; `object.*` where a record that was made is taken away."""
    yield from (f"{receipt.record_kind}.{name}" for name in (receipt.before or "*"))
