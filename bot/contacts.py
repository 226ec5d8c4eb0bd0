"""Which customer an external contact of WeCom is: said by a rep once, kept in the identity map, written into the journal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from bot import journal, people
from bot.customers import Directory
from bot.errors import InvalidInput, NotAllowed
from bot.people import Person
from crm_bridge import AccountId, AccountName, unique
from crm_bridge.identity import Candidate, known_as, link
from crm_bridge.tables import IdentityMoveRow, IdentityRow
from prompts import phrase

SYSTEM = "wecom"
"""Whose ids these are, in the identity map."""
MOST_OFFERED = 20
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Whose:
    """What is known of a contact, as one person may know it. Neither is set where nobody said yet who it is."""

    account: AccountName | None = None
    owner: str = ""
    """Another rep's customer: who looks after them."""


def checked(external: str) -> str:
    """The id of an external contact. Raises `InvalidInput` for what cannot be one."""
    if not _ID.fullmatch(external):
        raise InvalidInput(phrase("contact_no_id"))
    return external


def whose(session: Session, external: str, directory: Directory) -> Whose:
    """The customer that the contact was said to be; nobody's where the CRM does not know that customer any more."""
    known = known_as(session, SYSTEM, external)
    account = directory.by_id.get(known) if known else None
    if account is None:
        return Whose()
    if account.id not in directory.visible:
        return Whose(owner=people.name_of(session, account.owner))
    return Whose(account)


def offered(directory: Directory, words: str, called: Sequence[str]) -> tuple[AccountName, ...]:
    """Customers to choose from: the person's own whose names hold the words, likeliest first.

    `called`: the contact's companies and own name; without words, customers that know these come before the others.
    """
    own = [account for account in directory.by_id.values() if account.id in directory.visible]
    if wanted := words.strip():
        found = unique(directory.find(wanted))
        own = [one for one in own if one in found or any(wanted in name for name in (one.name, *one.also))]
    else:
        found = tuple(one for name in called for one in unique(directory.find(name)))
    return tuple(sorted(own, key=lambda one: (one not in found, one.name))[:MOST_OFFERED])


def say_whose(
    session: Session, external: str, account: str, directory: Directory, by: Person, now: datetime
) -> AccountName:
    """From now on the contact is this customer; whoever may see that customer may say otherwise later.

    Raises `NotAllowed` for a customer that is not the person's own, and for a contact that is another rep's customer.
    """
    chosen = directory.by_id.get(AccountId(account))
    if chosen is None or chosen.id not in directory.visible:
        raise NotAllowed(phrase("contact_not_your_customer"))
    if owner := whose(session, external, directory).owner:
        raise NotAllowed(phrase("contact_theirs", owner=owner))
    before = known_as(session, SYSTEM, external) or ""
    link(session, SYSTEM, external, Candidate(chosen.id, "person", 1.0), now, confirmed_by=by.id)
    body = {"contact": external, "account": chosen.id, "before": before}
    journal.append(session, who=by.id, what="ContactLinked", subject=_subject(chosen.id), at=now, body=body)
    return chosen


def forget(session: Session, account: str) -> int:
    """Nobody is this customer any more, and nothing tells who was. Returns how many links are gone."""
    of = col(IdentityRow.system) == SYSTEM, col(IdentityRow.account) == account
    known = session.execute(select(col(IdentityRow.external)).where(*of)).scalars().all()
    session.execute(delete(IdentityRow).where(*of))
    moves = col(IdentityMoveRow.system) == SYSTEM, col(IdentityMoveRow.external).in_(known)
    session.execute(delete(IdentityMoveRow).where(*moves))
    for line in list(journal.lines(session, _subject(account))):
        journal.forget(session, line)
    return len(known)


def _subject(account: str) -> str:
    return f"contact-of:{account}"
