"""Is it alive, can it work, what does it count: for load balancers and operators."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], Awaitable[str]]
"""Empty where all is well, otherwise what is wrong and what to do."""


LEAST_FREE_MB = 50
"""Below this a disk counts as full: SQLite's log and an index that is written anew want some room."""


def too_full(folder: Path) -> str:
    """Empty, or that nothing can be kept for long."""
    free = shutil.disk_usage(folder).free // 1024**2
    if free >= LEAST_FREE_MB:
        return ""
    return f"{free} MB are free where {folder} lies; below {LEAST_FREE_MB} MB nothing may be kept: make room"


def routes(checks: Mapping[str, Check]) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        found = {name: await _ask(check) for name, check in checks.items()}
        problems = {name: problem for name, problem in found.items() if problem}
        status = {"status": "not ready" if problems else "ready", "problems": problems}
        return JSONResponse(status, status_code=503 if problems else 200)

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _ask(check: Check) -> str:
    try:
        return await check()
    except Exception as error:  # noqa: BLE001 - whatever a check raises is what is wrong
        return f"{type(error).__name__}: {error}"
