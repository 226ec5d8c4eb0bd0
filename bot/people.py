"""Users, roles and teams: who speaks, and whose customers and cards are theirs to decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, or_, select, update
from sqlmodel import Session, col

from bot.conversation import UserId
from bot.errors import InvalidInput, NotFound
from bot.tables import UserRow

PLATFORMS = {"wecom": "企业微信", "dingtalk": "钉钉"}
"""Where a person has an id of their own: as code and as people call it."""


class Role(StrEnum):
    REP = "rep"
    MANAGER = "manager"
    TRAINER = "trainer"
    ADMIN = "admin"


@dataclass(frozen=True)
class Person:
    id: UserId
    name: str
    role: Role
    manager: UserId | None = None
    wecom: str | None = None
    dingtalk: str | None = None
    tone: str = "warm"
    last_channel: str | None = None
    active: bool = True

    def may_decide_for(self, rep: Person) -> bool:
        """The rep the card was shown to, or that rep's manager, as long as they work here."""
        return self.active and (self.id == rep.id or (self.role is Role.MANAGER and rep.manager == self.id))

    def address(self, channel: str) -> str | None:
        """The person's id on a platform. The simulator uses our own ids."""
        return {"wecom": self.wecom, "wecom_bot": self.wecom, "dingtalk": self.dingtalk}.get(
            channel, str(self.id)
        )


def by_id(session: Session, user: str) -> Person:
    if found := find(session, user):
        return found
    raise NotFound(f"there is no user {user}; `yiju users list` shows who there is")


def find(session: Session, user: str) -> Person | None:
    row = session.get(UserRow, user)
    return _person(row) if row else None


def by_address(session: Session, channel: str, address: str) -> Person | None:
    """Whom a platform means. WeCom's ids are case-insensitive and come back lower-cased here and there."""
    row = session.execute(_at_address(_address_column(channel)), {"address": address.lower()}).first()
    return _person(row) if row else None


def name_of(session: Session, user: str) -> str:
    """As colleagues call them; the id of somebody who is not among our users."""
    row = session.get(UserRow, user)
    return row.name if row else user


def team(session: Session, manager: Person) -> Sequence[Person]:
    """Whose manager this is."""
    return [_person(row) for row in session.execute(_TEAM, {"manager": manager.id})]


def everyone(session: Session) -> Sequence[Person]:
    return [_person(row) for row in session.execute(select(UserRow).order_by(col(UserRow.id))).scalars()]


def page(session: Session, first: int, most: int, words: str = "") -> tuple[Sequence[Person], int]:
    """Some people by id, those whose name or id contains the words; and how many there are in all."""
    named = or_(
        col(UserRow.name).contains(words, autoescape=True), col(UserRow.id).contains(words, autoescape=True)
    )
    rows = select(UserRow).where(named).order_by(col(UserRow.id)).offset(first).limit(most)
    total: int = session.execute(select(func.count()).select_from(UserRow).where(named)).scalar_one()
    return [_person(row) for row in session.execute(rows).scalars()], total


def names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """How these people are called, by id; who is not known is left out."""
    query = select(col(UserRow.id), col(UserRow.name)).where(col(UserRow.id).in_(set(ids)))
    return {one: name for one, name in session.execute(query)}


def managers(session: Session) -> Sequence[Person]:
    """Who is a manager, and who was while others still have them as theirs."""
    named = select(col(UserRow.manager)).where(col(UserRow.manager).is_not(None))
    either = or_(col(UserRow.role) == Role.MANAGER.value, col(UserRow.id).in_(named))
    query = select(UserRow).where(either).order_by(col(UserRow.id))
    return [_person(row) for row in session.execute(query).scalars()]


def admins(session: Session) -> Sequence[Person]:
    return [person for person in everyone(session) if person.role is Role.ADMIN]


def may_see(viewer: Person, owner: Person | None) -> bool:
    """A rep sees own customers, a manager the team's, an admin all (to mend things, not to decide)."""
    if viewer.role is Role.ADMIN and viewer.active:
        return True
    return owner is not None and viewer.may_decide_for(owner)


def add(session: Session, person: Person) -> None:
    """Add or change a user. Raises `InvalidInput` where a platform id belongs to somebody else."""
    for channel, called in PLATFORMS.items():
        address = person.address(channel)
        holder = session.execute(_spelled(channel, address)).scalar() if address else None
        if holder and holder.id != person.id:
            raise InvalidInput(f"{called} ID {address} 已经是 {holder.name}({holder.id})的,请先在那里去掉。")
    if person.manager and session.get(UserRow, person.manager) is None:
        raise InvalidInput(f"没有 {person.manager} 这个人,不能做 {person.name} 的主管;请先新增主管。")
    session.merge(UserRow(**vars(person) | {"role": person.role.value}))
    session.flush()


def remember_channel(session: Session, person: Person, channel: str) -> None:
    if person.last_channel != channel:
        session.execute(_LAST_CHANNEL, {"person": person.id, "last_channel": channel})


_USERS = UserRow.__table__  # type: ignore[attr-defined]
# What every turn asks is plain and built once: that costs less than running it.
_TEAM = select(_USERS).where(_USERS.c.manager == bindparam("manager"))
_LAST_CHANNEL = update(_USERS).where(_USERS.c.id == bindparam("person"))


@cache
def _at_address(column: str) -> Select[Any]:
    """Who works here and has `:address` (lower case) there."""
    is_theirs = func.lower(_USERS.c[column]) == bindparam("address")
    return select(_USERS).where(is_theirs, _USERS.c.active.is_(True))


def _address_column(channel: str) -> str:
    return {"wecom": "wecom", "wecom_bot": "wecom", "dingtalk": "dingtalk"}.get(channel, "id")


def _spelled(channel: str, address: str) -> Select[UserRow]:
    column = getattr(UserRow, _address_column(channel))
    return select(UserRow).where(func.lower(column) == address.lower())


def _person(row: UserRow | Row[Any]) -> Person:
    return Person(
        id=UserId(row.id),
        name=row.name,
        role=Role(row.role),
        manager=UserId(row.manager) if row.manager else None,
        wecom=row.wecom,
        dingtalk=row.dingtalk,
        tone=row.tone,
        last_channel=row.last_channel,
        active=row.active,
    )
