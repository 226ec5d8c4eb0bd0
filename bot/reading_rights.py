"""Which documents a person may read, and how people call, choose and write that."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlmodel import Session

from bot import people
from bot.errors import InvalidInput
from bot.people import Person, Role
from knowledge import ANYONE, EVERYONE, KEEPER, MANAGERS, TEAM, Library, Passage, Reader, team_of
from prompts import phrase

KEEPERS = frozenset({Role.TRAINER, Role.ADMIN})
"""Who keeps the documents reads them all."""
_MARK = re.compile(r"\s*[【\[(（](所有人|仅主管|本团队)[】\])）]\s*")


def reader_of(person: Person) -> Reader:
    """A rep reads what is for everyone and for their team; a manager also what reps do not."""
    if not person.active:
        return ANYONE
    if person.role in KEEPERS:
        return KEEPER
    is_manager = person.role is Role.MANAGER
    teams = {str(person.manager)} if person.manager else set()
    return Reader(frozenset(teams | {str(person.id)} if is_manager else teams), is_manager)


def may_read(library: Library, passage_id: str, reader: Reader) -> bool:
    """Whether a passage that a decision quotes may be shown; one that is gone shows nothing by its id. Blocks."""
    found = library.passage(passage_id)
    return found is None or reader.may_read(found.visibility)


def may_show(passage: Passage, customer: str | None, reader: Reader) -> bool:
    """Whether a passage may be shown to this reader as the source of a decision about this customer."""
    return passage.customer in {None, customer} and reader.may_read(passage.visibility)


def own_team(person: Person) -> str:
    """The visibility of what is for this person's team alone. Raises `InvalidInput` where they have none."""
    if person.role is Role.MANAGER:
        return f"{TEAM}{person.id}"
    if person.manager:
        return f"{TEAM}{person.manager}"
    raise InvalidInput(phrase("visibility_no_team", name=person.name))


def called(visibility: str, everyone: Iterable[Person]) -> str:
    """As people say it."""
    if (team := team_of(visibility)) is not None:
        name = next((one.name for one in everyone if one.id == team), team)
        return phrase("visibility_team", name=name)
    names = {EVERYONE: "visibility_everyone", MANAGERS: "visibility_managers"}
    return phrase(names[visibility]) if visibility in names else visibility


def choices(session: Session, person: Person) -> dict[str, str]:
    """What this person may choose for a document: visibility → how it is called."""
    everyone = people.everyone(session)
    reader = reader_of(person)
    teams = [f"{TEAM}{one.id}" for one in everyone if one.role is Role.MANAGER and one.active]
    return {one: called(one, everyone) for one in (EVERYONE, *teams, MANAGERS) if reader.may_read(one)}


def marked(name: str, person: Person | None = None) -> tuple[str, str | None]:
    """A file's name without the mark that says who may read it, and what that means: 价格底线【仅主管】.xlsx.

    Raises `InvalidInput` where the mark means the team of somebody who has none.
    """
    found = _MARK.search(name)
    if found is None:
        return name, None
    plain = f"{name[: found.start()]}{name[found.end() :]}"
    if found[1] == "本团队":
        if person is None:
            raise InvalidInput(phrase("visibility_whose_team"))
        return plain, own_team(person)
    return plain, EVERYONE if found[1] == "所有人" else MANAGERS
