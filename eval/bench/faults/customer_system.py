"""A customer system of its own behind HTTP, which dies in the middle of a write when told to:
`python -m eval.bench.faults.customer_system --file crm.db --port 9912`.

It is strict where real ones are (unknown fields, customers and versions are refused) and careless where some are: a write
key is a field like any other, so whoever sends a record twice finds two of them, and what is new stands in lists only
after a while. What it answered is on disk; `/control/…` is for whoever makes the trouble.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .customer_books import Books, Harm, Moment

WRITTEN_FIELDS: Mapping[str, frozenset[str]] = {
    "opportunity": frozenset({"title", "product", "quantity", "amount", "stage", "close_date", "note"}),
    "quote": frozenset({"title", "lines", "valid_until", "memo"}),
    "task": frozenset({"title", "assignee", "due", "priority"}),
    "ticket": frozenset({"title", "description", "severity", "product", "alarm"}),
    "meeting": frozenset({"title", "start", "end", "place", "attendees"}),
    "note": frozenset({"text"}),
    "account": frozenset({"tier", "region", "payment_days", "remark"}),
}


class CustomerSystem:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.harm: Harm | None = None
        self.struck = asyncio.Event()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/control/harm", self.arm, methods=["POST"]),
                Route("/control/struck", self.was_struck),
                Route("/{kind}", self.rows, methods=["GET"]),
                Route("/{kind}", self.create, methods=["POST"]),
                Route("/{kind}/{number}", self.row, methods=["GET"]),
                Route("/{kind}/{number}", self.update, methods=["PATCH"]),
                Route("/{kind}/{number}", self.delete, methods=["DELETE"]),
            ]
        )

    async def arm(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        self.harm = Harm(Moment(asked["moment"]), float(asked["seconds"]))
        self.struck.clear()
        return _json({})

    async def was_struck(self, request: Request) -> Response:
        """Answers when the harm has come over a write and left the system alive."""
        await self.struck.wait()
        return _json({})

    async def rows(self, request: Request) -> Response:
        asked = dict(request.query_params)
        page = int(asked.pop("page", "1"))
        if unknown := asked.keys() - {"account", "key"}:
            return _json({"error": f"unknown parameters {sorted(unknown)}"}, 422)
        return _json(self.books.listed(request.path_params["kind"], asked, page))

    async def row(self, request: Request) -> Response:
        found = self.books.one(request.path_params["kind"], request.path_params["number"])
        return _json(found or {"error": "no such record"}, 200 if found else 404)

    async def create(self, request: Request) -> Response:
        kind, body = request.path_params["kind"], orjson.loads(await request.body())
        if why := self._wrong(kind, body):
            return _json({"error": why}, 422)
        return await self._through(lambda: _json({"id": self.books.make(kind, body)}, 201))

    async def update(self, request: Request) -> Response:
        kind, number = request.path_params["kind"], request.path_params["number"]
        values = orjson.loads(await request.body())
        found = self.books.one(kind, number)
        if found is None or values.keys() - WRITTEN_FIELDS[kind]:
            return _json({"error": "no such record or field"}, 404 if found is None else 422)
        if request.headers.get("if-match") != str(found["version"]):
            return _json({"error": "somebody changed it"}, 412)

        def work() -> Response:
            self.books.change(number, found, values)
            return _json({})

        return await self._through(work)

    async def delete(self, request: Request) -> Response:
        def work() -> Response:
            self.books.drop(request.path_params["number"])
            return _json({})

        return await self._through(work)

    def _wrong(self, kind: str, body: Mapping[str, Any]) -> str:
        if kind not in WRITTEN_FIELDS or kind == "account":
            return f"no records of kind {kind}"
        if unknown := body.keys() - WRITTEN_FIELDS[kind] - {"account", "key"}:
            return f"unknown fields {sorted(unknown)}"
        if not body.get("key") or self.books.one("account", str(body.get("account"))) is None:
            return "no key or no such customer"
        return ""

    async def _through(self, work: Callable[[], Response]) -> Response:
        """The write, with the harm that waits for one."""
        harm, self.harm = self.harm, None
        if harm is None:
            return work()
        if harm.moment is Moment.BEFORE:
            _die()
        if harm.moment is Moment.LATE:
            await asyncio.sleep(harm.seconds)
        answer = work()
        if harm.moment is Moment.AFTER:
            _die()
        self.struck.set()
        if harm.moment is Moment.HELD:
            await asyncio.sleep(harm.seconds)
        return answer


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def main(
    file: Annotated[Path, typer.Option(help="where its records are kept")],
    port: Annotated[int, typer.Option(help="port to listen on")],
) -> None:
    """Serve until told to end, or until a write kills it."""
    app = CustomerSystem(Books(file)).app()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    typer.run(main)
