"""What verbs of documents share: people by name, and who may read a document, as it is typed."""

from __future__ import annotations

import typer

from bot.cli.opening import open_store
from bot.errors import InvalidInput
from bot.people import Person, everyone
from bot.reading_rights import own_team, reader_of
from knowledge import ANYONE, EVERYONE, MANAGERS, TEAM, Reader, is_visibility, team_of


def person_named(name: str) -> Person:
    """By id or by name. Exits with who there is."""
    with open_store().look() as session:
        people = everyone(session)
    found = [one for one in people if name in (one.id, one.name)]
    if len(found) != 1:
        known = ", ".join(f"{one.id} {one.name}" for one in found or people) or "nobody yet"
        raise typer.BadParameter(f"{name!r} is {len(found)} users; expected one of: {known}")
    return found[0]


def visibility_named(word: str | None, owner: Person | None) -> str | None:
    """`team` alone means the owner's; a team is called by its manager's id or name."""
    if word is None:
        return None
    if word == TEAM.rstrip(":"):
        if owner is None:
            raise typer.BadParameter(f"{word!r} is the team of --owner USER; or write {TEAM}MANAGER")
        try:
            return own_team(owner)
        except InvalidInput as none:
            raise typer.BadParameter(
                f"{owner.id} has no manager, so there is no team; write {TEAM}MANAGER ({none})"
            ) from none
    if team := team_of(word):
        return f"{TEAM}{person_named(team).id}"
    if not is_visibility(word):
        raise typer.BadParameter(f"{word!r}; expected {EVERYONE}, team, {TEAM}MANAGER or {MANAGERS}")
    return word


def reader_named(name: str | None) -> Reader:
    return reader_of(person_named(name)) if name else ANYONE
