"""Which records of which systems are one customer: by keys that prove it, by names that suggest it, by a person's word.

A name alone never links: it makes candidates, which a person confirms. What was decided is kept with its history.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from crm_bridge.lineage import system_name
from crm_bridge.model import AccountId, AccountName
from crm_bridge.names import accounts_named
from crm_bridge.tables import IdentityMoveRow, IdentityRow

CERTAIN = 0.9
"""From here on a key links without a person."""
_CONFIDENCE = {"credit_code": 0.99, "phone": 0.9, "domain": 0.7, "name": 0.6}
_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of 统一社会信用代码 (GB 32100): no I, O, S, V, Z."""
_PUBLIC_MAIL = frozenset(
    ["qq.com", "163.com", "126.com", "sina.com", "sohu.com", "gmail.com", "outlook.com", "hotmail.com", "foxmail.com", "139.com", "189.cn", "yeah.net", "aliyun.com", "icloud.com"]
)  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """What can tell a company from another, as a system holds it."""

    credit_code: str = ""
    phones: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    """Of e-mail addresses or web sites."""
    name: str = ""


@dataclass(frozen=True)
class Candidate:
    """An account that may be meant, and what speaks for it."""

    account: AccountId
    by: str
    confidence: float


@dataclass(frozen=True)
class Candidates:
    """Nothing is certain: a person chooses. The likeliest first; there may be none."""

    found: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Profile:
    """Keys of an account that is known."""

    account: AccountId
    keys: Keys = field(default_factory=Keys)


def resolve(
    session: Session,
    system: str,
    external: str,
    hints: Keys,
    profiles: Iterable[Profile] = (),
    directory: Sequence[AccountName] = (),
) -> AccountId | Candidates:
    """The account that a record of another system is, or who it may be. Links nothing: `link` does."""
    if known := known_as(session, system, external):
        return known
    found = match(hints, profiles, directory)
    sure = {one.account for one in found if one.confidence >= CERTAIN}
    return sure.pop() if len(sure) == 1 else Candidates(found)


def match(
    hints: Keys, profiles: Iterable[Profile], directory: Sequence[AccountName] = ()
) -> tuple[Candidate, ...]:
    """Each account that shares a key with the hints, by its best key; the likeliest first.

    Two different credit codes are two companies, whatever else they share. A key that several accounts share
    (a switchboard, a group's domain) is no more certain than a name.
    """
    known = list(profiles)
    code = credit_code(hints.credit_code)
    others = {
        one.account for one in known if code and (own := credit_code(one.keys.credit_code)) and own != code
    }
    sharing: dict[str, list[AccountId]] = {
        "credit_code": [one.account for one in known if code and credit_code(one.keys.credit_code) == code],
        "phone": [one.account for one in known if _phones(one.keys) & _phones(hints)],
        "domain": [one.account for one in known if _domains(one.keys) & _domains(hints)],
        "name": [one.id for one in accounts_named(directory, hints.name)] if hints.name else [],
    }
    best: dict[AccountId, Candidate] = {}
    for by, accounts in sharing.items():
        left = [one for one in dict.fromkeys(accounts) if one not in others]
        confidence = _CONFIDENCE[by] if len(left) == 1 else min(_CONFIDENCE[by], _CONFIDENCE["name"])
        for account in left:
            best.setdefault(account, Candidate(account, by, confidence))
    return tuple(sorted(best.values(), key=lambda one: (-one.confidence, one.account)))


def credit_code(text: str) -> str:
    """A 统一社会信用代码 in its plain form; empty where it is none or its check character is wrong."""
    code = re.sub(r"[\s-]", "", text).upper()
    if len(code) != 18 or any(one not in _CODE for one in code) or not code[2:8].isdigit():
        return ""
    return code if code[17] == check_character(code[:17]) else ""


def check_character(seventeen: str) -> str:
    """GB 32100-2015: weights are the powers of 3 modulo 31."""
    total = sum(_CODE.index(one) * pow(3, at, 31) for at, one in enumerate(seventeen))
    return _CODE[(31 - total % 31) % 31]


def _phones(keys: Keys) -> set[str]:
    plain = (
        re.sub(r"^(?:\+?86|0086)(?=1\d{10}$|0\d{9,11}$)", "", re.sub(r"[\s()()-]", "", one))
        for one in keys.phones
    )
    return {one for one in plain if len(one) >= 10}


def _domains(keys: Keys) -> set[str]:
    """Of a company: a public mailbox says nothing."""
    plain = (
        re.sub(r"^.*@|^https?://(?:www\.)?|^www\.|/.*$", "", one.strip().lower()) for one in keys.domains
    )
    return {one for one in plain if "." in one and one not in _PUBLIC_MAIL}


def known_as(session: Session, system: str, external: str) -> AccountId | None:
    """What was linked before."""
    row = session.get(IdentityRow, {"system": system_name(system), "external": external})
    return AccountId(row.account) if row else None


def link(
    session: Session, system: str, external: str, found: Candidate, now: datetime, confirmed_by: str = ""
) -> None:
    """This record is that account. Raises `ValueError` for a guess that nobody confirmed."""
    if found.confidence < CERTAIN and not confirmed_by:
        raise ValueError(f"{found.by} ({found.confidence}) is no proof; it needs a person's confirmation")
    what = "confirmed" if confirmed_by else "linked"
    _set(session, system, external, found, now, what, confirmed_by, why=found.by)


def merge(session: Session, gone: AccountId, into: AccountId, who: str, why: str, now: datetime) -> int:
    """Two accounts were one all along: every record of the one is the other's. Returns how many moved."""
    rows = session.execute(select(IdentityRow).where(col(IdentityRow.account) == gone)).scalars().all()
    for row in rows:
        _set(session, row.system, row.external, Candidate(into, "person", 1.0), now, "merged", who, why)
    return len(rows)


def split(
    session: Session, system: str, external: str, to: AccountId, who: str, why: str, now: datetime
) -> None:
    """This record was taken for another customer's. Raises `KeyError` where it is not known."""
    if known_as(session, system, external) is None:
        raise KeyError((system, external))
    _set(session, system, external, Candidate(to, "person", 1.0), now, "split", who, why)


def history(session: Session, system: str, external: str) -> Sequence[IdentityMoveRow]:
    """What was decided of the record, oldest first."""
    of = select(IdentityMoveRow).where(
        col(IdentityMoveRow.system) == system_name(system), col(IdentityMoveRow.external) == external
    )
    return session.execute(of.order_by(col(IdentityMoveRow.seq))).scalars().all()


def _set(
    session: Session,
    system: str,
    external: str,
    found: Candidate,
    now: datetime,
    what: str,
    who: str,
    why: str,
) -> None:
    name = system_name(system)
    row = session.get(IdentityRow, {"system": name, "external": external}, with_for_update=True)
    before = row.account if row else ""
    row = row or IdentityRow(
        system=name,
        external=external,
        account=found.account,
        by=found.by,
        confidence=found.confidence,
        at=now,
    )
    row.account, row.by, row.confidence, row.at = found.account, found.by, found.confidence, now
    row.confirmed_by = who or row.confirmed_by
    session.add(row)
    move = IdentityMoveRow(
        system=name,
        external=external,
        what=what,
        before=before,
        after=found.account,
        why=why,
        who=who,
        at=now,
    )
    session.add(move)
    session.flush()
