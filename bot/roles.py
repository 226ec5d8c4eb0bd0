"""What a process does: all of it (the default), or one part beside other processes on the same store."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from bot.errors import InvalidInput


class ServerRole(StrEnum):
    GATEWAY = "gateway"
    """Callbacks, API, decision pages: takes in and shows."""
    WORKER = "worker"
    """Turns, messages, actions."""
    SCHEDULER = "scheduler"
    """What the clock does; of several, one leads and the others stand by."""
    CONSOLE = "console"
    """`/console`."""


EVERYTHING = frozenset(ServerRole)


def shows(parts: frozenset[ServerRole]) -> bool:
    """Whether somebody waits at its door. Where nobody does, its machine's processor is for those first."""
    return bool(parts & {ServerRole.GATEWAY, ServerRole.CONSOLE})


def roles(named: Iterable[str]) -> frozenset[ServerRole]:
    """The roles that were asked for, by name, also separated by commas; none or `all` means all.

    Raises `InvalidInput`.
    """
    words = [word.strip() for one in named for word in one.split(",") if word.strip()]
    if not words or "all" in words:
        return EVERYTHING
    known = {role.value for role in ServerRole}
    if unknown := [word for word in words if word not in known]:
        raise InvalidInput(f"role {unknown[0]!r}; expected all, or some of {', '.join(sorted(known))}")
    return frozenset(ServerRole(word) for word in words)
