"""The lines of a quote: records of their own, made before the quote that then names them."""

from __future__ import annotations

from typing import Any

from crm_bridge.adapters.hubspot.api import HubSpotApi
from crm_bridge.errors import WriteRefused
from crm_bridge.model import WriteKey


class LineWriter:
    """Lines first: a quote that can be found by its key then has all of them, and lines that nothing names are shown nowhere."""

    def __init__(self, api: HubSpotApi, name: str, place: str) -> None:
        self._api = api
        self._name = name
        self._place = place
        """The unique property that carries the key and the line's number."""

    async def write(self, lines: list[dict[str, str]], key: WriteKey) -> list[str]:
        """Their ids, in order. Written by key: repeating makes no others."""
        keys = [f"{key}-line{number}" for number in range(1, len(lines) + 1)]
        inputs = [
            {"id": own, "idProperty": self._place, "objectWriteTraceId": own, "properties": line}
            for own, line in zip(keys, lines, strict=True)
        ]
        answer = await self._api.send(
            "POST", "objects/line_items/batch/upsert", {"inputs": inputs}, repeatable=True
        )
        if errors := answer.get("errors"):
            await self._take_back(answer["results"])
            raise WriteRefused(
                f"{self._name} 没有接受报价单的第 {_number(errors[0], keys)} 行:{errors[0].get('message', '')}"
            )
        by_key = {one["properties"][self._place]: str(one["id"]) for one in answer["results"]}
        return [by_key[own] for own in keys]

    async def _take_back(self, made: list[dict[str, Any]]) -> None:
        if made:
            inputs = [{"id": one["id"]} for one in made]
            await self._api.send(
                "POST", "objects/line_items/batch/archive", {"inputs": inputs}, repeatable=True
            )


def _number(error: dict[str, Any], keys: list[str]) -> int | str:
    """Which line a failure of a mixed batch belongs to: it says so by the trace id only."""
    traced = (error.get("context") or {}).get("objectWriteTraceId") or [""]
    return keys.index(traced[0]) + 1 if traced[0] in keys else "?"
