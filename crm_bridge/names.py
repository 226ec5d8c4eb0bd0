"""Finds customers in a sentence: by full name, short name, alias or contact. Longest match wins."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crm_bridge.model import AccountName

_SUFFIX = re.compile(r"(?:股份有限公司|有限责任公司|有限公司|集团|公司)$")


@dataclass(frozen=True)
class Match:
    """A name found at `start:end` of the sentence; several accounts where it is ambiguous."""

    accounts: tuple[AccountName, ...]
    text: str
    start: int
    end: int
    by: str
    """name, or contact"""


class NameIndex:
    """Built once per directory; a lookup costs one dictionary access per position and name length."""

    def __init__(self, directory: Iterable[AccountName]) -> None:
        self._names: dict[str, list[AccountName]] = {}
        self._contacts: dict[str, list[AccountName]] = {}
        for account in directory:
            for name in {account.name, _SUFFIX.sub("", account.name), *account.also}:
                self._add(self._names, name, account)
            for contact in account.contacts:
                self._add_contact(contact, account)
        self._lengths = sorted({len(name) for name in (*self._names, *self._contacts)}, reverse=True)

    def find(self, sentence: str, scope: frozenset[str] | None = None) -> list[Match]:
        """Matches in order of position. `scope`: account ids among which a contact (王总) may be meant."""
        folded = fold(sentence)
        matches: list[Match] = []
        taken = [False] * len(folded)
        for length in self._lengths:
            for start in range(len(folded) - length + 1):
                words = folded[start : start + length]
                found = self._lookup(words, scope)
                if (
                    found
                    and not any(taken[start : start + length])
                    and _stands_alone(folded, start, start + length)
                ):
                    accounts, by = found
                    taken[start : start + length] = [True] * length
                    matches.append(
                        Match(tuple(accounts), sentence[start : start + length], start, start + length, by)
                    )
        return sorted(matches, key=lambda match: match.start)

    def suggest(self, words: str) -> tuple[AccountName, ...]:
        """Accounts whose name differs from `words` by one character (names of four or more)."""
        folded = fold(words)
        near = [
            accounts for name, accounts in self._names.items() if len(name) >= 4 and _one_off(name, folded)
        ]
        return tuple({account.id: account for accounts in near for account in accounts}.values())[:5]

    def _lookup(self, words: str, scope: frozenset[str] | None) -> tuple[list[AccountName], str] | None:
        if accounts := self._names.get(words):
            return accounts, "name"
        contacts = [one for one in self._contacts.get(words, ()) if scope is None or one.id in scope]
        return (contacts, "contact") if contacts else None

    def _add(self, index: dict[str, list[AccountName]], name: str, account: AccountName) -> None:
        accounts = index.setdefault(fold(name), []) if len(name) >= 2 else []
        if account not in accounts:
            accounts.append(account)

    def _add_contact(self, contact: str, account: AccountName) -> None:
        name, _, title = contact.partition("|")
        self._add(self._contacts, name, account)
        if short := called(name, title):
            self._add(self._contacts, short, account)


def fold(text: str) -> str:
    """Same length as the text, so that positions hold: full-width to half-width, lower case."""
    folded = []
    for character in text:
        plain = unicodedata.normalize("NFKC", character).lower()
        folded.append(plain if len(plain) == 1 else character)
    return "".join(folded)


def called(name: str, title: str) -> str | None:
    """How people call somebody: 王建国, 设备科主任 → 王主任; 王建国, 总经理 → 王总. None where the title says nothing."""
    if not name:
        return None
    if "董事长" in title:
        return f"{name[0]}董"
    if "总经理" in title or "总裁" in title or title.endswith("总"):
        return f"{name[0]}总"
    last = re.search(r"(总监|经理|主任|院长|科长|处长|老师|厂长|部长|工程师|医生)$", title)
    if last is None:
        return None
    return f"{name[0]}{'工' if last[1] == '工程师' else last[1]}"


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Latin names end where a letter or digit does not go on: ABB is not meant by ABBOTT."""
    return not (_joined(text, start) or _joined(text, end))


def _joined(text: str, at: int) -> bool:
    return 0 < at < len(text) and all(one.isascii() and one.isalnum() for one in text[at - 1 : at + 1])


def _one_off(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    short, long = sorted((one, other), key=len)
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def unique(matches: Sequence[Match]) -> tuple[AccountName, ...]:
    """The accounts meant: those of a name if any name was said, otherwise those of the contacts."""
    named = [match for match in matches if match.by == "name"] or list(matches)
    return tuple({account.id: account for match in named for account in match.accounts}.values())


def accounts_named(directory: Sequence[AccountName], words: str) -> tuple[AccountName, ...]:
    """The accounts that an account id or a company's name means, contacts left aside; several where it is ambiguous."""
    if known := next((account for account in directory if account.id == words), None):
        return (known,)
    return unique(NameIndex(directory).find(words, frozenset()))
