"""Which documents somebody may see in the console: a manager's team has its customers, and not everything is for all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.console.frame import Console
from bot.customers import sight
from bot.errors import NotFound
from bot.people import Person
from bot.reading_rights import KEEPERS, reader_of
from crm_bridge import AccountName, CrmUnavailable
from knowledge import DocumentInfo, Passage, Reader, Wanted

MISSING = "没有这份资料,它可能已经删除。"


@dataclass(frozen=True)
class DocumentSight:
    """One person's, for one page or one act."""

    person: Person
    reader: Reader
    customers: tuple[AccountName, ...]
    """Whose papers they may see, by name; none while the CRM sleeps."""

    def wanted(self, words: str = "") -> Wanted:
        return Wanted(words, self.reader, None if self._all else frozenset(one.id for one in self.customers))

    def may_see(self, one: DocumentInfo | Passage) -> bool:
        theirs = one.customer is None or self._all or self.knows(one.customer)
        return theirs and self.reader.may_read(one.visibility)

    def knows(self, customer: str) -> bool:
        return any(one.id == customer for one in self.customers)

    def name_of(self, customer: str) -> str:
        return next((one.name for one in self.customers if one.id == customer), customer)

    @property
    def _all(self) -> bool:
        """Also papers of customers that the CRM does not know."""
        return self.person.role in KEEPERS


async def sight_of(console: Console, person: Person) -> DocumentSight:
    theirs = await console.read(lambda session: sight(session, person))
    keeps = person.role in KEEPERS
    found = [one for one in await customers(console) if keeps or theirs(one.owner)]
    return DocumentSight(person, reader_of(person), tuple(found))


async def customers(console: Console) -> list[AccountName]:
    """By name; none while the CRM sleeps."""
    try:
        return sorted(await console.parts.crm.directory(), key=lambda one: one.name)
    except CrmUnavailable:
        return []


async def document_of(console: Console, seen: DocumentSight, document: str) -> DocumentInfo:
    """Raises `NotFound` for what they may not see, as for what there is not."""
    found = await asyncio.to_thread(console.parts.library.document, document)
    if found is None or not seen.may_see(found):
        raise NotFound(MISSING)
    return found
