"""Teams, as the user table has them: a manager and whose manager this is. What lists and the board are narrowed to."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, select
from sqlmodel import Session, col

from bot.people import Person, Role
from bot.tables import DecisionRow, UserRow

NOBODYS = "-"
"""The team of reps who have no manager; no user is called so."""


def teams(session: Session, viewer: Person) -> dict[str, str]:
    """What the viewer may narrow to: manager's id → the team's name. A manager has one team, a rep none."""
    led = select(col(UserRow.manager)).where(col(UserRow.manager).is_not(None))
    query = select(UserRow).where(col(UserRow.id).in_(led)).order_by(col(UserRow.name))
    if viewer.role is not Role.ADMIN:
        query = query.where(col(UserRow.id) == viewer.id)
    found = {row.id: f"{row.name}的团队" for row in session.execute(query).scalars()}
    if viewer.role is Role.ADMIN and session.execute(_unled().limit(1)).first():
        found[NOBODYS] = "没有上级的销售"
    return found


def of_team(team: str) -> ColumnElement[bool]:
    """Decisions of those who are in a team now."""
    return col(DecisionRow.rep).in_(_members(team))


def members(session: Session, team: str) -> set[str]:
    """Their ids."""
    return set(session.execute(_members(team)).scalars())


def _members(team: str) -> Select[str]:
    if team == NOBODYS:
        return _unled()
    return select(col(UserRow.id)).where((col(UserRow.manager) == team) | (col(UserRow.id) == team))


def _unled() -> Select[str]:
    return select(col(UserRow.id)).where(col(UserRow.manager).is_(None), col(UserRow.role) == Role.REP.value)
