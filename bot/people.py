"""Users, roles and teams: who speaks, and whose customers and cards are theirs to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from bot.conversation import UserId
from bot.errors import InvalidInput, NotFound
from bot.tables import UserRow


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
        return {"wecom": self.wecom, "dingtalk": self.dingtalk}.get(channel, str(self.id))


def by_id(session: Session, user: str) -> Person:
    row = session.get(UserRow, user)
    if row is None:
        raise NotFound(f"there is no user {user}; `yiju users list` shows who there is")
    return _person(row)


def by_address(session: Session, channel: str, address: str) -> Person | None:
    """Whom a platform means. WeCom's ids are case-insensitive and come back lower-cased here and there."""
    query = _spelled(channel, address).where(col(UserRow.active).is_(True))
    row = session.execute(query).scalar()
    return _person(row) if row else None


def name_of(session: Session, user: str) -> str:
    """As colleagues call them; the id of somebody who is not among our users."""
    row = session.get(UserRow, user)
    return row.name if row else user


def team(session: Session, manager: Person) -> Sequence[Person]:
    """Whose manager this is."""
    query = select(UserRow).where(col(UserRow.manager) == manager.id)
    return [_person(row) for row in session.execute(query).scalars()]


def everyone(session: Session) -> Sequence[Person]:
    return [_person(row) for row in session.execute(select(UserRow).order_by(col(UserRow.id))).scalars()]


def admins(session: Session) -> Sequence[Person]:
    return [person for person in everyone(session) if person.role is Role.ADMIN]


def may_see(viewer: Person, owner: Person | None) -> bool:
    """A rep sees own customers, a manager the team's, an admin all (to mend things, not to decide)."""
    if viewer.role is Role.ADMIN and viewer.active:
        return True
    return owner is not None and viewer.may_decide_for(owner)


def add(session: Session, person: Person) -> None:
    """Add or change a user. Raises `InvalidInput` where a platform id belongs to somebody else."""
    for channel in ("wecom", "dingtalk"):
        address = person.address(channel)
        holder = session.execute(_spelled(channel, address)).scalar() if address else None
        if holder and holder.id != person.id:
            raise InvalidInput(
                f"{channel} id {address} already belongs to {holder.id}; remove it there first"
            )
    if person.manager and session.get(UserRow, person.manager) is None:
        raise InvalidInput(f"manager {person.manager} of {person.id} is unknown; add the manager first")
    session.merge(UserRow(**vars(person) | {"role": person.role.value}))
    session.flush()


def remember_channel(session: Session, person: Person, channel: str) -> None:
    if person.last_channel != channel and (row := session.get(UserRow, person.id)):
        row.last_channel = channel
        session.add(row)


def _spelled(channel: str, address: str) -> Select[UserRow]:
    column = {"wecom": UserRow.wecom, "dingtalk": UserRow.dingtalk}.get(channel, UserRow.id)
    return select(UserRow).where(func.lower(col(column)) == address.lower())


def _person(row: UserRow) -> Person:
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
