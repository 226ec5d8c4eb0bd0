"""`GET /api/v1/quality`: the quality board of this moment."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from bot.signals.quality import QualityWatch
from bot.web.api_door import ApiDoor
from bot.web.examples import QUALITY, answers


def routes(door: ApiDoor, watch: QualityWatch) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["quality"])

    @router.get("/quality", dependencies=[Depends(door.needs("read"))], responses=answers(QUALITY))
    async def quality() -> dict[str, Any]:
        """Per source and field: latency, nulls, conflicts, violations, dead letters, age; and what is beyond its bound."""
        return (await watch.board()).as_json()

    return router
