"""The way between two servers does what its name says, whatever passes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from eval.bench.faults import proxy
from eval.bench.faults.proxy import Proxy, Way

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Beyond:
    """A server that counts what reached it."""

    def __init__(self) -> None:
        self.heard = 0
        self.serving: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        with suppress(OSError):
            while await reader.read(4096):
                self.heard += 1
                writer.write(ANSWER)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def way() -> AsyncIterator[tuple[Proxy, Beyond, httpx.AsyncClient]]:
    beyond = Beyond()
    server = await asyncio.start_server(beyond.serve, "127.0.0.1", 0)
    between = Proxy(server.sockets[0].getsockname()[1])
    await between.start()
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{between.port}", timeout=0.3, trust_env=False
    ) as http:
        yield between, beyond, http
    await between.close()
    await asyncio.gather(*(one for one in beyond.serving if one))
    server.close()


async def test_open_it_passes_everything_on() -> None:
    async with way() as (_, beyond, http):
        assert [(await http.get("/")).text for _ in range(2)] == ["ok", "ok"]
        assert beyond.heard == 2


@pytest.mark.parametrize(
    ("trouble", "error", "heard"),
    [
        (Way.REFUSED, httpx.TransportError, 0),
        (Way.SILENT, httpx.ReadTimeout, 0),
        (Way.UNHEARD, httpx.ReadTimeout, 1),
        (Way.SLOW, httpx.ReadTimeout, 1),
    ],
)
async def test_a_trouble_is_what_its_name_says_and_passes(
    trouble: Way, error: type[Exception], heard: int
) -> None:
    async with way() as (between, beyond, http):
        between.turn(trouble)
        with pytest.raises(error):
            await http.get("/")
        assert beyond.heard == heard
        between.turn(Way.OPEN)
        assert (await http.get("/")).text == "ok"


async def test_a_connection_that_was_open_is_cut_where_the_other_side_goes_down() -> None:
    async with way() as (between, _, http):
        await http.get("/")
        between.turn(Way.REFUSED)
        with pytest.raises(httpx.TransportError):
            await http.get("/")


async def test_nonsense_is_a_page_and_nobody_hears_the_request() -> None:
    async with way() as (between, beyond, http):
        between.turn(Way.NONSENSE)
        answer = await http.get("/")
        assert (answer.status_code, answer.text) == (200, proxy.PAGE.decode())
        assert beyond.heard == 0


async def test_nobody_behind_it_is_a_closed_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        between = Proxy(unused.getsockname()[1])
    await between.start()
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.TransportError):
            await http.get(f"http://127.0.0.1:{between.port}/")
    await between.close()
