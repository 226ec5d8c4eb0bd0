"""Wake-ups between processes. The database is the truth: a lost wake-up costs a second, never a message.

Names of queues that a commit added to go out to every process; whoever works such a queue looks at once instead of at
its next sweep. Nothing is kept by the bus, so nothing is lost with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import structlog

from bot.errors import InvalidInput

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = structlog.get_logger()
Woken = Callable[[frozenset[str]], None]
LOCAL = "local:"
RETRY_S = 2.0


class Bus(Protocol):
    """Carries names of queues. `announce` may be called from any thread; `woken` is called in the event loop's."""

    async def start(self, woken: Woken) -> None: ...
    def announce(self, names: frozenset[str]) -> None: ...
    async def stop(self) -> None: ...
    def problem(self) -> str:
        """Empty, or why other processes hear nothing just now."""


class LocalBus:
    """One process: a call in its own loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken: Woken = lambda names: None

    async def start(self, woken: Woken) -> None:
        self._loop, self._woken = asyncio.get_running_loop(), woken

    def announce(self, names: frozenset[str]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken, names)

    async def stop(self) -> None:
        self._loop = None

    def problem(self) -> str:
        return ""


class NatsBus:
    """Many processes. Our own queues are woken at once, the others' by a message to all.

    A server that is away is looked for again and again; until then, processes find work by their sweep.
    """

    def __init__(self, url: str, installation: str) -> None:
        """`installation`: what tells two installations on one server apart (the address of their database)."""
        self._url = url
        self._subject = f"yiju.{hashlib.sha256(installation.encode()).hexdigest()[:12]}.wake"
        self._here = LocalBus()
        self._woken: Woken = lambda names: None
        self._waiting: set[str] = set()
        self._client: Client | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self, woken: Woken) -> None:
        self._woken, self._loop = woken, asyncio.get_running_loop()
        await self._here.start(woken)
        self._connecting = asyncio.create_task(self._connect())

    def announce(self, names: frozenset[str]) -> None:
        self._here.announce(names)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._tell, names)

    async def stop(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        if self._client is not None:
            with contextlib.suppress(Exception):  # it may be away, and nothing in it is worth waiting for
                await asyncio.wait_for(self._client.drain(), 2)
            await self._client.close()
        await self._here.stop()
        self._loop = None

    def problem(self) -> str:
        if self._client is not None and self._client.is_connected:
            return ""
        return f"NATS at {_shown(self._url)} does not answer; work is found by looking once a second"

    async def _connect(self) -> None:
        """Until there is a connection; later losses are the client's own to mend."""
        import nats

        while self._client is None:
            try:
                self._client = await nats.connect(
                    self._url,
                    name="yiju",
                    no_echo=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=1,
                    connect_timeout=2,
                    error_cb=self._trouble,
                    disconnected_cb=self._gone,
                    reconnected_cb=self._back,
                )
            except (nats.errors.Error, OSError, TimeoutError) as error:
                await self._trouble(error)
                await asyncio.sleep(RETRY_S)
        await self._client.subscribe(self._subject, cb=self._heard)

    def _tell(self, names: frozenset[str]) -> None:
        """Commits of one moment go out as one message: a burst must not cost a message each."""
        if self._client is None or not self._client.is_connected:
            return
        if not self._waiting and self._loop is not None:
            self._loop.call_soon(self._send)
        self._waiting |= names

    def _send(self) -> None:
        names, self._waiting = ",".join(sorted(self._waiting)), set()
        client = self._client
        if client is not None and client.is_connected:
            task = asyncio.ensure_future(client.publish(self._subject, names.encode()))
            task.add_done_callback(_ignore)

    async def _heard(self, message: Msg) -> None:
        self._woken(frozenset(message.data.decode(errors="replace").split(",")))

    async def _trouble(self, error: Exception) -> None:
        log.warning("bus_trouble", bus=_shown(self._url), reason=f"{type(error).__name__}: {error}")

    async def _gone(self) -> None:
        log.warning("bus_away", bus=_shown(self._url), reason="disconnected")

    async def _back(self) -> None:
        log.info("bus_back", bus=_shown(self._url))


def open_bus(url: str, installation: str) -> Bus:
    """By its address: `local:` or `nats://host:port`. Raises `InvalidInput`."""
    if url == LOCAL:
        return LocalBus()
    if urlsplit(url).scheme in {"nats", "tls"}:
        return NatsBus(url, installation)
    raise InvalidInput(f"bus {_shown(url)!r}; expected local: or nats://host:4222; check YIJU_BUS_URL")


def _shown(url: str) -> str:
    """Without the password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def _ignore(task: asyncio.Future[Any]) -> None:
    """A wake-up that could not be sent is made up for by the sweep."""
    if not task.cancelled() and (error := task.exception()):
        log.info("wake_up_lost", reason=str(error))
