"""A balancer before several gateways, as an installation has one: a connection goes to the next that takes it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
PIECE = 64 * 1024


@dataclass
class Balancer:
    """Passes bytes on, by turns; it knows nothing of HTTP. A backend that refuses is passed over."""

    ports: Sequence[int]
    port: int = 0
    taken: Counter[int] = field(default_factory=Counter)
    """Connections by port of the backend."""
    _next: int = 0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller, until either side ends."""
        try:
            behind = await self._backend()
            if behind is not None:
                await _pass_on((reader, writer), behind)
        finally:
            writer.close()

    async def _backend(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The next that takes a connection; None where all refuse."""
        for _ in self.ports:
            port = self.ports[self._next % len(self.ports)]
            self._next += 1
            with suppress(OSError):
                found = await asyncio.open_connection(LOOPBACK, port)
                self.taken[port] += 1
                return found
        return None


async def _pass_on(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    ways = [asyncio.create_task(_pump(one[0], other[1])), asyncio.create_task(_pump(other[0], one[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        other[1].close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def balancer(ports: Sequence[int]) -> AsyncIterator[Balancer]:
    """One on a free loopback port, while the block lasts."""
    found = Balancer(ports)
    server = await asyncio.start_server(found.connected, LOOPBACK, 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
