"""Who may read a document, besides for whose customer it is: a word that is stored with it, and a reader held against it."""

from __future__ import annotations

import re
from dataclasses import dataclass

EVERYONE = "everyone"
MANAGERS = "managers"
"""Nobody who sells."""
TEAM = "team:"
"""With a team's name behind it: the people of that team alone."""
_KNOWN = re.compile(rf"{EVERYONE}|{MANAGERS}|{TEAM}\S.{{0,119}}")


@dataclass(frozen=True)
class Reader:
    """Somebody who asks, as documents see them."""

    teams: frozenset[str] = frozenset()
    managers: bool = False
    everything: bool = False
    """Keeps the documents."""

    @property
    def visibilities(self) -> tuple[str, ...] | None:
        """What they may read; None: everything."""
        if self.everything:
            return None
        return (
            EVERYONE,
            *([MANAGERS] if self.managers else []),
            *(f"{TEAM}{one}" for one in sorted(self.teams)),
        )

    def may_read(self, visibility: str) -> bool:
        """Of a visibility that nobody knows: only who keeps the documents."""
        return self.visibilities is None or visibility in self.visibilities


ANYONE = Reader()
"""Reads what everyone may read: who asks without saying who they are."""
KEEPER = Reader(everything=True)


def is_visibility(word: str) -> bool:
    return _KNOWN.fullmatch(word) is not None


def team_of(visibility: str) -> str | None:
    """The team that a visibility names."""
    return visibility.removeprefix(TEAM) if visibility.startswith(TEAM) else None
