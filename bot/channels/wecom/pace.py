"""How much one person may be sent. WeCom drops the excess in silence, so it must never be sent.

"发送应用消息" (path/90236): 30 messages a minute and 1000 an hour, per app and person.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from bot.channels import ChannelBusy
from bot.sharing import Allowance


@dataclass(frozen=True)
class Limits:
    """`burst` at once, and that many again over `seconds`.

    A leaky bucket lets burst + burst × (window / seconds) through in any window: with 15 and 60 that is 30 in a
    minute and 915 in an hour, within both limits.
    """

    burst: int = 15
    seconds: float = 60.0
    parallel: int = 8
    """Calls at once; too many are answered with 45033."""


class Pace:
    """`shared`: what other processes of ours sent counts too."""

    def __init__(self, limits: Limits, shared: Allowance | None = None) -> None:
        self._limits = limits
        self._shared = shared
        self._people: dict[str, AsyncLimiter] = {}

    async def take(self, person: str, messages: int) -> None:
        """Room for that many messages together, or `ChannelBusy` that says when there will be."""
        limits = self._limits
        wanted = min(messages, limits.burst)
        if self._shared is not None:
            name = f"wecom:{person.lower()}"
            if after := await self._shared.take(name, wanted, limits.burst, limits.seconds):
                raise _too_much(person, after)
            return
        limiter = self._people.setdefault(
            person.lower(), AsyncLimiter(self._limits.burst, self._limits.seconds)
        )
        if not limiter.has_capacity(wanted):
            raise _too_much(person, wanted * limits.seconds / limits.burst)
        await limiter.acquire(wanted)


def _too_much(person: str, after: float) -> ChannelBusy:
    return ChannelBusy(f"{person} was sent as much as WeCom delivers in a minute", "pace", after)
