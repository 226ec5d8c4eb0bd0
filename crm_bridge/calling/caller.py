"""One caller for all adapters: rate limits, a circuit breaker, time-outs, and repeats where nothing can happen twice.

A read may be repeated. A write may be repeated where it surely was not done: never sent, throttled, rolled back. A
write whose answer is missing raises `OutcomeUnknown`: ask what its key wrote before trying again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import stamina
from aiolimiter import AsyncLimiter

from crm_bridge.calling.addresses import checked_address, same_origin
from crm_bridge.calling.auth import Auth, NoAuth
from crm_bridge.calling.problems import Judge, Kind, Problem, by_status
from crm_bridge.errors import CrmError, CrmUnavailable, OutcomeUnknown

if TYPE_CHECKING:  # it reads in a Redis client, a tenth of a second that a start without a CRM over the network can do without
    from purgatory import AsyncCircuitBreakerFactory

READS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_DONE = frozenset({Kind.THROTTLED, Kind.BUSY})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class CallRefused(CrmError):
    """The system answered and said no. Adapters turn it into the words a rep needs."""

    def __init__(self, problem: Problem, response: httpx.Response) -> None:
        super().__init__(problem.words or problem.kind)
        self.kind = problem.kind
        self.words = problem.words
        self.response = response


@dataclass(frozen=True)
class Limit:
    """At most so many calls in so many seconds."""

    calls: float
    seconds: float


@dataclass(frozen=True)
class Manner:
    """How a system wants to be called, and how patient we are with it."""

    timeout_s: float = 10.0
    attempts: int = 3
    limits: tuple[Limit, ...] = (Limit(10, 1),)
    side_by_side: int = 4
    breaks_after: int = 5
    """Failures in a row after which it is left alone …"""
    rests_s: float = 15.0
    """… for so long."""
    longest_wait_s: float = 20.0
    """A system that asks for more is treated as asleep."""


class _Again(Exception):
    """Worth another attempt; `error` is what is raised when there is none."""

    def __init__(self, error: CrmError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.wait = error, wait


@dataclass
class _Lane:
    """What belongs to one event loop: a verb of the terminal may run several, one after the other."""

    loop: asyncio.AbstractEventLoop
    client: httpx.AsyncClient
    limiters: list[AsyncLimiter]
    places: asyncio.Semaphore
    breakers: AsyncCircuitBreakerFactory


@dataclass
class Caller:
    """Calls one system. `judge` reads its answers; `transport` stands in for the network in tests."""

    system: str
    base_url: str
    auth: Auth = field(default_factory=NoAuth)
    judge: Judge = by_status
    manner: Manner = Manner()
    headers: Mapping[str, str] = field(default_factory=dict)
    transport: httpx.AsyncBaseTransport | None = None
    _lane: _Lane | None = None

    def __post_init__(self) -> None:
        self.base_url = checked_address(self.base_url)

    async def call(
        self, method: str, path: str, *, repeatable: bool | None = None, **request: Any
    ) -> httpx.Response:
        """The answer, where it is a success. `repeatable`: doing it twice is the same as once (reads are).

        `path` may be a whole address where the system named it itself; it must lead back to the system.
        Raises `CallRefused`, `CrmUnavailable`, and `OutcomeUnknown` for a write that may or may not have been done.
        """
        from purgatory.domain.model import OpenedState

        safe = method.upper() in READS if repeatable is None else repeatable
        lane = self._open()
        breaker = await lane.breakers.get_breaker(self.system, exclude=[CallRefused])
        try:
            async with breaker:
                return await self._with_patience(lane, safe, method, path, request)
        except OpenedState as rests:
            raise CrmUnavailable(
                f"{self.system} failed {self.manner.breaks_after} times and is left alone for {self.manner.rests_s:g} s"
            ) from rests

    async def close(self) -> None:
        lane, self._lane = self._lane, None
        if lane is not None and lane.loop is asyncio.get_running_loop():
            await lane.client.aclose()

    async def _with_patience(
        self, lane: _Lane, safe: bool, method: str, path: str, request: Mapping[str, Any]
    ) -> httpx.Response:
        try:
            async for attempt in stamina.retry_context(
                on=_pause, attempts=self.manner.attempts, timeout=None, wait_initial=0.2, wait_jitter=0.4
            ):
                with attempt:
                    return await self._signed(lane, safe, method, path, request)
        except _Again as again:
            raise again.error from again.__cause__
        raise AssertionError("a retry neither returned nor raised")

    async def _signed(
        self, lane: _Lane, safe: bool, method: str, path: str, request: Mapping[str, Any]
    ) -> httpx.Response:
        """One attempt; two where the session had ended."""
        for last in (not self.auth.renews, True):
            signed = await self.auth.headers(lane.client)
            # only now: signing in may tell another address to call
            response = await self._send(lane, safe, method, self._address(path), signed, request)
            problem = self.judge(response)
            if problem is None:
                return response
            if problem.kind is not Kind.AUTH_EXPIRED or last:
                raise self._raised(problem, response, safe)
            self.auth.forget(signed)
        raise AssertionError("unreachable")

    async def _send(
        self,
        lane: _Lane,
        safe: bool,
        method: str,
        url: str,
        signed: Mapping[str, str],
        request: Mapping[str, Any],
    ) -> httpx.Response:
        headers = {**self.headers, **signed, **(request.get("headers") or {})}
        rest = {name: value for name, value in request.items() if name != "headers"}
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(lane.places)
            for limiter in lane.limiters:
                await turn.enter_async_context(limiter)
            try:
                return await lane.client.request(method, url, headers=headers, **rest)
            except _NEVER_SENT as error:
                asleep = CrmUnavailable(f"{self.system} cannot be reached at {self.base_url}: {_name(error)}")
                raise _Again(asleep) from error
            except httpx.HTTPError as error:
                if safe:
                    raise _Again(CrmUnavailable(f"{self.system} gave no answer: {_name(error)}")) from error
                raise OutcomeUnknown(
                    f"{self.system} gave no answer to a write ({_name(error)}); it may have been done"
                ) from error

    def _raised(self, problem: Problem, response: httpx.Response, safe: bool) -> Exception:
        kind, words = problem.kind, problem.words
        if kind is Kind.AUTH_EXPIRED:
            return CrmUnavailable(f"{self.system} does not accept our credentials: {words}")
        if kind is Kind.STOPPED:
            return CrmUnavailable(f"{self.system} takes no more calls for now: {words}")
        if kind in _NOT_DONE or (kind is Kind.BROKEN and safe):
            asleep = CrmUnavailable(f"{self.system} is busy or broken: {words}")
            wait = problem.wait
            return asleep if wait and wait > self.manner.longest_wait_s else _Again(asleep, wait)
        if kind is Kind.BROKEN:
            return OutcomeUnknown(f"{self.system} broke off a write ({words}); it may have been done")
        return CallRefused(problem, response)

    def _address(self, path: str) -> str:
        if "://" not in path:
            return f"{self.base_url}/{path.lstrip('/')}"
        if not same_origin(self.base_url, path):
            raise CrmUnavailable(f"{self.system} named a page at another address than its own; not followed")
        return path

    def _open(self) -> _Lane:
        from purgatory import AsyncCircuitBreakerFactory

        loop = asyncio.get_running_loop()
        if self._lane is None or self._lane.loop is not loop:
            manner = self.manner
            self._lane = _Lane(
                loop,
                # redirects are not followed: they would carry our credentials to wherever they point
                httpx.AsyncClient(timeout=manner.timeout_s, transport=self.transport),
                [AsyncLimiter(limit.calls, limit.seconds) for limit in manner.limits],
                asyncio.Semaphore(manner.side_by_side),
                AsyncCircuitBreakerFactory(manner.breaks_after, manner.rests_s),
            )
        return self._lane


def _pause(error: Exception) -> bool | float:
    """stamina's question: again, and after how many seconds?"""
    if not isinstance(error, _Again):
        return False
    return error.wait or True


def _name(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
