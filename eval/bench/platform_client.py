"""The measuring side's view of a stub platform in another process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from .wecom_platform import Arrival

LOOK_EVERY = 0.1


@dataclass(frozen=True)
class PhoneCard:
    """A card on somebody's phone as it looks now: `keys` can be tapped."""

    task_id: str
    keys: tuple[str, ...]
    card: dict[str, Any]


@dataclass(frozen=True)
class PlatformClient:
    """Reads what arrived at the stub platform, and taps cards there."""

    http: httpx.AsyncClient

    @classmethod
    def at(cls, url: str) -> PlatformClient:
        return cls(httpx.AsyncClient(base_url=url, timeout=10.0, trust_env=False))

    async def arrivals(self, after: int = 0, bodies: bool = False) -> list[Arrival]:
        """What came after arrival `after`, by pages: an hour of traffic in one answer takes longer than a time-out."""
        found: list[Arrival] = []
        while True:
            query = {"after": str(after + len(found))} | ({"bodies": "1"} if bodies else {})
            response = await self.http.get("/control/arrivals", params=query)
            page = response.raise_for_status().json()
            if not page:
                return found
            found += [Arrival(**({"body": {}} | row)) for row in page]

    async def cards(self, user: str) -> list[PhoneCard]:
        response = await self.http.get("/control/cards", params={"user": user})
        rows = response.raise_for_status().json()
        return [PhoneCard(row["task_id"], tuple(row["keys"]), row["card"]) for row in rows]

    async def tap(self, user: str, task_id: str, key: str) -> str | None:
        """The event's response code; None where that button is not there any more."""
        response = await self.http.post("/control/tap", json={"user": user, "task_id": task_id, "key": key})
        return (
            None if response.status_code == 409 else str(response.raise_for_status().json()["response_code"])
        )

    async def wait(
        self, enough: Callable[[Sequence[Arrival]], bool], patience: float, found: Sequence[Arrival] = ()
    ) -> list[Arrival]:
        """What arrived (`found` and later) when it was enough, or when nothing new came for `patience` seconds."""
        arrivals, last = list(found), time.monotonic()
        while not enough(arrivals) and time.monotonic() - last < patience:
            await asyncio.sleep(LOOK_EVERY)
            if new := await self.arrivals(len(arrivals)):
                arrivals, last = [*arrivals, *new], time.monotonic()
        return arrivals

    async def close(self) -> None:
        await self.http.aclose()
