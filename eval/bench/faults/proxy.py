"""A way between two servers that can be cut, held up, or made to answer nonsense, while both ends stay alive."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import StrEnum

PAGE = b"<html><body>502 Bad Gateway</body></html>"
NONSENSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE)
)


class Way(StrEnum):
    """What happens to what comes through."""

    OPEN = "open"
    REFUSED = "refused"
    """Connections are closed at once: the other side is down."""
    SILENT = "silent"
    """Nothing is passed on and nobody is told: a partition, or a server that hangs."""
    UNHEARD = "unheard"
    """Requests arrive and their answers are lost: the worst moment to ask whether it was done."""
    NONSENSE = "nonsense"
    """An HTML page with status 200 for everything."""
    SLOW = "slow"
    """Answers take seconds longer."""


SLOW_S = 3.0


class Proxy:
    """Listens on a port of its own in the loop that starts it, and passes on to `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.way = Way.OPEN
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def turn(self, way: Way) -> None:
        """From now on. What is connected feels it too: `REFUSED` cuts it, the others change what passes."""
        self.way = way
        if way is Way.REFUSED:
            for writer in tuple(self._open):
                writer.transport.abort()

    async def close(self) -> None:
        self.turn(Way.REFUSED)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing = asyncio.current_task()
        assert passing is not None
        self._passing.add(passing)
        passing.add_done_callback(self._passing.discard)
        self._open.add(writer)
        onward: asyncio.StreamWriter | None = None
        try:
            if self.way is Way.REFUSED:
                return
            back, onward = await asyncio.open_connection("127.0.0.1", self._to)
            self._open.add(onward)
            there = asyncio.create_task(self._pass_on(reader, onward, writer))
            here = asyncio.create_task(self._pass_back(back, writer))
            _, rest = await asyncio.wait({there, here}, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        except OSError:
            pass  # the other end is down: whoever connected finds its connection closed
        finally:
            for one in (writer, onward):
                if one is not None:
                    self._open.discard(one)
                    one.close()
                    with suppress(OSError):
                        await one.wait_closed()

    async def _pass_on(
        self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while part := await reader.read(65536):
                if self.way is Way.NONSENSE:
                    writer.write(NONSENSE)
                    await writer.drain()
                    return
                if self.way is not Way.SILENT:
                    onward.write(part)
                    await onward.drain()

    async def _pass_back(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await back.read(65536):
                if self.way is Way.SLOW:
                    await asyncio.sleep(SLOW_S)
                if self.way not in {Way.SILENT, Way.UNHEARD}:
                    writer.write(part)
                    await writer.drain()
