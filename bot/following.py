"""With another encoder, what vectors count is chosen anew in the background; answering goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from knowledge import Library
from knowledge.following import follow

FOLLOW_EVERY_S = 60


@dataclass(frozen=True)
class Following:
    library: Library

    async def follow_encoder(self) -> None:
        """One look; two queries where there is nothing to do."""
        await asyncio.to_thread(follow, self.library)
