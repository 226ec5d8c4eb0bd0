"""The few things one remote system has to know how to do; `RemoteCrm` makes a `CrmAdapter` out of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any, Protocol

from crm_bridge.calling import CallRefused, Kind
from crm_bridge.errors import CrmError, CrmUnavailable, KeyTaken, WriteRefused
from crm_bridge.mapping import Mapping, ObjectMap, Row, Sheet
from crm_bridge.model import WriteKey


@dataclass(frozen=True)
class Lack:
    """Something that the mapping names and the live system does not have. Everything else keeps working."""

    kind: str
    object: str
    field: str
    """Empty: the object itself."""
    why: str


class RemoteSystem(Protocol):
    """One system's primitives. Ids are the source's own; rows have nested objects and lists inside.

    Every method may raise `CrmUnavailable`; those that write may raise `WriteRefused` and `OutcomeUnknown`.
    """

    mapping: Mapping

    async def accounts(self) -> Sequence[Row]:
        """Every customer, with the fields that the directory needs."""

    async def contacts(self) -> Dict[str, Sequence[Row]]:
        """Contacts by their customer's id; empty where the mapping has none."""

    async def sheet(self, account: str) -> Sheet | None:
        """One customer with contacts and records, newest first; None where there is none. A kind that cannot be read
        goes into `failed`."""

    async def record(self, kind: str, record: str) -> Row | None:
        """One row as it is now (`account` too); None where it is gone."""

    async def find(self, kind: str, key: WriteKey, account: str) -> Row | None:
        """The row that a write key made, the oldest if there are two."""

    async def create(self, kind: str, account: str, values: Dict[str, Any], key: WriteKey) -> Row:
        """`values` are canonical; the mapping says where each goes. Returns the row as it then is. What takes further
        calls is left to `change`: see `Stepwise`."""

    async def change(self, kind: str, row: Row, values: Dict[str, Any]) -> Row:
        """Change the row only if it still is as it was read (where the system can tell)."""

    async def cancel(self, kind: str, row: Row) -> None:
        """Take a new record back: delete, cancel, close, as the mapping says."""

    async def check(self) -> Sequence[Lack]:
        """Ask the live system for each mapped object and field."""

    async def close(self) -> None: ...


def refused(system: str, error: CallRefused) -> CrmError:
    """A call that was answered with no, in a rep's words (for writes; a read of it is a `CrmUnavailable`)."""
    words = error.words[:160]
    match error.kind:
        case Kind.CONFLICT:
            return WriteRefused(f"{system} 里这条记录刚被别人改过,请刷新后再试")
        case Kind.FORBIDDEN:
            return WriteRefused(f"{system} 不允许接口账号做这个操作({words});请管理员检查权限")
        case Kind.NOT_FOUND:
            return WriteRefused(f"{system} 里找不到这条记录,可能已被删除")
        case Kind.DUPLICATE:
            return KeyTaken(f"{system} 没有接受:{words or '已经有一样的记录'}")
        case Kind.INVALID:
            return WriteRefused(f"{system} 没有接受:{words or '没有说明原因'}")
        case _:
            return CrmUnavailable(f"{system}: {words}")


def lacks_of(kind: str, mapped: ObjectMap, known: Collection[str]) -> list[Lack]:
    """What the mapping names of an object whose fields are `known`; of `buyer.code` the `buyer` counts."""
    return [
        Lack(kind, mapped.object, place, "the system has no such field")
        for place in mapped.sources()
        if place not in known and place.split(".")[0] not in known
    ]
