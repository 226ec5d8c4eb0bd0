"""How much one person may be sent. WeCom drops the excess in silence, so it must never be sent.

"发送应用消息" (path/90236): 30 messages a minute and 1000 an hour, per app and person.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from bot.channels import ChannelBusy


@dataclass(frozen=True)
class Limits:
    """`burst` at once, and that many again over `seconds`.

    A leaky bucket lets burst + burst × (window / seconds) through in any window: with 15 and 60 that is 30 in a
    minute and 915 in an hour, within both limits. Several processes that send to the same person share the limits:
    give each its part.
    """

    burst: int = 15
    seconds: float = 60.0
    parallel: int = 8
    """Calls at once; too many are answered with 45033."""


class Pace:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._people: dict[str, AsyncLimiter] = {}

    async def take(self, person: str, messages: int) -> None:
        """Room for that many messages together, or `ChannelBusy` that says when there will be."""
        wanted = min(messages, self._limits.burst)
        limiter = self._people.setdefault(
            person.lower(), AsyncLimiter(self._limits.burst, self._limits.seconds)
        )
        if not limiter.has_capacity(wanted):
            after = wanted * self._limits.seconds / self._limits.burst
            raise ChannelBusy(f"{person} was sent as much as WeCom delivers in a minute", "pace", after)
        await limiter.acquire(wanted)
