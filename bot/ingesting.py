"""What people bring as files: who may, whose customer's paper it is, and what became of it, in words for them."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Protocol, cast

import structlog
from sqlmodel import Session

from bot import journal, people
from bot.channels import Channel, ChannelRefused, Downloads, FileSent
from bot.customers import Directory, sight
from bot.deliveries import outcome_of
from bot.desk import Desk
from bot.errors import InvalidInput
from bot.people import Person, Role
from bot.reading_rights import called, marked, reader_of
from bot.tables import DeliveryRow
from crm_bridge import AccountName
from knowledge import EVERYONE, KEEPER, Added, AddOutcome, DocumentKind, Reader
from prompts import phrase

log = structlog.get_logger()
MAY_BRING = frozenset({Role.MANAGER, Role.TRAINER, Role.ADMIN})
SEES_ALL = frozenset({Role.TRAINER, Role.ADMIN})
"""Roles that may file a paper under any customer; managers under their team's."""
LARGEST = 20 * 1024 * 1024
"""Bytes of a file out of a chat; WeCom keeps none that are larger."""
LONGEST_NAME = 120


class Shelf(Protocol):
    """Where documents are kept (`knowledge.Library`). Blocks: call in a thread."""

    def add(
        self,
        path: Path,
        *,
        name: str | None = None,
        kind: DocumentKind | str | None = None,
        customer: str | None = None,
        owner: str | None = None,
        visibility: str | None = None,
        reader: Reader = KEEPER,
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> Added: ...


@dataclass(frozen=True)
class SentFiles:
    """Works `FileSent` deliveries. A platform that is busy is asked again later, by the worker."""

    desk: Desk
    shelf: Shelf
    channels: Mapping[str, Channel]

    async def work(self, rows: Sequence[DeliveryRow]) -> None:
        row, sent = rows[0], outcome_of(rows[0])
        assert isinstance(sent, FileSent)
        known = await self.desk.store.read(lambda session: _look(session, row, sent))
        if known.person is None:
            words = phrase("stranger", admins=known.admins, address=sent.sender)
            await self.desk.answer(rows[:1], sent.sender, words)
        elif known.person.role not in MAY_BRING:
            whom = "或".join(name for name in (known.manager, known.admins) if name)
            await self.desk.answer(rows[:1], sent.sender, phrase("file_not_yours", whom=whom))
        else:
            await self._take(row, sent, known.person, known.may_see)

    async def _take(
        self, row: DeliveryRow, sent: FileSent, person: Person, may_see: Callable[[str], bool]
    ) -> None:
        channel = cast(Downloads, self.channels.get(row.channel))
        if not hasattr(channel, "download"):
            await self.desk.answer([row], sent.sender, phrase("unsupported_file"))
            return
        try:
            got = await channel.download(sent.ref, LARGEST)
        except ChannelRefused as refused:
            log.warning("file_not_fetched", key=row.key, code=refused.code, reason=str(refused))
            await self.desk.answer([row], sent.sender, _not_fetched(sent, refused))
            return
        name, visibility, unclear = _marked(safe_name(sent.name or got.name), person)
        owner, trouble = whose(await self.desk.customers.of(person, may_see), name)
        trouble = unclear or trouble
        if trouble:
            await self.desk.answer(
                [row], sent.sender, phrase("file_refused", file=name or "?", reason=trouble)
            )
            return
        customer = owner.id if owner else None
        added = await asyncio.to_thread(
            take_in,
            self.shelf,
            name,
            got.content,
            customer=customer,
            owner=person.id,
            visibility=visibility,
            reader=reader_of(person),
        )
        log.info("file_brought", key=row.key, by=person.id, outcome=added.outcome.value, detail=added.detail)
        await self._answer(row, sent, person, added, owner)

    async def _answer(
        self, row: DeliveryRow, sent: FileSent, person: Person, added: Added, owner: AccountName | None
    ) -> None:
        def save(session: Session) -> None:
            note(session, added, person.id, self.desk.clock())
            who = called(added.visibility, people.everyone(session))
            self.desk.say(session, row, sent.sender, told(added, owner, who))
            self.desk.finish(session, [row])

        await self.desk.store.write(save)


@dataclass(frozen=True)
class Known:
    """Who sent it, whose customers they may file for, and the names of those to ask instead."""

    person: Person | None
    may_see: Callable[[str], bool]
    manager: str
    admins: str


def _look(session: Session, row: DeliveryRow, sent: FileSent) -> Known:
    person = people.by_address(session, row.channel, sent.sender)
    sees = sight(session, person) if person else lambda owner: False
    all_of_them = person is not None and person.role in SEES_ALL
    return Known(
        person,
        lambda owner: all_of_them or sees(owner),
        people.name_of(session, person.manager) if person and person.manager else "",
        "、".join(one.name for one in people.admins(session)) or "管理员",
    )


def whose(directory: Directory, name: str) -> tuple[AccountName | None, str]:
    """The customer that a file's or folder's name speaks of, and why that cannot be one. Both empty: everybody's."""
    meant = directory.meant(name)
    if meant.choices:
        return None, phrase("file_which_customer", choices="、".join(one.name for one in meant.choices[:5]))
    if meant.forbidden:
        return None, phrase("file_not_your_customer", customer=meant.forbidden.name)
    return meant.account, ""


def take_in(
    shelf: Shelf,
    name: str,
    content: bytes,
    *,
    kind: DocumentKind | str | None = None,
    customer: str | None = None,
    owner: str | None = None,
    visibility: str | None = None,
    reader: Reader = KEEPER,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Added:
    """A file that came as bytes: out of a chat, or uploaded in the console. Blocks: call in a thread.

    Whatever cannot be taken in is an outcome with its reason, never an exception.
    """
    name = safe_name(name) or "file"
    if len(content) > LARGEST:
        detail = f"{len(content)} bytes, at most {LARGEST} are taken"
        return Added(AddOutcome.REFUSED, name, phrase("file_too_large"), detail, customer=customer)
    with tempfile.TemporaryDirectory(prefix="yiju-file-") as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return shelf.add(
            path,
            kind=kind,
            customer=customer,
            owner=owner,
            visibility=visibility,
            reader=reader,
            valid_from=valid_from,
            valid_until=valid_until,
        )


def _marked(name: str, person: Person) -> tuple[str, str | None, str]:
    """`marked`, or why the mark cannot be meant."""
    try:
        return *marked(name, person), ""
    except InvalidInput as unclear:
        return name, None, str(unclear)


def told(added: Added, owner: AccountName | None, who: str = "") -> str:
    """What became of a file, for the person who brought it. `who`: who may read it, where that is not everyone."""
    if added.outcome is AddOutcome.REFUSED:
        return phrase("file_refused", file=added.file, reason=added.reason)
    missing = phrase("file_left_out", what=";".join(added.left_out)) if added.left_out else ""
    whom = phrase("file_for_one", customer=owner.name) if owner else phrase("file_for_all")
    return phrase(
        "file_taken",
        title=added.title,
        version=added.version,
        passages=added.passages,
        reason=added.reason,
        whom=whom,
        who="" if added.visibility == EVERYONE else phrase("file_read_by", who=who),
        missing=missing,
    )


def note(session: Session, added: Added, who: str, now: datetime) -> None:
    """A line in the journal for every document that came in or changed."""
    if added.outcome in {AddOutcome.ADDED, AddOutcome.REPLACED}:
        body = {
            "title": added.title,
            "version": added.version,
            "kind": added.kind,
            "customer": added.customer,
            "passages": added.passages,
            "visibility": added.visibility,
            **({"left_out": list(added.left_out)} if added.left_out else {}),
        }
        journal.append(
            session,
            who=who,
            what="DocumentAdded",
            subject=added.document_id or "",
            at=now,
            body=body,
        )


def safe_name(name: str) -> str:
    """A name that is one file in one folder: no path, nothing invisible, not hidden, not endless; its ending is kept."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(char for char in plain if char.isprintable())
    plain = re.sub(r'[<>:"|?*]', "_", plain).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        return plain[:LONGEST_NAME]
    return f"{stem[:LONGEST_NAME]}.{suffix[:10]}"


def _not_fetched(sent: FileSent, refused: ChannelRefused) -> str:
    reasons = {"too_large": "file_too_large", "gone": "file_gone"}
    reason = phrase(reasons.get(refused.code, "file_not_fetched"))
    return phrase("file_refused", file=safe_name(sent.name) or "?", reason=reason)
