"""Bodies of unknown size: read as they come, up to a limit."""

from __future__ import annotations

import httpx

from bot.channels import ChannelRefused


async def within(response: httpx.Response, most: int) -> bytes:
    """The body of a streamed answer. Raises `ChannelRefused` (`too_large`) as soon as it is more than `most` bytes."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most:
            raise ChannelRefused(f"the file is larger than {most} bytes", "too_large")
    return bytes(body)
