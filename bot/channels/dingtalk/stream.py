"""Stream mode: a connection of ours to the platform, by which messages and taps come in without a public address.

Several connections of one app share its messages at random (page "configure-stream-push"), so one process runs this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import httpx
import structlog
from pydantic import BaseModel, Field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI

from bot.channels import ChannelError, ChannelRefused, UntrustedEnvelope
from bot.channels.dingtalk import problems
from bot.channels.dingtalk.answering import Answering, OnOutcome
from bot.channels.dingtalk.backoff import Backoff
from bot.channels.dingtalk.cards import robot_code
from bot.channels.dingtalk.frames import SUBSCRIPTIONS
from bot.channels.dingtalk.open_taps import OpenTaps
from bot.channels.dingtalk.payload import shaped
from bot.channels.dingtalk.session import Session, first_of
from bot.settings import DingTalkSettings

log = structlog.get_logger()
OPEN = "/v1.0/gateway/connections/open"
TIMEOUT_S = 10.0
LARGEST_FRAME = 1024 * 1024
KEEPALIVE_S = 20.0
"""A half-open socket is noticed by pings of our own: users report connections that died silently for hours."""


class _Opened(BaseModel):
    endpoint: str
    ticket: str = Field(min_length=1)


class Stream:
    """`on_outcome` gets what arrives and returns, for a tap, the body that changes its card (or None).

    It should save and return within milliseconds: only then is the platform answered. What it raises is answered with
    500. Words are handed on in order; taps beside them.
    """

    def __init__(
        self,
        settings: DingTalkSettings,
        on_outcome: OnOutcome,
        *,
        http: httpx.AsyncClient | None = None,
        taps: OpenTaps | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        backoff: Backoff | None = None,
    ) -> None:
        self.connected = asyncio.Event()
        """Set while a connection stands (for readiness)."""
        self._settings = settings
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT_S)
        self._owns_http = http is None
        self._answering = Answering(robot_code(settings), on_outcome, taps or OpenTaps(), clock)
        self._backoff = backoff or Backoff()
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()

    async def run(self) -> None:
        """Until `stop`, connecting again whenever a connection ends; one cancellation ends it too."""
        self._stopped.clear()
        try:
            async with asyncio.TaskGroup() as sessions:
                while not self._stopping.is_set():
                    lasted = await self._connect_once(sessions)
                    await self._pause(self._backoff.after(lasted))
        finally:
            self.connected.clear()
            await self._answering.finish()
            if self._owns_http:
                await self._http.aclose()
            self._stopped.set()

    async def stop(self) -> None:
        """Answer what is in hand, hang up, and let `run` return; waits until it has."""
        self._stopping.set()
        await self._stopped.wait()

    async def _connect_once(self, sessions: asyncio.TaskGroup) -> float:
        """How long the connection was the one in use; 0 where there was none."""
        now = asyncio.get_running_loop().time
        try:
            socket = await self._open()
        except (ChannelError, OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            alert = isinstance(error, ChannelRefused)
            (log.error if alert else log.warning)("dingtalk_stream_unavailable", reason=_reason(error))
            return 0.0
        since = now()
        session = Session(socket, self._answering)
        sessions.create_task(session.run())
        self.connected.set()
        log.info("dingtalk_stream_connected")
        await first_of(session.leaving, self._stopping)
        self.connected.clear()
        if self._stopping.is_set():
            await session.close()
        else:
            sessions.create_task(session.retire(self._stopping))
        return max(now() - since, 1e-6)

    async def _open(self) -> ClientConnection:
        opened = await self._ask_for_endpoint()
        endpoint = urlsplit(opened.endpoint)
        wanted = ("wss",) if self._settings.api_base.startswith("https:") else ("ws", "wss")
        if endpoint.scheme not in wanted:
            raise ChannelRefused(
                f"DingTalk offers an endpoint by {endpoint.scheme or 'nothing'}, not by {wanted[0]}"
            )
        return await connect(
            f"{opened.endpoint}?{urlencode({'ticket': opened.ticket})}",
            open_timeout=TIMEOUT_S,
            ping_interval=KEEPALIVE_S,
            ping_timeout=KEEPALIVE_S,
            max_size=LARGEST_FRAME,
            user_agent_header="yiju",
        )

    async def _ask_for_endpoint(self) -> _Opened:
        """The ticket is good once, for 90 seconds; it is a secret and stays out of the log."""
        body = {
            "clientId": self._settings.client_id,
            "clientSecret": self._settings.client_secret.get_secret_value(),
            "subscriptions": list(SUBSCRIPTIONS),
            "ua": "yiju",
        }
        headers = {"Accept": "application/json"}  # without it the gateway may answer in XML
        try:
            response = await self._http.post(
                f"{self._settings.api_base}{OPEN}", json=body, headers=headers, timeout=TIMEOUT_S
            )
        except httpx.RequestError as error:
            raise problems.of_transport(error) from error
        if problem := problems.of_response(response):
            raise problem
        try:
            return shaped(_Opened, response.json())
        except UntrustedEnvelope as error:
            raise ChannelRefused("DingTalk answered without endpoint and ticket", "shape") from error

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _reason(error: BaseException) -> str:
    """Without the address, which holds the ticket."""
    return str(error) if isinstance(error, ChannelError) else type(error).__name__
