"""The stub platform behind HTTP, in a process of its own: `python -m eval.bench.wecom_server --port 9911`.

`/cgi-bin/…` is what the product calls; `/control/…` is for whoever measures: what arrived, taps, delays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .wecom_platform import Answer, CannotTap, WeComPlatform

PAGE = 2000
"""Arrivals in one answer."""
KEPT_OPEN_S = 600
"""A connection that is closed just when it is used again is a failure of the bench, not of the product."""
Call = Callable[[str, dict[str, Any]], Answer]
Endpoint = Callable[[Request], Awaitable[Response]]


class PlatformServer:
    """Routes of one platform. `delay_s` is how long it takes to answer after it has taken a call in."""

    def __init__(self, platform: WeComPlatform, delay_s: float = 0.0) -> None:
        self.platform = platform
        self.delay_s = delay_s

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/cgi-bin/gettoken", self.gettoken),
                Route("/cgi-bin/message/send", self._call(self.platform.send), methods=["POST"]),
                Route(
                    "/cgi-bin/message/update_template_card",
                    self._call(self.platform.update),
                    methods=["POST"],
                ),
                Route("/cgi-bin/oa/schedule/add", self._call(self.platform.schedule), methods=["POST"]),
                Route("/control/arrivals", self.arrivals),
                Route("/control/cards", self.cards),
                Route("/control/tap", self.tap, methods=["POST"]),
                Route("/control/delay", self.delay, methods=["POST"]),
            ]
        )

    async def gettoken(self, request: Request) -> Response:
        query = request.query_params
        return _json(self.platform.gettoken(query.get("corpid", ""), query.get("corpsecret", "")))

    async def arrivals(self, request: Request) -> Response:
        """`?after=N`: what came next after arrival N, a page of it. `&bodies=1` adds what was sent."""
        after = int(request.query_params.get("after", "0"))
        found = self.platform.arrivals[after : after + PAGE]
        left_out = set() if "bodies" in request.query_params else {"body"}
        return _json(
            [{key: value for key, value in vars(arrival).items() if key not in left_out} for arrival in found]
        )

    async def cards(self, request: Request) -> Response:
        """The cards of `?user=` as that person sees them now, with what can be tapped."""
        user = request.query_params.get("user", "").lower()
        shown = [card for card in self.platform.cards.values() if card.user == user]
        return _json([{"task_id": one.task_id, "keys": one.keys, "card": one.card} for one in shown])

    async def tap(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        try:
            code = self.platform.tap(asked["user"], asked["task_id"], asked["key"])
        except CannotTap as error:
            return _json({"error": str(error)}, 409)
        return _json({"response_code": code})

    async def delay(self, request: Request) -> Response:
        self.delay_s = float(orjson.loads(await request.body())["seconds"])
        return _json({"seconds": self.delay_s})

    def _call(self, answer: Call) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                body = orjson.loads(await request.body())
            except orjson.JSONDecodeError:
                return _json({"errcode": 40058, "errmsg": "the body is not JSON"})
            answered = answer(request.query_params.get("access_token", ""), body)
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            return _json(answered)

        return endpoint


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def main(
    port: Annotated[int, typer.Option(help="port to listen on")],
    corp_id: Annotated[str, typer.Option(help="the company")],
    secret: Annotated[str, typer.Option(help="the app's secret")],
    agent_id: Annotated[int, typer.Option(help="the app")],
    delay: Annotated[float, typer.Option(help="seconds until it answers")] = 0.0,
    host: Annotated[str, typer.Option(help="address of this machine to listen on")] = "127.0.0.1",
) -> None:
    """Serve the stub platform until told to end."""
    server = PlatformServer(WeComPlatform(corp_id, secret, agent_id), delay)
    uvicorn.run(
        server.app(),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEPT_OPEN_S,
    )


if __name__ == "__main__":
    typer.run(main)
