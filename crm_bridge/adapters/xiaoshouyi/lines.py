"""A record with lines, which Xiaoshouyi makes one call at a time: it carries its key only when it is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from crm_bridge.adapters.xiaoshouyi.api import XiaoshouyiApi
from crm_bridge.adapters.xiaoshouyi.xoql import condition, select
from crm_bridge.calling import CallRefused
from crm_bridge.errors import CrmUnavailable

log = structlog.get_logger()
UNFINISHED = "#unfinished"
"""Behind the key of a record whose lines are still being made: whoever tries again takes it away first."""


class LineWriter:
    """`lines` is the object of the lines, `parent` their field that names the record, `key` the record's key field."""

    def __init__(self, api: XiaoshouyiApi, name: str, lines: str, parent: str, key: str) -> None:
        self._api = api
        self._name, self._lines, self._parent, self._key = name, lines, parent, key

    async def write(self, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str | None:
        begun = f"{values[self._key]}{UNFINISHED}"
        for one in await self._found(self._name, condition(self._key, "=", begun)):
            await self.delete(str(one["id"]))
        number = await self._api.create(self._name, {**values, self._key: begun})
        if number is None:
            raise CrmUnavailable(f"xiaoshouyi made a {self._name} and does not tell its id")
        try:
            for line in lines:
                await self._api.create(self._lines, {**line, self._parent: number})
            await self._api.update(self._name, number, {self._key: values[self._key]})
        except CallRefused:
            await self._without_a_word(number)
            raise
        return number

    async def delete(self, number: str) -> None:
        for one in await self._found(self._lines, condition(self._parent, "=", number)):
            await self._api.delete(self._lines, str(one["id"]))
        await self._api.delete(self._name, number)

    async def _found(self, name: str, where: str) -> list[dict[str, Any]]:
        return await self._api.some(select(["id"], name, [where], most=100))

    async def _without_a_word(self, number: str) -> None:
        """What the rep should read is why a call was refused, not what happened to the rest."""
        try:
            await self.delete(number)
        except (CallRefused, CrmUnavailable) as error:
            log.warning(
                "crm_rest_left", system="xiaoshouyi", object=self._name, record=number, reason=str(error)
            )
