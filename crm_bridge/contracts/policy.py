"""Who may read which field for what: role × purpose × field, one denial outweighs all allowances."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from crm_bridge.contracts.model import PURPOSES, ROLES, DataContract
from crm_bridge.model import Account, Contact, Field

MODEL = Path(__file__).with_name("policy.conf")
SHIPPED = Path(__file__).with_name("policy.csv")
REMEMBERED = 4096
SHORTEST = 3
"""A value of three characters or fewer (A 级, 没有) stands in many a sentence that is not about it."""


class PolicyUnusable(Exception):
    """The policy file cannot be used; the message names the line."""


@dataclass(frozen=True)
class Verdict:
    """Whether it is allowed, and the line that said so; no line: nothing allows it."""

    allowed: bool
    rule: str


class FieldPolicy:
    """The policy, and where there is a data contract its purposes and readers too. Decisions are remembered: neither
    changes while a process runs."""

    def __init__(self, path: Path = SHIPPED, contract: DataContract | None = None) -> None:
        """Raises `PolicyUnusable`."""
        if faults := list(policy_faults(path)):
            raise PolicyUnusable("\n".join(f"{path.name}: {fault}" for fault in faults))
        self._path = path
        self._contract = contract
        self._enforcer: Any = None
        self.decide = lru_cache(REMEMBERED)(self._decide)

    def allows(self, role: str, purpose: str, field: str) -> bool:
        return self.decide(role, purpose, field).allowed

    def _decide(self, role: str, purpose: str, field: str) -> Verdict:
        if purpose not in PURPOSES:
            raise ValueError(f"purpose {purpose!r}; known: {', '.join(PURPOSES)}")
        if self._enforcer is None:
            import casbin

            self._enforcer = casbin.Enforcer(str(MODEL), str(self._path))
        allowed, rule = self._enforcer.enforce_ex(role, purpose, field)
        if allowed and self._contract and (why := _outside(self._contract, role, purpose, field)):
            return Verdict(False, f"{self._contract.stamp} {field}: {why}")
        return Verdict(bool(allowed), ", ".join(rule))

    def visible(self, account: Account, role: str, purpose: str) -> Account:
        """The account without what the role may not read for this purpose; numbers of people leave their ends."""

        def sees(kind: str, name: str) -> bool:
            return self.decide(role, purpose, f"{kind}.{name}").allowed

        def kept(kind: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
            return tuple(one for one in fields if sees(kind, one.name))

        def person(one: Contact) -> Contact:
            return one if sees("contact", "phone") else replace(one, phone=ends_of(one.phone))

        return replace(
            account,
            fields=kept("account", account.fields),
            contacts=tuple(person(one) for one in account.contacts) if sees("contact", "name") else (),
            records=tuple(replace(one, fields=kept(one.kind, one.fields)) for one in account.records),
        )

    def withheld(self, account: Account, role: str, purpose: str) -> tuple[str, ...]:
        """The words of an account that must not be told, as they would stand in a text."""

        def found() -> Iterator[str]:
            for kind, one in _all_fields(account):
                says = one.value not in (None, "", 0, "0") and len(one.shown) > SHORTEST
                if says and not self.allows(role, purpose, f"{kind}.{one.name}"):
                    yield one.shown
            for contact in account.contacts:
                for name, value in (("name", contact.name), ("phone", contact.phone)):
                    if value and not self.allows(role, purpose, f"contact.{name}"):
                        yield value

        return tuple(dict.fromkeys(found()))

    def untold(self, account: Account) -> tuple[str, ...]:
        """What is left out of what a language model is told of this account's papers and words: names of its people,
        and what the policy keeps from it."""
        names = (one.name for one in account.contacts)
        return tuple(dict.fromkeys((*names, *self.withheld(account, "model", "prompt"))))


def _outside(contract: DataContract, role: str, purpose: str, field: str) -> str:
    """What of the contract stands against it; empty: nothing."""
    rule = contract.get(field)
    if rule is None:
        return "not in the contract"
    if purpose not in rule.purposes:
        return "purposes"
    return "" if role in rule.readers else "allowedReaders"


def _all_fields(account: Account) -> Iterator[tuple[str, Field]]:
    yield from (("account", one) for one in account.fields)
    for record in account.records:
        yield from ((record.kind, one) for one in record.fields)


def open_policy(folder: Path | None = None, contract: DataContract | None = None) -> FieldPolicy:
    """The company's own where there is one. Raises `PolicyUnusable`."""
    return FieldPolicy(policy_file(folder), contract)


def policy_file(folder: Path | None = None) -> Path:
    own = folder / SHIPPED.name if folder else None
    return own if own is not None and own.exists() else SHIPPED


def policy_faults(path: Path) -> Iterator[str]:
    """Lines that casbin would take for something else than what was meant."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        yield f"cannot be read: {error}"
        return
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != 5 or cells[0] != "p" or cells[4] not in {"allow", "deny"}:
            yield f"line {number}: write p, role, purpose, field, allow|deny"
        elif cells[1] not in {"*", *ROLES}:
            yield f"line {number}: role {cells[1]!r}; known: {', '.join(ROLES)}"
        elif cells[2] not in {"*", *PURPOSES}:
            yield f"line {number}: purpose {cells[2]!r}; known: {', '.join(PURPOSES)}"


def ends_of(number: str) -> str:
    """138****8000: enough to recognise a number one knows."""
    digits = re.sub(r"\D", "", number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 10 else "****" if digits else ""
